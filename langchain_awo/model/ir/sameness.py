"""When two meta-tools do the same, whatever they and their parameters are called and whatever is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from langchain_awo.model.ir.binding import Binding, Parameter, list_leaves, rename
from langchain_awo.model.ir.metatool import GuardEvidence, MetaTool, Step
from langchain_awo.model.ir.schema import get_adapter
from langchain_awo.model.text.encoding import compute_digest, dumps, to_json


def fingerprint_routine(meta_tool: MetaTool, *, limits: bool = True) -> str:
    """Equal for meta-tools that do the same, whatever is known of it and however the parameters are called.

    Args:
        limits: whether a list that is followed further is another thing to do.
    """
    steps = [replace(step, never_empty=False) for step in _number_parameters(meta_tool).steps]
    return dumps(
        [get_adapter(Step).dump_python(_strip_step(step, limits=limits), mode="json") for step in steps]
    )


def digest_routine(meta_tool: MetaTool) -> str:
    """Digest of all that a person who accepts a meta-tool agrees to.

    Counted are its steps in order with their bindings, guards, bounds and effects, when an empty output stops it, and which
    parameters a caller must give. Names, words, evidence, the mode, and what a model is shown of outputs are not.
    """
    numbered = _number_parameters(meta_tool)
    steps = to_json(
        [get_adapter(Step).dump_python(_strip_step(step)) for step in numbered.steps]
    )  # as a file holds them
    return compute_digest([steps, sorted(spec.name for spec in numbered.parameters if spec.required)])


def list_calls(meta_tool: MetaTool) -> tuple[tuple[str, bool], ...]:
    """The sequence of calls: each step's tool, and whether it is called once for each item of a list."""
    return tuple((step.tool, step.over is not None) for step in meta_tool.steps)


def uses_of(meta_tool: MetaTool) -> dict[str, list[tuple[str, str]]]:
    """The parameters in the order of their first use, with what each is for: tool and argument."""
    uses: dict[str, list[tuple[str, str]]] = {}
    for step in meta_tool.steps:
        kept = step.over and step.over.filter
        places = {
            "over": step.over and step.over.source,
            "filter": kept and kept.named,
            "guard": step.guard and step.guard.source,
        }
        for place, binding in [*sorted(step.args.items()), *places.items()]:
            for leaf in list_leaves(binding) if binding else ():
                if isinstance(leaf, Parameter):
                    uses.setdefault(leaf.name, []).append((step.tool, f"{place}{leaf.path}"))
    return uses


def rename_parameters(meta_tool: MetaTool, names: Mapping[str, str]) -> MetaTool:
    """The same meta-tool with other names of parameters; those that are not in `names` keep theirs."""
    parameters = tuple(replace(spec, name=names.get(spec.name, spec.name)) for spec in meta_tool.parameters)
    steps = tuple(_rename_step(step, names) for step in meta_tool.steps)
    return replace(meta_tool, steps=steps, parameters=parameters)


def _number_parameters(meta_tool: MetaTool) -> MetaTool:
    return rename_parameters(
        meta_tool, {name: f"p{number}" for number, name in enumerate(uses_of(meta_tool))}
    )


def _strip_step(step: Step, *, limits: bool = True) -> Step:
    """A step without what is only known of it, and without what only decides who is shown or who asks."""
    over = step.over if limits or step.over is None else replace(step.over, limit=0)
    guard = step.guard and replace(step.guard, evidence=GuardEvidence())
    optional = tuple(sorted(step.optional))
    return replace(step, over=over, guard=guard, optional=optional, eager=False, evidence={}, hide={})


def _rename_step(step: Step, names: Mapping[str, str]) -> Step:
    args: dict[str, Binding] = {name: rename(binding, names) for name, binding in step.args.items()}
    over = step.over and step.over.mapped(lambda source: rename(source, names))
    guard = step.guard and step.guard.mapped(lambda source: rename(source, names))
    return replace(step, args=args, over=over, guard=guard)
