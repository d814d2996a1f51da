"""Drops calls that only repeat an earlier one, as the rules say.

A write is dropped only if running it again changes nothing and nothing was written in between. A login is dropped if
an earlier one of the same run had the same arguments: a login lives on over user messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from langchain_awo.model.rules import CollapseLogin, CollapseRepeats, RuleSet
from langchain_awo.model.trace.effect import Effect
from langchain_awo.optimizer.log.corpus import Run
from langchain_awo.optimizer.rules.path import PathCall


def collapse_logins(run: Run, segments: Sequence[list[PathCall]], rules: RuleSet) -> list[list[PathCall]]:
    """The segments of a run without repeated logins.

    before (`collapse repeated login by credentials, login`)::

        credentials(a)  login  orders | credentials(a)  login  cancel

    after::

        credentials(a)  login  orders | cancel
    """
    kept = [list(calls) for calls in segments]
    for rule in rules.active:
        if isinstance(rule, CollapseLogin):
            done: set[tuple[str, str]] = set()
            scopes = [segment.scope for segment in run.segments]
            kept = [
                list(_without_logins(calls, rule.tools, scope, done))
                for scope, calls in zip(scopes, kept, strict=True)
            ]
    return kept


def _without_logins(
    calls: Sequence[PathCall], tools: tuple[str, ...], scope: str, done: set[tuple[str, str]]
) -> Iterable[PathCall]:
    index = 0
    while index < len(calls):
        login = calls[index : index + len(tools)]
        if tuple(each.canonical.tool for each in login) == tools:
            key = (scope, login[0].call.key)
            if key not in done:
                yield from login
            done.add(key)
            index += len(tools)
        else:
            yield calls[index]
            index += 1


def collapse_repeats(calls: Sequence[PathCall], rules: RuleSet) -> list[PathCall]:
    """The calls of a segment without repeats, the identical ones first: what they leave may be repeats in a row.

    before (`collapse repeats of get_order`, `collapse repeats of identical calls`)::

        get_user(1)  get_order(7)  get_order(8)  get_user(1)  set_note(x)  set_note(x)

    after::

        get_user(1)  get_order(7)  set_note(x)
    """
    repeats = [rule for rule in rules.active if isinstance(rule, CollapseRepeats)]
    kept = list(calls)
    for rule in sorted(repeats, key=lambda rule: rule.of != "identical"):
        kept = list(_drop_equal_reads(kept) if rule.of == "identical" else _drop_repeats(kept, rule))
    return kept


def _drop_repeats(calls: Iterable[PathCall], rule: CollapseRepeats) -> Iterable[PathCall]:
    previous: PathCall | None = None
    for each in calls:
        same = previous is not None and previous.canonical == each.canonical
        if rule.of == "tool":
            same = previous is not None and each.canonical.tool == previous.canonical.tool == rule.tool
        if not (same and (each.call.effect.is_read or rule.of == "tool")):
            yield each
        previous = each


def _drop_equal_reads(calls: Iterable[PathCall]) -> Iterable[PathCall]:
    since_write: set[str] = set()
    last_write = ""
    for each in calls:
        if each.call.effect.is_read:
            if each.call.key not in since_write:
                since_write.add(each.call.key)
                yield each
        else:
            if not (each.call.effect is Effect.IDEMPOTENT and each.call.key == last_write):
                since_write.clear()
                yield each
            last_write = each.call.key
