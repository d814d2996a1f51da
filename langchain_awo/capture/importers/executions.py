"""Tool spans as executions of the calls that models issued; what nobody issued becomes a call of its own."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate, islice
from typing import Final

from langchain_awo.capture.importers.conversation import Conversation, PendingCall
from langchain_awo.capture.importers.spans import Span, classify_ending
from langchain_awo.capture.importers.turns import RAW_ARGUMENTS, Answer, RequestedCall
from langchain_awo.capture.run_metadata import find_agent_scope
from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import Attempt, Status

_MANY: Final = 64
"""Calls of one tool that wait for an execution and are compared with it, the oldest first."""


_ANY: Final = "\0"
"""Stands for every name."""


@dataclass(slots=True)
class _Calls:
    """Calls with something in common, in order; those before `begin` were executed."""

    all: list[PendingCall] = field(default_factory=list)
    begin: int = 0


class Executions:
    """Completes the calls of a conversation by the spans of tools.

    Args:
        conversation: what the models said.
        models: the spans of its model calls, in their order.
    """

    def __init__(self, conversation: Conversation, models: list[Span]) -> None:
        self._conversation = conversation
        self._models = models
        self._starts = list(accumulate((model.started_at or 0 for model in models), max))
        self._by_id: dict[tuple[str, str], _Calls] = defaultdict(_Calls)
        self._by_name: dict[str, _Calls] = defaultdict(_Calls)
        self._executed: dict[int, list[tuple[Status, Span]]] = {}
        self._call_of: dict[int, PendingCall] = {}
        for call in conversation.calls:
            if call.ask.call_id:
                self._by_id[call.ask.call_id, call.ask.name].all.append(call)
                self._by_id[call.ask.call_id, _ANY].all.append(call)
            self._by_name[call.ask.name].all.append(call)

    def add_all(self, spans: Iterable[Span]) -> None:
        """Takes in the tool spans of a run, in order."""
        unissued: list[tuple[int, PendingCall]] = []
        for span in spans:
            caller = span.around("tool")
            if span.kind != "tool" or (caller is not None and _is_same(caller, span)):
                continue
            call = self._issued(span)
            if call is None:
                call = self._unissued(span, caller)
                unissued.append((self._place_of(span, caller), call))
            elif caller is not None and caller is not span and id(caller) in self._call_of:
                parent = self._call_of[id(caller)]
                call.parent_id = parent.call_id if parent is not call else None
            self._call_of[id(span)] = call
            self._take(call, span)
        self._insert(unissued)

    def _issued(self, span: Span) -> PendingCall | None:
        if span.call_id:
            calls = self._by_id.get((span.call_id, span.name)) or self._by_id.get((span.call_id, _ANY))
            return next(self._waiting(calls), calls.all[-1]) if calls else None
        if span.around("tool") is not None:
            return None
        return self._by_arguments(span)

    def _waiting(self, calls: _Calls) -> Iterator[PendingCall]:
        """Those of some calls that were not executed yet, the oldest first."""
        while calls.begin < len(calls.all) and id(calls.all[calls.begin]) in self._executed:
            calls.begin += 1
        rest = (calls.all[place] for place in range(calls.begin, len(calls.all)))
        return (call for call in rest if id(call) not in self._executed)

    def _by_arguments(self, span: Span) -> PendingCall | None:
        waiting = list(islice(self._waiting(self._by_name[span.name]), _MANY))
        if span.args is not None:
            return next((call for call in waiting if call.ask.args == span.args), None)
        fitting = (
            call for call in waiting if span.value in [_as_text(value) for value in call.ask.args.values()]
        )
        return next(fitting, waiting[0] if waiting else None)

    def _unissued(self, span: Span, caller: Span | None) -> PendingCall:
        args = (
            span.args if span.args is not None else {} if span.value is None else {RAW_ARGUMENTS: span.value}
        )
        ask = RequestedCall(name=span.name, args=args, call_id=span.call_id)
        wanted = span.call_id or span.span_id
        parent = self._call_of.get(id(caller)) if caller is not None else None
        call = PendingCall(ask, self._conversation.unused_id(wanted), None, find_agent_scope(span.metadata))
        call.parent_id = parent.call_id if parent is not None else None
        if parent is not None and call.scope == parent.scope:
            call.scope = f"{parent.scope}>{parent.call_id}"
        return call

    def _place_of(self, span: Span, caller: Span | None) -> int:
        """Index of the model call behind whose calls an unissued one stands, -1 before all of them."""
        parent = self._call_of.get(id(caller)) if caller is not None else None
        if parent is not None and parent.model_call is not None:
            return parent.model_call
        started = span.started_at
        if started is None:
            return len(self._models) - 1
        return bisect_right(self._starts, started) - 1

    def _take(self, call: PendingCall, span: Span) -> None:
        """Notes an execution; of several, the last success decides, else the last."""
        status, error = _determine_ending(span)
        runs = self._executed.setdefault(id(call), [])
        decides = status == "ok" or not any(former == "ok" for former, _ in runs)
        runs.append((status, span))
        call.attempts.append(
            Attempt(status=status, error=error, started_at=span.started_at, ended_at=span.ended_at)
        )
        call.started_at = span.started_at if call.started_at is None else call.started_at
        if not decides:
            return
        call.ended_at = span.ended_at
        if span.output is not None and status in ("ok", "error"):
            call.answer(
                Answer(output=span.output, status="error" if status == "error" else None, error=error)
            )
        elif status != "ok":
            call.status, call.error, call.answered = status, error, True
        elif not call.answered:
            call.status, call.answered = ("ok" if span.ended_at is not None else "abandoned"), True

    def _insert(self, unissued: list[tuple[int, PendingCall]]) -> None:
        """Puts calls that nobody issued behind those of the model call before them."""
        if not unissued:
            return
        numbered = [
            (call.model_call if call.model_call is not None else -1, 0, n, call)
            for n, call in enumerate(self._conversation.calls)
        ]
        numbered += [(place, 1, n, call) for n, (place, call) in enumerate(unissued)]
        self._conversation.calls[:] = [call for *_, call in sorted(numbered, key=lambda each: each[:3])]


def _determine_ending(span: Span) -> tuple[Status, str | None]:
    if span.error:
        return classify_ending(span.error)
    if span.failed is not None:
        return span.failed, None
    return ("abandoned", None) if span.ended_at is None and span.output is None else ("ok", None)


def _is_same(outer: Span, inner: Span) -> bool:
    """Whether two instrumentors traced one execution."""
    return outer.name == inner.name and outer.call_id == inner.call_id and outer.args == inner.args


def _as_text(value: JSONValue) -> str:
    return value if isinstance(value, str) else dumps(value)
