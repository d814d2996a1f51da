"""Meta-tools as the page shows them: notation, evidence for each binding, and the picture of their data flow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from langchain_awo.model.ir.metatool import BindingEvidence, MetaTool, Step
from langchain_awo.model.ir.pointer import unescape
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.views.notation import (
    format_binding,
    format_meta_tool,
    format_step,
    format_step_comment,
)
from langchain_awo.reporting.flow import draw_flow
from langchain_awo.reporting.flow_shapes import FlowPicture

_EFFECTS: Final = {
    Effect.READ: "reads only",
    Effect.IDEMPOTENT: "writes, idempotent",
    Effect.WRITE: "writes",
    Effect.UNKNOWN: "unknown effect",
    Effect.DESTRUCTIVE: "destructive",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundArgument:
    """An argument of a step, where it comes from, and how often that was right."""

    step: int
    tool: str
    argument: str
    binding: str
    evidence: BindingEvidence


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMetaTool:
    """What the page says of a meta-tool.

    Attributes:
        signature: the parameters in brackets.
        steps: calls in notation, and what is said of each.
        summary: the first line of the description.
    """

    meta_tool: MetaTool
    signature: str
    steps: tuple[tuple[str, str], ...]
    notation: str
    summary: str
    effect: str
    flow: FlowPicture
    arguments: tuple[BoundArgument, ...]


def describe_meta_tool(meta_tool: MetaTool) -> ShownMetaTool:
    """Everything the page says of a meta-tool."""
    names = ", ".join(spec.name if spec.required else f"{spec.name}?" for spec in meta_tool.parameters)
    return ShownMetaTool(
        meta_tool=meta_tool,
        signature=f"({names})",
        steps=tuple((format_step(step), format_step_comment(step)) for step in meta_tool.steps),
        notation=format_meta_tool(meta_tool),
        summary=meta_tool.description.split("\n", 1)[0],
        effect=_EFFECTS[meta_tool.effect],
        flow=draw_flow(meta_tool),
        arguments=tuple(
            each
            for number, step in enumerate(meta_tool.steps, start=1)
            for each in _tabulate_arguments(number, step)
        ),
    )


def _tabulate_arguments(number: int, step: Step) -> Iterator[BoundArgument]:
    """One row for each argument; the evidence of places inside an argument counts for the argument."""
    for name, binding in step.args.items():
        found = [each for pointer, each in step.evidence.items() if _get_argument(pointer) == name]
        yield BoundArgument(
            step=number,
            tool=step.tool,
            argument=name,
            binding=format_binding(binding, step),
            evidence=BindingEvidence(
                agree=min((each.agree for each in found), default=0),
                contradict=max((each.contradict for each in found), default=0),
                held_out_agree=min((each.held_out_agree for each in found), default=0),
                held_out_contradict=max((each.held_out_contradict for each in found), default=0),
            ),
        )


def _get_argument(pointer: str) -> str:
    return unescape(pointer.removeprefix("/").split("/", 1)[0])
