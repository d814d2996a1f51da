"""Suggests merging rules from what the traces show, each with its evidence and a switch.

A suggestion is on if following it cannot change what an agent gets: reads that commute, calls that only repeat a read,
arguments that are plainly data. What needs a person's judgement is off: logins, tools that look alike, effects.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from langchain_awo.model.rules import (
    CollapseLogin,
    CollapseRepeats,
    Commute,
    Normalize,
    Rule,
    RuleSet,
    SelectBy,
)
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.optimizer.log.corpus import Corpus
from langchain_awo.optimizer.log.words_in_text import as_word
from langchain_awo.optimizer.rules.commute import read_stretches, shows_flow
from langchain_awo.optimizer.rules.path import Path, PathCall
from langchain_awo.optimizer.rules.prepare import apply_call_rules, build_paths, infer_call_selectors
from langchain_awo.optimizer.rules.suggest_effects import suggest_effects

MIN_PLACES: Final = 3
"""Fewer places are no evidence."""

MIN_TASKS: Final = 2
"""What one task shows may be that task's own."""

SHARE: Final = 0.9
"""Share of an argument's values that must look alike."""

PLAIN: Final = RuleSet()


def suggest_rules(corpus: Corpus) -> RuleSet:
    """Rules that the traces speak for; those that are on are sound for them.

    The order is that of use: what selects the action, what is data, what repeats, what commutes, then what tools may do. The same traces in any
    order give the same rules.
    """
    paths = build_paths(corpus, PLAIN)
    return RuleSet(
        (
            *_suggest_selectors(corpus),
            *_suggest_data_arguments(corpus),
            *_suggest_logins(paths),
            *_suggest_repeats(paths),
            *_suggest_commuting(paths),
            *suggest_effects(corpus),
        )
    )


def _suggest_selectors(corpus: Corpus) -> Iterator[Rule]:
    for tool, found in infer_call_selectors(apply_call_rules(corpus, PLAIN)).items():
        parts = (
            f"{each.key} has {each.values} values in {each.calls} calls and tells {each.told}"
            for each in found
        )
        yield SelectBy(tool=tool, keys=tuple(each.key for each in found), evidence="; ".join(parts))


_LOOKS: Final[dict[str, re.Pattern[str]]] = {
    "timestamp": re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{1,2}:\d{2}.*)?|1\d{9}(\d{3})?"),
    "id": re.compile(
        r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F-]{9,}|(?=.*\d)[A-Za-z#_.-]*[\w-]{0,24}\d[\w-]*"
    ),
    "token": re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9_.+/=-]{25,}"),
}
_PLACEHOLDER: Final = {"timestamp": "<time>", "id": "<id>", "token": "<token>"}


def _suggest_data_arguments(corpus: Corpus) -> Iterator[Rule]:
    """Arguments that hold ids, timestamps or tokens in nearly all calls of all tools that have them."""
    values: dict[str, list[str]] = defaultdict(list)
    for _, segments in apply_call_rules(corpus, PLAIN):
        for item in (item for items in segments for item in items):
            for key, value in _iterate_members(item.call.args):
                values[key].append(as_word(value))
    for key, seen in sorted(values.items()):
        if len(seen) >= MIN_PLACES and len(set(seen)) > 1 and (look := _classify_look(seen)):
            share = sum(bool(_LOOKS[look].fullmatch(value)) for value in seen) / len(seen)
            evidence = f"{share:.0%} of {len(seen)} values look like {_ARTICLE[look]} {look}, {len(set(seen))} distinct"
            yield Normalize(key=key, replacement=_PLACEHOLDER[look], evidence=evidence)


_ARTICLE: Final = {"timestamp": "a", "id": "an", "token": "a"}


def _iterate_members(value: JSONValue, key: str = "") -> Iterator[tuple[str, JSONValue]]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _iterate_members(member, name)
    elif isinstance(value, list):
        for element in value:
            yield from _iterate_members(element, key)
    elif key and isinstance(value, str):
        yield key, value


def _classify_look(values: Sequence[str]) -> str:
    for look in ("timestamp", "token", "id"):
        if sum(bool(_LOOKS[look].fullmatch(value)) for value in values) >= SHARE * len(values):
            return look
    return ""


def _suggest_logins(paths: Iterable[Path]) -> Iterator[Rule]:
    """Calls that open a session and come again with the same arguments; credentials that only lead to them belong in."""
    repeated: Counter[tuple[str, ...]] = Counter()
    tasks: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    done: dict[tuple[str, str], set[str]] = defaultdict(set)
    for path in paths:
        for index, each in enumerate(path.calls):
            if _LOGIN.search(each.call.tool):
                pair = _find_login_pair(path, index)
                tools = tuple(call.call.tool for call in pair)
                seen = done[path.run.trace_id, path.segment.scope]
                if pair[0].call.key in seen:
                    repeated[tools] += 1
                    tasks[tools].add(path.run.task)
                seen.add(pair[0].call.key)
    for tools, places in sorted(repeated.items()):
        evidence = f"repeats an earlier login {_format_times(places)} in {_format_tasks(tasks[tools])}, with the same arguments"
        yield CollapseLogin(tools=tools, on=False, evidence=evidence)


_LOGIN: Final = re.compile(
    r"(?i)log_?in|sign_?in|auth(enticate|orize)?(?![a-z])|(?:get|create|open)_(?:token|session)"
)
_CREDENTIALS: Final = re.compile(r"(?i)credential|password|secret|account_info")


def _find_login_pair(path: Path, index: int) -> list[PathCall]:
    each = path.calls[index]
    before = path.calls[index - 1] if index else None
    if before and (_CREDENTIALS.search(before.call.tool) or shows_flow(path.run, before, each)):
        return [before, each]
    return [each]


def _suggest_repeats(paths: Iterable[Path]) -> Iterator[Rule]:
    """Reads that only repeat an earlier call, and reads that come several times in a row."""
    identical, tasks = 0, set()
    rows: defaultdict[str, _Rows] = defaultdict(_Rows)
    for path in paths:
        if count := _count_identical(path.calls):
            identical += count
            tasks.add(path.run.task)
        for before, each in zip(path.calls, path.calls[1:], strict=False):
            if (
                before.call.tool == each.call.tool
                and each.call.effect.is_read
                and before.call.key != each.call.key
            ):
                rows[each.call.tool].places += 1
                rows[each.call.tool].tasks.add(path.run.task)
    if identical:
        evidence = f"an earlier read is repeated {_format_times(identical)} in {_format_tasks(tasks)}, with nothing written since"
        yield CollapseRepeats(of="identical", evidence=evidence)
    for tool, row in sorted(rows.items()):
        if row.places >= MIN_PLACES and len(row.tasks) >= MIN_TASKS:
            evidence = f"follows itself {_format_times(row.places)} in {_format_tasks(row.tasks)}, with other arguments"
            yield CollapseRepeats(of="tool", tool=tool, on=False, evidence=evidence)


@dataclass(slots=True)
class _Rows:
    places: int = 0
    tasks: set[str] = field(default_factory=set)


def _count_identical(calls: Sequence[PathCall]) -> int:
    seen: set[str] = set()
    count = 0
    for each in calls:
        if not each.call.effect.is_read:
            seen.clear()
        elif each.call.key in seen:
            count += 1
        else:
            seen.add(each.call.key)
    return count


@dataclass(slots=True)
class _Meetings:
    """What two reads did in the stretches where both occurred."""

    forward: int = 0
    backward: int = 0
    flows: int = 0
    tasks: set[str] = field(default_factory=set)


def _suggest_commuting(paths: Iterable[Path]) -> Iterator[Rule]:
    """Sets of reads that commute pairwise, then the rule that lets all reads commute unless data flows."""
    meetings: defaultdict[tuple[str, str], _Meetings] = defaultdict(_Meetings)
    for path in paths:
        for stretch in read_stretches(path.calls):
            _note_meetings(path, stretch, meetings)
    pairs = {
        pair: each
        for pair, each in sorted(meetings.items())
        if each.forward and each.backward and not each.flows and len(each.tasks) >= MIN_TASKS
    }
    for tools in _find_cliques(pairs):
        inside = [each for pair, each in pairs.items() if set(pair) <= set(tools)]
        orders = [sum(each.forward for each in inside), sum(each.backward for each in inside)]
        tasks = {task for each in inside for task in each.tasks}
        evidence = f"both orders seen, {orders[0]} and {orders[1]} times in {_format_tasks(tasks)}, no flow between them"
        yield Commute(tools=tools, evidence=evidence)
    dependent = sum(bool(each.flows) for each in meetings.values())
    evidence = (
        f"{len(meetings)} pairs of reads meet, data flows in {dependent}; where it flows the order stays"
    )
    yield Commute(evidence=evidence)


def _note_meetings(
    path: Path, stretch: Sequence[PathCall], meetings: dict[tuple[str, str], _Meetings]
) -> None:
    for index, later in enumerate(stretch):
        for earlier in stretch[:index]:
            first, second = earlier.canonical.tool, later.canonical.tool
            if first != second and earlier.position < later.position:
                met = meetings[min(first, second), max(first, second)]
                met.forward += first < second
                met.backward += first > second
                met.flows += shows_flow(path.run, earlier, later)
                met.tasks.add(path.run.task)


def _find_cliques(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, ...]]:
    """Sets of tools of which every two are a pair; every pair is in one of them."""
    known = set(pairs)
    covered: set[tuple[str, str]] = set()
    tools = sorted({tool for pair in known for tool in pair})
    for pair in sorted(known):
        if pair not in covered:
            clique = list(pair)
            for tool in tools:
                if tool not in clique and all((min(tool, m), max(tool, m)) in known for m in clique):
                    clique.append(tool)
            clique.sort()
            covered |= {(a, b) for a in clique for b in clique if a < b}
            yield tuple(clique)


def _format_times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _format_tasks(tasks: set[str]) -> str:
    return f"{len(tasks)} task{'' if len(tasks) == 1 else 's'}"
