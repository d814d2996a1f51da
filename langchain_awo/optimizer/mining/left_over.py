"""What agents often go on to and no routine takes over, and why: nothing that somebody knows is missing without a word.

before::

    get_alert(id)  get_metrics(service)  page_oncall(team)      (in 58 of 81 places)

after::

    refused: page_oncall follows get_alert in 58 of 81 places and writes, and only reads are compiled
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from langchain_awo.model.ir.metatool import MetaTool, Refused, Step
from langchain_awo.model.text.phrasing import join_words
from langchain_awo.model.trace.effect import Effect
from langchain_awo.optimizer.dataflow.account import ArgumentAccount, account_for_arguments
from langchain_awo.optimizer.dataflow.consensus import StepFlow
from langchain_awo.optimizer.dataflow.places import list_positions
from langchain_awo.optimizer.mining.cross_validate import MIN_TASKS
from langchain_awo.optimizer.mining.forms import (
    AGREEMENT,
    MAX_PARAMETERS,
    READ_AGREEMENT,
    read_forms,
    write_form,
)
from langchain_awo.optimizer.mining.knowledge import Knowledge, learn_flow
from langchain_awo.optimizer.mining.occurrences import list_followers

OFTEN: Final = 0.2
"""Share of the places in which a tool must follow to be missed."""

MOST: Final = 5
"""Tools that are told of for one anchor, those that follow most often first."""


def explain_left_over(
    routine: MetaTool,
    known: Sequence[Knowledge],
    effects: Mapping[str, Effect],
    *,
    avoid: frozenset[str],
    writes: bool,
) -> Iterator[Refused]:
    """The tools that often follow a grown routine and are no step of it, each with the reason.

    Args:
        writes: whether writes may be compiled; those that may are refused where they are tried.
    """
    occurrences = [knowledge.occurrence for knowledge in known]
    followed = Counter(
        tool for occurrence in occurrences for tool in {call.tool for call in occurrence.followers}
    )
    often = [
        tool
        for tool in list_followers(occurrences, min_tasks=MIN_TASKS)
        if followed[tool] >= OFTEN * len(occurrences) and tool not in avoid
    ]
    missed = sorted(set(often) - set(routine.tools), key=lambda tool: (-followed[tool], tool))
    for tool in missed[:MOST]:
        effect = effects.get(tool, Effect.UNKNOWN)
        if refusal := explain_refusal(tool, effect, routine, known, writes=writes):
            code, reason = refusal
            anchor, places = routine.steps[0].tool, len(occurrences)
            yield Refused(
                routine=(anchor, tool),
                code=code,
                reason=f"{tool} follows {anchor} in {followed[tool]} of {places} places, {reason}",
                occurrences=followed[tool],
                nearness=round(followed[tool] / places * _READY.get(code, 0.5), 4),
            )


NEAR: Final = 0.2
"""Share of the calls that a place must explain to be named as the nearest."""

_READY: Final = {"writes": 1.0, "unknown_effect": 1.0, "destructive": 0.9}
"""Nothing but a word from the user is missing there; elsewhere the data says no."""


def explain_refusal(
    tool: str, effect: Effect, routine: MetaTool, known: Sequence[Knowledge], *, writes: bool
) -> tuple[str, str] | None:
    """A code and the reason why a tool is no next step, `None` where a trial or a condition has to tell."""
    if barred := explain_barring(tool, effect, writes=writes):
        return barred
    taken = [spec.name for spec in routine.parameters]
    flow = learn_flow(tool, known)
    base = Step(tool=tool, effect=effect)
    if effect.is_read:
        return (
            None
            if flow.votes and list(read_forms(base, flow, taken))
            else _explain_unbound(flow, READ_AGREEMENT)
        )
    form = write_form(base, flow, taken, steps=routine.steps)
    if form is None:
        return _explain_unbound(flow, AGREEMENT, constants=False)
    asked = [*taken, *(spec.name for spec in form.parameters)]
    if len(asked) > MAX_PARAMETERS:
        return "unbound", (
            f"but a caller would have to give {len(asked)} arguments ({', '.join(asked)}); at most {MAX_PARAMETERS} are asked for"
        )
    return None


def explain_barring(tool: str, effect: Effect, *, writes: bool) -> tuple[str, str] | None:
    """A code and the reason why the effect of a tool keeps it out, whatever agents do."""
    if effect is Effect.UNKNOWN:
        return "unknown_effect", (
            f"but its effect is undeclared, so it counts as a write; declare it: --effect {tool}=read if it only reads, else --effect {tool}=write and --writes"
        )
    if effect is Effect.DESTRUCTIVE:
        return "destructive", (
            f"but it is destructive; if that is wrong, declare its effect: --effect {tool}=write --writes"
        )
    if not (effect.is_read or writes):
        return "writes", "but it writes and only reads were compiled; use --writes to include it"
    return None


def _explain_unbound(flow: StepFlow, agreement: float, *, constants: bool = True) -> tuple[str, str]:
    accounts = list(account_for_arguments(flow, agreement=agreement, constants=constants))
    missing = [account for account in accounts if not flow.always(account.name)]
    listed = [
        account
        for account in accounts
        if not constants and account.is_explained and any(list_positions(account.source))
    ]
    if listed:
        named = join_words([f"{account.name} is {account.source}" for account in listed])
        return (
            "unbound",
            f"but {named}: a value picked by its position in a list is no safe target for a write",
        )
    open_ = describe_open([account for account in accounts if not account.is_explained])
    if not any(account.flows for account in accounts):
        named = f": {open_}" if open_ else ""
        return (
            "unbound",
            f"but none of its arguments come from an earlier step, so the model must supply them all{named}",
        )
    if missing:
        named = ", ".join(f"{account.name} in {account.calls} of {round(flow.total)}" for account in missing)
        return "unbound", f"but its calls do not all have the same arguments: {named}"
    if not open_:
        named = join_words([f"{account.name} is each of {account.source}" for account in accounts])
        return "unbound", f"but {named}: a write is not made for every item of a list"
    return "unbound", f"but not all of its arguments are explained: {open_}"


def describe_open(accounts: Sequence[ArgumentAccount]) -> str:
    """Arguments that nothing explains, with the places that come nearest."""
    near = [account for account in accounts if account.agree >= NEAR * account.calls and account.source]
    nowhere = [account.name for account in accounts if account not in near]
    clauses = [
        f"{account.name} is {account.source} in {account.agree} of {account.calls} calls only"
        for account in near
    ]
    if nowhere:
        verb = "stands" if len(nowhere) == 1 else "stand"
        clauses.append(f"{join_words(nowhere)} {verb} in no earlier output or argument")
    return "; ".join(clauses)
