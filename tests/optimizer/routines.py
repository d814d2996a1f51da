"""Meta-tools by hand, in one line each."""

from __future__ import annotations

from langchain_awo.model.ir.binding import Item, Output, Parameter
from langchain_awo.model.ir.metatool import Map, MetaTool, ParameterSpec, Step
from langchain_awo.model.views.notation import format_meta_tool
from langchain_awo.optimizer.log.effect_names import guess_effect
from langchain_awo.optimizer.pipeline import Options, compile_corpus
from langchain_awo.optimizer.replay.counterfactual import replay
from tests.optimizer.notation import corpus_of


def step(tool, source, **more):
    """A call with one argument `id`: a parameter (`$name`) or a place (`#1/path`)."""
    if source.startswith("$"):
        binding = Parameter(name=source[1:])
    else:
        number, _, path = source[1:].partition("/")
        binding = Output(step=int(number), path=f"/{path}" if path else "")
    return Step(tool=tool, args={"id": binding}, effect=guess_effect(tool), **more)


def each(tool, source, *, limit=20):
    """A call for each item of a place."""
    mapped = step(tool, source)
    return Step(
        tool=tool,
        args={"id": Item()},
        over=Map(source=mapped.args["id"], limit=limit),
        effect=mapped.effect,
    )


def routine(*steps):
    names = {b.name for s in steps for b in s.bindings if isinstance(b, Parameter)}
    return MetaTool(
        name="routine",
        description="",
        steps=steps,
        parameters=tuple(ParameterSpec(name=name) for name in sorted(names)),
    )


def chooser(meta_tool, runs):
    """What one meta-tool saves an agent that picks it whenever it helps."""
    return replay([meta_tool], corpus_of(runs)).chooser


def compiled(runs, **options):
    """What is compiled from some runs, as text."""
    meta_tools, _ = compile_corpus(corpus_of(runs), Options(**options))
    return "\n".join(map(format_meta_tool, meta_tools))
