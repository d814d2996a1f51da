"""Refused candidates in the order in which a reader asks for them: grouped by routine, the nearest miss first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from langchain_awo.model.ir.metatool import Refused
from langchain_awo.model.text.visible import make_visible_line


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutineRefusals:
    """What was refused of the routines that begin with one tool, the nearest miss first."""

    anchor: str
    refused: tuple[Refused, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """Candidates that add too little beside one meta-tool, the nearest miss first."""

    meta_tool: str
    refused: tuple[Refused, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptOut:
    """Tools that no routine may call for one reason, those that are called most first."""

    reason: str
    refused: tuple[Refused, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """All refusals of a plan.

    Attributes:
        routines: near misses, that of the nearest first.
        covered: by the meta-tool that already does what they would.
        kept_out: tools, by the reason that keeps them out.
    """

    routines: tuple[RoutineRefusals, ...]
    covered: tuple[Covered, ...]
    kept_out: tuple[KeptOut, ...]


def group_refusals(refused: Iterable[Refused]) -> Refusals:
    """Groups refusals; their order does not matter."""
    routines, covered, kept_out = defaultdict(list), defaultdict(list), defaultdict(list)
    found = sorted(refused, key=_rank_nearness)
    told = {(each.routine[-1], each.code) for each in found if len(each.routine) > 1}
    for each in found:
        if each.covered_by:
            covered[each.covered_by].append(each)
        elif len(each.routine) == 1 and (each.routine[0], each.code) in told:
            continue  # a routine that ends with the tool says the same
        elif len(each.routine) == 1:
            kept_out[each.reason].append(each)
        else:
            routines[each.routine[0].removesuffix("*")].append(each)
    by_use = {
        reason: sorted(tools, key=lambda each: (-each.occurrences, each.routine))
        for reason, tools in kept_out.items()
    }
    return Refusals(
        routines=tuple(
            RoutineRefusals(anchor=anchor, refused=tuple(near)) for anchor, near in routines.items()
        ),
        covered=tuple(Covered(meta_tool=name, refused=tuple(less)) for name, less in covered.items()),
        kept_out=tuple(KeptOut(reason=reason, refused=tuple(tools)) for reason, tools in by_use.items()),
    )


def format_refusals(refused: Iterable[Refused]) -> str:
    """All refusals as text: a line for each routine and an indented one with the reason, a blank line between groups."""
    return "\n\n".join(
        "\n".join(map(make_visible_line, block)) for block in _format_blocks(group_refusals(refused))
    )


def _format_blocks(refusals: Refusals) -> Iterator[list[str]]:
    for group in refusals.routines:
        yield [line for each in group.refused for line in (" > ".join(each.routine), f"    {each.reason}")]
    for covered in refusals.covered:
        routines = [f"    {' > '.join(each.routine)}" for each in covered.refused]
        yield [f"covered by {covered.meta_tool}:", *routines]
    for kept_out in refusals.kept_out:
        tools = (
            f"{' > '.join(each.routine)} ({_format_calls(each.occurrences)})" for each in kept_out.refused
        )
        yield [f"in no routine: {', '.join(tools)}", f"    {kept_out.reason}"]


def _format_calls(number: int) -> str:
    return f"{number:,} {'call' if number == 1 else 'calls'}"


def _rank_nearness(refused: Refused) -> tuple[float, int, tuple[str, ...], str]:
    return (-refused.nearness, -refused.occurrences, refused.routine, refused.code)
