"""Runs as paths of canonical calls, by the merging rules.

Only successful calls count: an attempt that failed is no part of a routine, also when its repair followed. A path is a
segment, so a history starts anew after each user message.

before (`commute all reads`, `collapse repeats of identical calls`)::

    get_user(1)  get_order(7)  get_user(1)  cancel(7)  get_user(1)

after::

    get_user  get_order  cancel  get_user        (the first two commute, unless 7 was found in the user's record)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from langchain_awo.model.rules import Alias, Ignore, Normalize, PythonRule, Rule, RuleSet, SelectBy
from langchain_awo.optimizer.log.corpus import Call, Corpus, Run, Segment
from langchain_awo.optimizer.rules.canonicalize import Inferred, Sighting, canonicalize_call, infer_selectors
from langchain_awo.optimizer.rules.collapse import collapse_logins, collapse_repeats
from langchain_awo.optimizer.rules.commute import place
from langchain_awo.optimizer.rules.lookup import Shown
from langchain_awo.optimizer.rules.normalize import normalize_arguments
from langchain_awo.optimizer.rules.path import Path, PathCall

PerCall: TypeAlias = Ignore | Alias | Normalize | PythonRule
"""Rules about single calls."""


def build_paths(corpus: Corpus, rules: RuleSet) -> list[Path]:
    """The paths of a corpus, by rules that were checked; segments that come to nothing are left out."""
    viewed = apply_call_rules(corpus, rules)
    selectors = selectors_of(viewed, rules)
    paths = []
    for run, segments in viewed:
        calls = [[_build_path_call(item, selectors) for item in items] for items in segments]
        calls = collapse_logins(run, calls, rules)
        for segment, own in zip(run.segments, calls, strict=True):
            if kept := collapse_repeats(own, rules):
                paths.append(Path(run, segment, tuple(place(run, kept, rules))))
    return paths


@dataclass(frozen=True, slots=True)
class PreparedCall:
    """A successful call: as recorded, and as the rules about single calls see it."""

    call: Call
    seen: Call
    position: int
    start: int


Viewed: TypeAlias = Sequence[tuple[Run, Sequence[Sequence[PreparedCall]]]]
"""Runs with the items of each of their segments."""


def apply_call_rules(corpus: Corpus, rules: RuleSet) -> Viewed:
    """The runs as the rules about single calls see them."""
    per_call = [rule for rule in rules.active if isinstance(rule, PerCall)]
    return [(run, _view_run(run, per_call)) for run in corpus.runs]


def _view_run(run: Run, rules: Sequence[PerCall]) -> list[list[PreparedCall]]:
    """The segments of a run; what an agent was shown before a user message counts on after it."""
    shown = {segment.scope: Shown(rules) for segment in run.segments}
    return [list(_view_segment(segment, rules, shown[segment.scope])) for segment in run.segments]


def _view_segment(segment: Segment, rules: Sequence[PerCall], shown: Shown) -> Iterator[PreparedCall]:
    for position, current in enumerate(segment.rounds):
        start = current.start
        for call in current.calls:
            seen = _apply_rules(call, rules, shown) if call.ok else None
            if seen is not None:
                yield PreparedCall(call, seen, position, start)
            start = call.end
        for call in current.calls:  # calls of one round are issued before any of them answers
            shown.see(call.output)


def _apply_rules(call: Call, rules: Sequence[PerCall], shown: Shown) -> Call | None:
    seen: Call | None = call
    for rule in rules:
        if seen is None:
            return None
        seen = _apply(rule, seen, shown)
    return seen


def _apply(rule: Rule, call: Call, shown: Shown) -> Call | None:
    match rule:
        case Ignore(tool=tool):
            return None if call.tool == tool else call
        case Alias(tool=tool, to=other):
            return replace(call, tool=other) if call.tool == tool else call
        case Normalize(lookup=lookup) if lookup:
            return replace(call, args=shown.named(rule, call.tool, call.args))
        case Normalize():
            return replace(call, args=normalize_arguments(rule, call.tool, call.args))
        case PythonRule(function=function):
            seen: Call | None = function(call)
            return seen
        case _:
            return call


def selectors_of(viewed: Viewed, rules: RuleSet) -> dict[str, tuple[str, ...]]:
    """The arguments of each tool that select the action: as the rules say, else as inferred."""
    selectors = {
        tool: tuple(each.key for each in found) for tool, found in infer_call_selectors(viewed).items()
    }
    for rule in rules.active:
        if isinstance(rule, SelectBy):
            selectors[rule.tool] = rule.keys
    return selectors


def infer_call_selectors(viewed: Viewed) -> dict[str, tuple[Inferred, ...]]:
    """What the calls themselves tell about which arguments select the action."""
    return infer_selectors(_collect_sightings(viewed))


def _collect_sightings(viewed: Viewed) -> Iterator[Sighting]:
    for run, segments in viewed:
        for items in segments:
            following = [*(item.seen.tool for item in items[1:]), ""]
            for item, after in zip(items, following, strict=False):
                yield Sighting(run.task, item.seen.tool, item.seen.args, item.call.output, after)


def _build_path_call(item: PreparedCall, selectors: Mapping[str, Sequence[str]]) -> PathCall:
    canonical = canonicalize_call(item.seen.tool, item.seen.args, selectors.get(item.seen.tool, ()))
    return PathCall(canonical, item.call, item.position, item.start)
