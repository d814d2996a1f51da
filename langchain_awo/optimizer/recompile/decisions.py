"""What a new toolkit takes over of what people decided about a former one.

Routines are matched by what they do, then by their sequence of calls, never by name alone. Whatever was accepted and does
something else now keeps its decision with the old digest, and so asks again.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Final

from langchain_awo.errors import DecisionError
from langchain_awo.model.ir.metatool import MetaTool, Refused, ToolkitPlan
from langchain_awo.model.ir.reviewing import change_mode, explain_withholding, get_standing
from langchain_awo.model.ir.rewording import weigh_words
from langchain_awo.model.ir.sameness import fingerprint_routine, list_calls
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.optimizer.mining.verify import build_refusal

REJECTED: Final = "rejected"
"""Code of the refusal of a routine that a person rejected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What became of decisions, by the names of the meta-tools now.

    Attributes:
        kept: decided about before, and the decision holds.
        asking: accepted before, and they do something else now.
        left_out: rejected before, and left out for that reason.
        gone: decided about before, and not in the new toolkit, by their former names.
        renamed: the name that a person gave in place of the one that was generated, by the latter.
        waiting: not installed until a person decides.
    """

    kept: tuple[str, ...] = ()
    asking: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    waiting: tuple[str, ...] = ()

    def as_json(self) -> dict[str, JSONValue]:
        """Plain data, as the command line prints it."""
        return {
            "kept": list(self.kept),
            "asking": list(self.asking),
            "left_out": list(self.left_out),
            "gone": list(self.gone),
            "renamed": dict(self.renamed),
            "waiting": list(self.waiting),
        }

    def __str__(self) -> str:
        return "\n".join(_format_lines(self))


def refuse_rejected(candidates: Iterable[MetaTool], rejected: Sequence[MetaTool]) -> dict[int, Refused]:
    """The candidates that a person rejected, by position: they make the same calls."""
    if not rejected:
        return {}
    known = {list_calls(each): each for each in reversed(rejected)}
    found = {i: (each, known.get(list_calls(each))) for i, each in enumerate(candidates)}
    return {i: _refuse_candidate(each, old) for i, (each, old) in found.items() if old is not None}


def carry_over(plan: ToolkitPlan, former: ToolkitPlan) -> tuple[ToolkitPlan, Carried]:
    """The plan with the decisions of a former one, and what became of them.

    Args:
        plan: compiled anew.
        former: the plan that people decided about.
    """
    out = refuse_rejected(plan.meta_tools, former.rejected)
    new = [each for i, each in enumerate(plan.meta_tools) if i not in out]
    pairs = _pair_former(new, former.meta_tools)
    decided = [_carry_decision(each, pairs.get(i)) for i, each in enumerate(new)]
    named = _assign_names(decided, {each.name for each in former.rejected} | plan.tools.keys())
    named = [weigh_words(each, old, plan.corpus) for each, old in zip(named, new, strict=True)]
    tools = {name: former.tools[name] for each in former.rejected for name in each.tools} | plan.tools
    result = replace(
        plan,
        meta_tools=tuple(named),
        rejected=former.rejected,
        refused=_merge_refused(plan.refused, out.values()),
        tools=dict(sorted(tools.items())),
    )
    return result, _summarize_carried(result, former, [(old, new[i], named[i]) for i, old in pairs.items()])


def _refuse_candidate(candidate: MetaTool, rejected: MetaTool) -> Refused:
    said = rejected.decision.reason if rejected.decision else ""
    reason = f"a person rejected it under the name {rejected.name}" + (f": {said}" if said else "")
    return build_refusal(candidate, REJECTED, reason, candidate.evidence.occurrences)


def _merge_refused(refused: Sequence[Refused], more: Iterable[Refused]) -> tuple[Refused, ...]:
    found = [*refused, *more]
    return tuple(sorted(found, key=lambda each: (each.routine, each.code, each.reason)))


def _pair_former(new: Sequence[MetaTool], former: Sequence[MetaTool]) -> dict[int, MetaTool]:
    """The former meta-tool that each one stands for, by position, each once, the nearest first."""
    pairs: dict[int, MetaTool] = {}
    left = list(former)
    for alike in (fingerprint_routine, _fingerprint_unlimited, list_calls):
        known = {alike(each): each for each in reversed(left)}
        for i, each in enumerate(new):
            if i not in pairs and (old := known.pop(alike(each), None)) is not None:
                pairs[i] = old
        left = [each for each in left if not any(each is old for old in pairs.values())]
    return dict(sorted(pairs.items()))


def _fingerprint_unlimited(meta_tool: MetaTool) -> str:
    return fingerprint_routine(meta_tool, limits=False)


def _carry_decision(meta_tool: MetaTool, former: MetaTool | None) -> MetaTool:
    """With the decision about its former self, and whatever a person chose of it."""
    if former is None:
        return meta_tool
    chosen = {name: getattr(former, name) for name in former.chosen if name != "mode"}
    approval = tuple(tool for tool in meta_tool.tools if tool in former.approval)
    found = replace(meta_tool, **chosen, decision=former.decision, chosen=former.chosen, approval=approval)
    return _restore_mode(found, former) if "mode" in former.chosen else found


def _restore_mode(meta_tool: MetaTool, former: MetaTool) -> MetaTool:
    """In the chosen mode, unless it can no longer be installed so."""
    try:
        return change_mode(meta_tool, former.mode)
    except DecisionError:
        return replace(meta_tool, chosen=tuple(each for each in meta_tool.chosen if each != "mode"))


def _assign_names(meta_tools: Sequence[MetaTool], taken: Container[str]) -> list[MetaTool]:
    """Names that a person gave come first; a generated one that is taken is numbered."""
    given = {each.name for each in meta_tools if "name" in each.chosen}
    used: set[str] = set()
    named = []
    for each in meta_tools:
        is_given = "name" in each.chosen and each.name not in used
        names = iter([each.name]) if is_given else _generate_names(each.name)
        blocked = used if is_given else used | given
        name = next(name for name in names if name not in blocked and (is_given or name not in taken))
        used.add(name)
        named.append(replace(each, name=name))
    return named


def _generate_names(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}_{number}" for number in count(2))


def _summarize_carried(
    plan: ToolkitPlan, former: ToolkitPlan, pairs: Sequence[tuple[MetaTool, MetaTool, MetaTool]]
) -> Carried:
    decided = [now for old, _, now in pairs if old.decision is not None]
    paired = {old.name for old, _, _ in pairs}
    return Carried(
        kept=tuple(each.name for each in decided if get_standing(each) != "changed"),
        asking=tuple(each.name for each in decided if get_standing(each) == "changed"),
        left_out=tuple(each.name for each in former.rejected),
        gone=tuple(each.name for each in former.meta_tools if each.decision and each.name not in paired),
        renamed=tuple(
            (new.name, now.name) for old, new, now in pairs if "name" in old.chosen and new.name != now.name
        ),
        waiting=tuple(each.name for each in plan.meta_tools if explain_withholding(each)),
    )


def _format_lines(carried: Carried) -> Iterator[str]:
    told = {
        "decisions kept": carried.kept,
        "needs a new decision: it has changed since it was accepted": carried.asking,
        "rejected before, left out": carried.left_out,
        "decided before, but no longer found": carried.gone,
        "not accepted yet, so not installed": [
            each for each in carried.waiting if each not in carried.asking
        ],
    }
    yield from (f"{what}: {', '.join(names)}" for what, names in told.items() if names)
    yield from (f"called {now} as a person chose, not {was}" for was, now in carried.renamed)
