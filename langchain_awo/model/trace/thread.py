"""The runs of one conversation as one trace: turns follow each other, a resumed call is one call with several attempts."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from langchain_awo.model.trace.trace import Attempt, Message, ModelCallRecord, ToolCallRecord, ToolSpec, Trace

UNFINISHED: Final = ("interrupted", "abandoned")
"""Statuses of calls that a later run may complete."""


CONVERSATION: Final = "awo_conversation"
"""Where the metadata of a trace says whether its first prompt began a conversation, as far as its recorder could tell."""

FRESH: Final = "fresh"
CONTINUED: Final = "continued"

_OPEN_CONVERSATIONS: Final = 8
"""The latest conversations of a thread that a run may continue; a bound, since thousands of runs may share an id."""

logger = logging.getLogger(__name__)


def join_threads(traces: Iterable[Trace]) -> list[Trace]:
    """Joins the runs of each conversation, in time order, into one trace; traces without a thread stay as they are.

    A thread is one conversation if its runs continue each other: a run repeats what was said before, or completes calls that were left
    open. Runs that share the id of a thread and nothing else are conversations of their own, whose later ones are told apart by a
    number at the thread's id; so are runs of different tasks. A warning says which threads were not one conversation.

    Indices of model calls are shifted. A tool call that an earlier run of the thread left open is completed by the later run's
    attempts; the last success decides. What a later run repeats of the conversation's history is not a new user message.
    The joined trace stands where its first run stood. Takes time linear in the size of the traces.
    """
    threads: dict[str, list[tuple[int, Trace]]] = {}
    joined: list[tuple[int, Trace]] = []
    for place, trace in enumerate(traces):
        if trace.thread_id is None:
            joined.append((place, trace))
        else:
            threads.setdefault(trace.thread_id, []).append((place, trace))
    for runs in threads.values():
        joined.extend([runs[0]] if len(runs) == 1 else _join_conversations(runs))
    joined.sort(key=lambda placed: placed[0])
    return [trace for _, trace in joined]


def _join_conversations(runs: Sequence[tuple[int, Trace]]) -> list[tuple[int, Trace]]:
    """The runs of one thread, joined where they continue each other."""
    found: list[_Conversation] = []
    for place, run in sorted(runs, key=lambda placed: _get_start(placed[1])):
        latest = found[-1 : -_OPEN_CONVERSATIONS - 1 : -1]
        known = next((each for each in latest if each.is_continued_by(run)), None)
        if known is None:
            found.append(known := _Conversation())
        known.add(run, place)
    _warn(found)
    return [
        (min(each.places), each.joined(number if each.task_id is None else 1))
        for number, each in enumerate(found, start=1)
    ]


def _get_start(run: Trace) -> float:
    return math.inf if run.started_at is None else run.started_at


def _warn(found: Sequence[_Conversation]) -> None:
    if len(found) == 1:
        return
    logger.warning(
        "the thread %r is shared by %d runs that make %d conversations, since they do not continue each other or are of different "
        "tasks; give each conversation a thread_id of its own",
        found[0].runs[0].thread_id,
        sum(len(each.runs) for each in found),
        len(found),
    )


@dataclass(slots=True)
class _Conversation:
    runs: list[Trace] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    said: set[str] = field(default_factory=set)
    open_calls: set[str] = field(default_factory=set)
    task_id: str | None = None

    def is_continued_by(self, run: Trace) -> bool:
        if run.task_id is not None and self.task_id not in (None, run.task_id):
            return False
        if any(call.model_call is None and call.call_id in self.open_calls for call in run.tool_calls):
            return True
        begins = run.metadata.get(CONVERSATION)
        if begins is not None:
            return bool(begins == CONTINUED)
        heard = [message.text for message in run.messages if message.role == "user"]
        return not heard or not self.said or not self.said.isdisjoint(heard)

    def add(self, run: Trace, place: int) -> None:
        self.runs.append(run)
        self.places.append(place)
        self.said.update(message.text for message in run.messages if message.role == "user")
        self.open_calls.update(call.call_id for call in run.tool_calls)
        self.task_id = run.task_id if self.task_id is None else self.task_id

    def joined(self, number: int) -> Trace:
        """The conversation as one trace; the later ones of a thread without tasks get ids of their own."""
        whole = _join_runs(self.runs) if len(self.runs) > 1 else self.runs[0]
        return whole if number == 1 else replace(whole, thread_id=f"{whole.thread_id}~{number}")


def _join_runs(runs: Sequence[Trace]) -> Trace:
    thread = _Thread()
    for run in runs:
        thread.add(run)
    return replace(
        runs[0],
        task_id=next((run.task_id for run in runs if run.task_id is not None), None),
        trial=next((run.trial for run in runs if run.trial is not None), None),
        domain=next((run.domain for run in runs if run.domain), ""),
        model=next((run.model for run in runs if run.model), ""),
        success=next((run.success for run in reversed(runs) if run.success is not None), None),
        tags=tuple(dict.fromkeys(tag for run in runs for tag in run.tags)),
        ended_at=max((run.ended_at for run in runs if run.ended_at is not None), default=None),
        messages=tuple(thread.messages),
        model_calls=tuple(thread.model_calls),
        tool_calls=tuple(thread.tool_calls),
        tools=tuple(thread.tools[name] for name in sorted(thread.tools)),
        metadata={key: value for run in reversed(runs) for key, value in run.metadata.items()},
    )


@dataclass(slots=True)
class _Thread:
    messages: list[Message] = field(default_factory=list)
    model_calls: list[ModelCallRecord] = field(default_factory=list)
    tool_calls: list[ToolCallRecord] = field(default_factory=list)
    tools: dict[str, ToolSpec] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    times_said: Counter[str] = field(default_factory=Counter)
    instructed: set[str] = field(default_factory=set)
    place_of: dict[str, int] = field(default_factory=dict)
    uses_of_id: Counter[str] = field(default_factory=Counter)

    def add(self, run: Trace) -> None:
        """Appends a run; its model calls last, since the rest refers to them by position."""
        self._add_messages(run)
        self._add_tool_calls(run)
        self.model_calls.extend(run.model_calls)
        for spec in run.tools:
            if not self.tools.setdefault(spec.name, spec).parameters:
                self.tools[spec.name] = spec

    def _add_messages(self, run: Trace) -> None:
        heard = [message.text for message in run.messages if message.role == "user"]
        is_old = iter(self._repeated(heard))
        for message in run.messages:
            known = message.text in self.instructed if message.role == "system" else next(is_old)
            if known:
                continue
            self.messages.append(replace(message, before=message.before + len(self.model_calls)))
            if message.role == "system":
                self.instructed.add(message.text)
            else:
                self.said.append(message.text)
                self.times_said[message.text] += 1

    def _repeated(self, heard: Sequence[str]) -> list[bool]:
        """For each user message of a run, whether it only repeats what the thread has.

        A run is sent the conversation so far, or its end, before what is new. Where it is sent something else, such as a summary and a few
        messages, a message is a repetition if its text occurs no more often than in the thread.
        """
        overlap = _measure_overlap(self.said[-len(heard) :] if heard else [], heard)
        if overlap:
            return [index < overlap for index in range(len(heard))]
        times_heard: Counter[str] = Counter()
        repeated = []
        for text in heard:
            times_heard[text] += 1
            repeated.append(times_heard[text] <= self.times_said[text])
        return repeated

    def _add_tool_calls(self, run: Trace) -> None:
        renamed: dict[str, str] = {}
        for call in run.tool_calls:
            place = self.place_of.get(call.call_id)
            if place is not None and call.model_call is None:
                self.tool_calls[place] = _merge_attempts(self.tool_calls[place], call)
                continue
            self.uses_of_id[call.call_id] += 1
            uses = self.uses_of_id[call.call_id]
            renamed[call.call_id] = call.call_id if uses == 1 else f"{call.call_id}~{uses}"
            self.place_of[call.call_id] = len(self.tool_calls)
            self.tool_calls.append(self._moved(call, renamed))

    def _moved(self, call: ToolCallRecord, renamed: Mapping[str, str]) -> ToolCallRecord:
        offset = len(self.model_calls)
        return replace(
            call,
            call_id=renamed[call.call_id],
            model_call=None if call.model_call is None else call.model_call + offset,
            parent_id=None if call.parent_id is None else renamed.get(call.parent_id, call.parent_id),
        )


def _measure_overlap(end: Sequence[str], start: Sequence[str]) -> int:
    """The longest stretch that ends the one and starts the other (Knuth, Morris and Pratt)."""
    if not end:
        return 0
    borders = [0] * len(start)
    matched = 0
    for index in range(1, len(start)):
        while matched and start[index] != start[matched]:
            matched = borders[matched - 1]
        matched += start[index] == start[matched]
        borders[index] = matched
    matched = 0
    for text in end:
        while matched and (matched == len(start) or text != start[matched]):
            matched = borders[matched - 1]
        matched += text == start[matched]
    return matched


def _merge_attempts(earlier: ToolCallRecord, later: ToolCallRecord) -> ToolCallRecord:
    """One call of the attempts of two; the last success decides, else the last attempt."""
    if later.started_at is None and earlier.status not in UNFINISHED:
        return earlier  # the later run was only told of it again
    decisive = earlier if earlier.status == "ok" and later.status != "ok" else later
    attempts = (*_list_attempts(earlier), *_list_attempts(later))
    return replace(
        decisive,
        call_id=earlier.call_id,
        model_call=earlier.model_call,
        scope=earlier.scope,
        parent_id=earlier.parent_id,
        attempts=attempts if len(attempts) > 1 else (),
        started_at=earlier.started_at if earlier.started_at is not None else later.started_at,
    )


def _list_attempts(call: ToolCallRecord) -> tuple[Attempt, ...]:
    """What was tried; a call that waited for a person's consent, or was never heard of again, was not tried at all."""
    if call.attempts:
        return call.attempts
    if call.started_at is None and call.status in UNFINISHED:
        return ()
    return (
        Attempt(status=call.status, error=call.error, started_at=call.started_at, ended_at=call.ended_at),
    )
