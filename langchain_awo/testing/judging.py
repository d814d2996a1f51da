"""Holds the bindings of meta-tools against the truth of a generated world."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from langchain_awo.model.ir.binding import (
    Argument,
    Binding,
    Constant,
    Item,
    ListOf,
    ObjectOf,
    Output,
    Parameter,
    Template,
    Transform,
)
from langchain_awo.model.ir.metatool import MetaTool, Step
from langchain_awo.model.ir.pointer import split, unescape
from langchain_awo.model.views.notation import format_binding
from langchain_awo.testing.worlds import Fixed, From, Made, Said, Same, Source, ToolWorld


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What was claimed and what is true.

    Attributes:
        right: distinct claims about an argument that are true.
        wrong: distinct claims that are not, each as text.
        found: arguments whose flow was claimed rightly at least once, as (tool, argument).
        flowing: all arguments that flow from somewhere or are fixed, as (tool, argument).
    """

    right: int
    wrong: tuple[str, ...]
    found: frozenset[tuple[str, str]]
    flowing: frozenset[tuple[str, str]]

    @property
    def precision(self) -> float:
        """Share of the claims that are true; 1 if nothing was claimed."""
        claims = self.right + len(self.wrong)
        return self.right / claims if claims else 1.0

    @property
    def recall(self) -> float:
        """Share of the flowing arguments that were found; 1 if there are none."""
        return len(self.found) / len(self.flowing) if self.flowing else 1.0


def judge(world: ToolWorld, meta_tools: Iterable[MetaTool]) -> Judgement:
    """Every binding of some meta-tools that is not left to the caller, against the truth.

    A place that only echoes another is as true as that other one, and where a tool is called for each item, each of its
    calls is as true as any. Parameters claim nothing: an argument that is left open costs recall, never precision.
    """
    right: set[tuple[str, ...]] = set()
    wrong: set[str] = set()
    found: set[tuple[str, str]] = set()
    for meta_tool in meta_tools:
        for step in meta_tool.steps:
            for argument, binding in _iterate_members(step.args):
                truth = _find_truth(world, step.tool, argument)
                for source in _find_claims(binding, step, meta_tool):
                    origin = world.origin(source)
                    if origin == truth:
                        right.add((step.tool, argument, *origin))
                        found.add((step.tool, argument))
                    else:
                        shown = format_binding(binding, step)
                        wrong.add(f"{meta_tool.steps[0].tool}: {step.tool}({argument}={shown}) is {truth}")
    flowing = frozenset(
        (tool.name, flow.argument)
        for tool in world.tools
        for flow in tool.flows
        if not isinstance(flow.source, Said)
    )
    return Judgement(
        right=len(right), wrong=tuple(sorted(wrong)), found=frozenset(found) & flowing, flowing=flowing
    )


def _iterate_members(args: Mapping[str, Binding], above: str = "") -> Iterator[tuple[str, Binding]]:
    """Each argument, or each member of it that is bound by itself, as `name/member`."""
    for name, binding in args.items():
        match binding:
            case ObjectOf(members=members):
                yield from _iterate_members(members, f"{above}{name}/")
            case ListOf(elements=elements):
                yield from _iterate_members(
                    {str(i): each for i, each in enumerate(elements)}, f"{above}{name}/"
                )
            case Constant(value=dict() as value):
                yield from _iterate_members(
                    {key: Constant(value=each) for key, each in value.items()}, f"{above}{name}/"
                )
            case Constant(value=list() as value):
                constants = {str(i): Constant(value=each) for i, each in enumerate(value)}
                yield from _iterate_members(constants, f"{above}{name}/")
            case _:
                yield f"{above}{name}", binding


def _find_truth(world: ToolWorld, tool: str, argument: str) -> tuple[str, ...]:
    known = {each.name: each for each in world.tools}
    flows = known[tool].flows if tool in known else ()
    for flow in flows:
        if flow.argument == argument:
            return world.origin(flow.source, tool=tool, argument=argument)
    return ("nowhere", tool, argument)


def _find_claims(binding: Binding, step: Step, meta_tool: MetaTool) -> Iterator[Source]:
    """What a binding says about where a value comes from."""
    match binding:
        case Constant(value=value):
            yield Fixed(value)
        case Output(step=number, path=path):
            yield _locate_output(meta_tool.steps[number - 1], path)
        case Argument(step=number, path=path):
            yield Same(meta_tool.steps[number - 1].tool, "/".join(map(unescape, split(path))))
        case Item(path=path):
            over = step.over.source if step.over else None
            if isinstance(over, Output):
                yield _locate_output(meta_tool.steps[over.step - 1], over.path + path)
        case Template(prefix=prefix, source=source, suffix=suffix):
            yield from _find_made(source, ("template", prefix, suffix), step, meta_tool)
        case Transform(name="to_number" | "to_text", source=source):
            yield from _find_claims(source, step, meta_tool)  # a world does not tell a number from its text
        case Transform(name=name, source=source, option=option):
            yield from _find_made(source, (name, option), step, meta_tool)
        case ObjectOf() | ListOf():
            return  # its members are claims of their own
        case Parameter():
            return


def _find_made(binding: Binding, how: tuple[str, ...], step: Step, meta_tool: MetaTool) -> Iterator[Source]:
    for source in _find_claims(binding, step, meta_tool):
        if isinstance(source, From | Same):
            yield Made(source, how)


def _locate_output(step: Step, path: str) -> From:
    """A place inside the output of one call: which of a mapped step's calls it was is left out."""
    return From(step.tool, "".join(f"/{each}" for each in split(path)[1:]) if step.over else path)
