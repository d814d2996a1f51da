"""What an earlier toolkit holds that must not be lost when another is written over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from langchain_awo.cli.terminal import format_count
from langchain_awo.errors import PlanError, SealError
from langchain_awo.model.text.phrasing import join_words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from langchain_awo.model.ir.metatool import ToolkitPlan


def read_earlier(output: Path) -> ToolkitPlan:
    """The toolkit that is about to be overwritten; an empty one if there is none.

    Raises:
        PlanError: it cannot be read, and would be lost with all that was decided in it.
        SealError: it was edited since it was sealed, and so would its decisions be.
    """
    from langchain_awo.model.ir.metatool import ToolkitPlan
    from langchain_awo.model.ir.reviewing import list_decidable
    from langchain_awo.plan_file import read_plan_file

    if not output.exists() or output.stat().st_size == 0:
        return ToolkitPlan()
    try:
        file = read_plan_file(output)
    except SealError:
        raise
    except PlanError as error:
        raise PlanError(
            f"{error}\nNothing is written over it, as what was decided in it would be lost; {_name_ways(output)}"
        ) from error
    if any(each.decision or each.chosen for each in list_decidable(file.plan)):
        file.check()
    return file.plan


def ensure_kept(new: ToolkitPlan, former: ToolkitPlan, output: Path, *, unknown: Sequence[str] = ()) -> None:
    """Makes sure that no toolkit is written over one of which it keeps nothing.

    Args:
        new: what is about to be written to `output`.
        former: what is there now.
        unknown: tools of which nobody says what they do; no routine calls them for that reason alone.

    Raises:
        PlanError: the new toolkit has no meta-tool and the former has some, or none is left of those that were accepted.
    """
    if lost := _explain_loss(new, former):
        raise PlanError(f"{output} is left as it is: {lost}. {_suggest_fix(output, unknown)}")


def _explain_loss(new: ToolkitPlan, former: ToolkitPlan) -> str:
    if former.meta_tools and not new.meta_tools:
        return f"it has {format_count(len(former.meta_tools), 'meta-tool')}, and the new toolkit has none"
    accepted, still = _list_accepted(former), _list_accepted(new)
    if accepted and not still:
        return f"people accepted {join_words(accepted)}, and the new toolkit has nothing of that"
    return ""


def _list_accepted(plan: ToolkitPlan) -> list[str]:
    """The meta-tools that were accepted, as they are now or as they were."""
    return [each.name for each in plan.meta_tools if each.decision and each.decision.verdict == "accepted"]


def _suggest_fix(output: Path, unknown: Sequence[str]) -> str:
    ways = _name_ways(output)
    if not unknown:
        return f"{ways[0].upper()}{ways[1:]}"
    said = f"--effect {unknown[0]}=read" if len(unknown) == 1 else f"--effect {unknown[0]}=read and the like"
    return f"Nobody says what {join_words(unknown)} do: if they only read, add {said}. Or {ways}"


def _name_ways(output: Path) -> str:
    return f"write elsewhere with --output, or move {output} away first"
