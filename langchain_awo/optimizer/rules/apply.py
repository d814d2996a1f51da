"""The corpus as the rules about calls see it, for the default strategy: what is ignored is gone, aliases are one tool.

before (`ignore get_time`, `alias fetch_order as get_order`, `collapse repeated login by login`)::

    login(a)  fetch_order(1)  get_time()  login(a)  get_order(2)

after::

    login(a)  get_order(1)  get_order(2)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from langchain_awo.model.ir.canonical import CanonicalCall
from langchain_awo.model.rules import Alias, CollapseLogin, Ignore, PythonRule, Rule, RuleSet
from langchain_awo.model.trace.call_key import call_key
from langchain_awo.optimizer.log.corpus import Call, Corpus, Round, Run, Segment
from langchain_awo.optimizer.rules.collapse import collapse_logins
from langchain_awo.optimizer.rules.path import PathCall
from langchain_awo.optimizer.rules.prepare import PreparedCall, apply_call_rules

FOLLOWED: Final = (Ignore, Alias, PythonRule, CollapseLogin)
"""Kinds of rules that change which calls there are; the others change what counts as equal."""


def follow(corpus: Corpus, rules: RuleSet) -> Corpus:
    """The corpus with the calls that the rules leave, under the names that the rules give them.

    Args:
        rules: checked ones; of other kinds than `FOLLOWED` nothing happens here.
    """
    followed: tuple[Rule, ...] = tuple(rule for rule in rules.active if isinstance(rule, FOLLOWED))
    if not followed:
        return corpus
    chosen = RuleSet(followed)
    viewed = apply_call_rules(corpus, chosen)
    names = _find_most_called(item for _, segments in viewed for items in segments for item in items)
    runs = []
    for run, segments in viewed:
        kept = collapse_logins(
            run, [[_build_path_call(item) for item in items] for items in segments], chosen
        )
        tools = {id(each.call): names[each.canonical.tool] for calls in kept for each in calls}
        runs.append(replace(run, segments=tuple(_apply_to_segments(run, tools, corpus))))
    return replace(corpus, runs=tuple(runs))


def _find_most_called(items: Iterator[PreparedCall]) -> dict[str, str]:
    """For each tool that others count as, the one of them that was really called most: it can be called again."""
    counts: dict[str, Counter[str]] = {}
    for item in items:
        counts.setdefault(item.seen.tool, Counter())[item.call.tool] += 1
    return {tool: min(found, key=lambda each: (-found[each], each)) for tool, found in counts.items()}


def _build_path_call(item: PreparedCall) -> PathCall:
    return PathCall(CanonicalCall(item.seen.tool), item.call, item.position, item.start)


def _apply_to_segments(run: Run, tools: Mapping[int, str], corpus: Corpus) -> Iterator[Segment]:
    for segment in run.segments:
        rounds = tuple(_apply_to_rounds(segment.rounds, tools, corpus))
        if rounds:
            yield replace(segment, rounds=rounds)


def _apply_to_rounds(rounds: Sequence[Round], tools: Mapping[int, str], corpus: Corpus) -> Iterator[Round]:
    for current in rounds:
        calls = tuple(
            _rename_call(call, tools.get(id(call), call.tool), corpus)
            for call in current.calls
            if id(call) in tools or not call.ok
        )
        if calls:
            yield replace(current, calls=calls)


def _rename_call(call: Call, tool: str, corpus: Corpus) -> Call:
    if tool == call.tool:
        return call
    return replace(call, tool=tool, key=call_key(tool, call.args), effect=corpus.effects[tool])
