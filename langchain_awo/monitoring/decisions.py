"""What to do: keep, wait, compile again, change the mode, reword, raise the threshold, or retire; each with its evidence.

Utilisation above one half keeps a meta-tool, and one that runs unasked is kept below it as long as it saves more than it costs for
certain: by that it was chosen. Else the cause is looked for in this order: the path mix changed, bindings
are violated more often, routines are handed back; then it is seldom chosen, and what helps depends on the mode. A member
whose schema changed comes before everything, because the meta-tool is not installed any more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import ceil
from typing import Final, Literal, TypeAlias

from langchain_awo.ledger.interval import Interval
from langchain_awo.model.ir.eager import select_eager_part
from langchain_awo.model.ir.metatool import Mode
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.monitoring.drift import Drift
from langchain_awo.monitoring.findings import Finding
from langchain_awo.monitoring.intervals import Share

Action: TypeAlias = Literal[
    "keep", "wait", "recompile", "change_mode", "reword", "raise_threshold", "retire", "adjust"
]
"""`adjust` is said of a toolkit some of whose meta-tools want a change that needs no new traces."""

Cause: TypeAlias = Literal[
    "none",
    "member_changed",
    "path_mix_changed",
    "bindings_violated",
    "handed_back",
    "seldom_chosen",
    "fetched_in_vain",
    "seldom_applies",
    "costs_more_than_it_saves",
    "too_little_data",
    "not_installed",
]

HALF: Final = 0.5
"""Utilisation above it keeps a meta-tool."""

ENOUGH: Final = 30
"""So many runs decide in any case; fewer do if the interval leaves one half out."""

RECHECK_DAYS: Final = 14
"""What is kept is looked at again after so many days."""

_MOST_DAYS: Final = 90
_HANDED_BACK: Final = 0.8
_SELDOM: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do about a meta-tool or a toolkit.

    Attributes:
        evidence: the figures it rests on, in sentences.
        until: the day by which to look again, `None` if the traces carry no times or something is to be done first.
        mode: the one to change to, else empty.
    """

    action: Action
    cause: Cause
    evidence: tuple[str, ...] = ()
    until: date | None = None
    mode: Mode | Literal[""] = ""

    @property
    def is_work(self) -> bool:
        """Whether somebody has to do something."""
        return self.action not in ("keep", "wait")

    def as_json(self) -> dict[str, JSONValue]:
        """Plain data."""
        return {
            "action": self.action,
            "cause": self.cause,
            "evidence": list(self.evidence),
            "until": self.until.isoformat() if self.until else None,
            "mode": self.mode,
        }


@dataclass(frozen=True, slots=True)
class Period:
    """First and last day of the runs; `None` where they carry no times."""

    first: date | None = None
    last: date | None = None

    def reach(self, moment: float | None) -> Period:
        """The period with a run that started at a moment, in seconds since the epoch; `None` if nobody knows."""
        if moment is None:
            return self
        day = datetime.fromtimestamp(moment, UTC).date()
        return Period(min(day, self.first or day), max(day, self.last or day))

    def after(self, days: float) -> date | None:
        """So many days after the last run, at most three months."""
        return self.last + timedelta(days=min(_MOST_DAYS, ceil(days))) if self.last else None

    def until_there_are(self, wanted: int, have: int) -> date | None:
        """The day by which there will be so many, if they come as often as so far."""
        if self.first is None or self.last is None:
            return None
        days = (self.last - self.first).days + 1
        return self.after(max(1, (wanted - have) * days / have) if have else _MOST_DAYS)


def decide(found: Finding, drift: Drift, period: Period) -> Decision:
    """What to do about one meta-tool."""
    share = found.utilisation
    if found.changed:
        return Decision(action="recompile", cause="member_changed", evidence=found.changed)
    if not found.runs:
        return Decision(action="wait", cause="too_little_data", evidence=("there are no runs",))
    if not found.offered:
        none = f"none of {found.runs:,} runs had it: it is not installed, or disabled"
        return Decision(
            action="wait", cause="not_installed", evidence=(none,), until=period.after(RECHECK_DAYS)
        )
    if is_above_half(share):
        return _decide_used(found, period)
    if drift.is_significant:
        evidence = (_describe_utilisation(found), drift.sentence)
        return Decision(action="recompile", cause="path_mix_changed", evidence=evidence)
    if is_below_half(share):
        return _decide_unused(found, period)
    return _decide_unknown(found, period)


def is_above_half(share: Share) -> bool:
    """Whether a utilisation is known to be above one half."""
    return share.of > 0 and share.count > HALF * share.of and (share.low > HALF or share.of >= ENOUGH)


def is_below_half(share: Share) -> bool:
    """Whether a utilisation is known not to be above one half."""
    return share.of > 0 and share.count <= HALF * share.of and (share.high < HALF or share.of >= ENOUGH)


def _decide_used(found: Finding, period: Period) -> Decision:
    if troubled := _find_trouble(found):
        return troubled
    evidence = [_describe_utilisation(found), _describe_tokens(found)]
    if _is_below_zero(found):
        return Decision(action="retire", cause="costs_more_than_it_saves", evidence=tuple(evidence))
    if _costs_tokens(found):
        evidence.append("it costs more tokens than it saves; weigh them against the saved model calls")
    return Decision(action="keep", cause="none", evidence=tuple(evidence), until=period.after(RECHECK_DAYS))


def _decide_unused(found: Finding, period: Period) -> Decision:
    if troubled := _find_trouble(found):
        return troubled
    evidence = (_describe_utilisation(found), _describe_tokens(found))
    if found.mode == "continue":
        return _decide_seldom_wanted(found, period, evidence)
    if found.mode == "prefetch":
        return Decision(action="retire", cause="fetched_in_vain", evidence=(_describe_utilisation(found),))
    if found.mode == "entry":
        unknown = "its parameters were not known when the threads began"
        mode: Mode = "continue" if select_eager_part(found.meta_tool) else "append"
        return Decision(action="change_mode", cause="seldom_chosen", evidence=(*evidence, unknown), mode=mode)
    if select_eager_part(found.meta_tool):
        reads = "its reads can follow the model's own first call, so nothing depends on the model choosing it"
        return Decision(
            action="change_mode", cause="seldom_chosen", evidence=(*evidence, reads), mode="continue"
        )
    if found.mode == "append" and not found.uses and not found.strands:
        never = "it was never chosen while the tools it calls were offered too; offered instead of them, it would be"
        return Decision(
            action="change_mode", cause="seldom_chosen", evidence=(*evidence, never), mode="replace"
        )
    if _is_below_zero(found):
        return Decision(action="retire", cause="costs_more_than_it_saves", evidence=evidence)
    return Decision(action="reword", cause="seldom_chosen", evidence=evidence)


def _decide_seldom_wanted(found: Finding, period: Period, evidence: tuple[str, ...]) -> Decision:
    """What runs unasked stands in no prompt and nobody passes it over: what it saves decides, not how often it is wanted."""
    if _pays(found):
        paid = "it does not depend on the model's choice, and saves more than its unused reads cost"
        until = period.after(RECHECK_DAYS)
        return Decision(action="keep", cause="none", evidence=(*evidence, paid), until=until)
    wasted = f"{found.wasted:,} of {found.made:,} calls that it made unasked were not needed"
    told = (*evidence, wasted)
    if _is_below_zero(found):
        return Decision(action="retire", cause="fetched_in_vain", evidence=told)
    return Decision(action="change_mode", cause="fetched_in_vain", evidence=told, mode="append")


def _decide_unknown(found: Finding, period: Period) -> Decision:
    applies = Share(found.utilisation.of, found.offered)
    if applies.high < _SELDOM and _is_below_zero(found):
        seldom = f"it applied in {applies.count} of {applies.of:,} runs that had it"
        return Decision(
            action="raise_threshold", cause="seldom_applies", evidence=(seldom, _describe_tokens(found))
        )
    few = f"it applied in {applies.count} of {applies.of:,} runs that had it; {ENOUGH} are needed to judge"
    return Decision(
        action="wait",
        cause="too_little_data",
        evidence=(_describe_utilisation(found), few) if applies.count else (few,),
        until=period.until_there_are(ENOUGH, applies.count),
    )


def _find_trouble(found: Finding) -> Decision | None:
    """What is wrong with it, if it is used or not: bindings, or routines that are handed back."""
    if found.violations:
        evidence = (_describe_utilisation(found), *(each.sentence for each in found.violations))
        return Decision(action="recompile", cause="bindings_violated", evidence=evidence)
    if found.completed.of and found.completed.high < _HANDED_BACK:
        back = f"{found.completed.of - found.completed.count} of {found.completed.of} uses were handed back"
        most = (
            f"step {each.step} ({each.tool or 'not run'}) {each.cause} in {count}: {each.reason}"
            for each, count in found.hand_backs[:1]
        )
        return Decision(
            action="recompile", cause="handed_back", evidence=(_describe_utilisation(found), back, *most)
        )
    return None


def _is_below_zero(found: Finding) -> bool:
    """Whether it costs tokens for certain and saves no model call, also if every result of it was used."""
    most = found.most or found.savings
    return _costs_tokens(found) and _costs(most.tokens) and most.model_calls.value <= 0


def _pays(found: Finding) -> bool:
    """Whether it saves both tokens and model calls for certain."""
    savings = found.savings
    return all(each.low is not None and each.low > 0 for each in (savings.tokens, savings.model_calls))


def _costs_tokens(found: Finding) -> bool:
    return _costs(found.savings.tokens)


def _costs(tokens: Interval) -> bool:
    return tokens.high is not None and tokens.high < 0


def _describe_utilisation(found: Finding) -> str:
    share = found.utilisation
    if share.value is None:
        return f"it applied in none of {found.offered:,} runs that had it"
    return (
        f"used in {share.count:,} of {share.of:,} runs in which it applied: "
        f"{share.value:.0%}, {share.low:.0%} to {share.high:.0%}"
    )


def _describe_tokens(found: Finding) -> str:
    tokens, calls = found.savings.tokens, found.savings.model_calls
    ends = (
        f", {tokens.low:,.0f} to {tokens.high:,.0f}"
        if tokens.low is not None and tokens.high is not None
        else ""
    )
    most = found.most.model_calls.value if found.most else calls.value
    least = "at least " if round(most, 2) > round(calls.value, 2) else ""
    return f"a run saved {least}{calls.value:.2f} model calls and {tokens.value:,.0f} tokens net{ends}"


def decide_toolkit(
    decisions: Sequence[tuple[str, Decision]], drift: Drift, period: Period, *, net: Iterable[str] = ()
) -> Decision:
    """What to do about a toolkit: the most that one of its meta-tools wants.

    Args:
        decisions: about each meta-tool, with its name.
        drift: of the path mix.
        period: of the runs.
        net: further evidence.
    """

    def named(*actions: Action) -> list[str]:
        return [name for name, each in decisions if each.action in actions]

    evidence = [*net, drift.sentence]
    work = [name for name, each in decisions if each.is_work]
    wanted: list[tuple[Action, str, list[str]]] = [
        ("recompile", "to compile again", named("recompile")),
        ("adjust", "to adjust", work),
    ]
    for action, told, names in wanted:
        if names:
            causes = Counter(each.cause for name, each in decisions if name in names)
            cause = min(causes, key=lambda each: (-causes[each], each))
            listed = f"{told}: {', '.join(names)}"
            return Decision(action=action, cause=cause, evidence=(listed, *evidence))
    days = [each.until for _, each in decisions if each.until]
    until = min(days, default=period.after(RECHECK_DAYS))
    if named("keep"):
        return Decision(action="keep", cause="none", evidence=tuple(evidence), until=until)
    nowhere = bool(decisions) and all(each.cause == "not_installed" for _, each in decisions)
    cause = "not_installed" if nowhere else "too_little_data"
    return Decision(action="wait", cause=cause, evidence=tuple(evidence), until=until)
