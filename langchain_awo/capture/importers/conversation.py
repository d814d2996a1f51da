"""Words, turns and answers, one after another, into the parts of a trace.

- Each turn is one model call; what it asks for are the tool calls that model call issued.
- A user or system message stands before the model call that follows it.
- An answer belongs to the nearest earlier call with its id that has none yet: some providers use `call_0` again and again.
  Such calls get ids of their own in the trace. Without an id the name decides, then the order. A call without an answer is
  `abandoned`; an answer without a call is counted as not read.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from langchain_awo.capture.importers.blocks import Unread
from langchain_awo.capture.importers.outcome import error_in
from langchain_awo.capture.importers.turns import Answer, Item, MessageText, RequestedCall, Turn
from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import (
    Attempt,
    Message,
    ModelCallRecord,
    Status,
    TokenUsage,
    ToolCallRecord,
)

ORPHAN: Final = "answer to an unknown call"
"""What an answer without a call is counted as."""


@dataclass(slots=True, eq=False)
class PendingCall:
    """A tool call that may still be waiting for its answer."""

    ask: RequestedCall
    call_id: str
    model_call: int | None
    scope: str
    parent_id: str | None = None
    output: JSONValue = None
    status: Status = "abandoned"
    error: str | None = None
    started_at: float | None = None
    ended_at: float | None = None
    answered: bool = False
    attempts: list[Attempt] = field(default_factory=list)

    def answer(self, answer: Answer) -> None:
        """Takes the answer that the model was told."""
        said = error_in(answer.output) if answer.status is None else None
        failed = said is not None or answer.status == "error"
        self.answered = True
        self.output = answer.output
        self.status = "error" if failed else answer.status or "ok"
        self.error = (answer.error or said or _as_text(answer.output)) if failed else None
        self.ended_at = answer.ended_at if self.ended_at is None else self.ended_at

    def record(self) -> ToolCallRecord:
        """The call as it stands in a trace."""
        return ToolCallRecord(
            call_id=self.call_id,
            name=self.ask.name,
            args=self.ask.args,
            output=self.output,
            status=self.status,
            error=self.error,
            model_call=self.model_call,
            scope=self.scope,
            parent_id=self.parent_id,
            attempts=tuple(self.attempts) if len(self.attempts) > 1 else (),
            started_at=self.started_at,
            ended_at=self.ended_at,
        )


class Conversation:
    """Collects what happened in a conversation, in order.

    Args:
        unread: called with what could not be placed.
    """

    def __init__(self, unread: Unread = lambda _: None) -> None:
        self.messages: list[Message] = []
        self.model_calls: list[ModelCallRecord] = []
        self.calls: list[PendingCall] = []
        self._unread = unread
        self._waiting: dict[tuple[str, str], list[deque[PendingCall]]] = {}
        self._uses: Counter[str] = Counter()
        self._given: set[str] = set()
        self._parts: dict[str, int] = {}

    @property
    def tool_calls(self) -> tuple[ToolCallRecord, ...]:
        """The tool calls in the order they were issued."""
        return tuple(call.record() for call in self.calls)

    def add_all(self, items: Iterable[Item]) -> None:
        """Takes in what happened next."""
        for item in items:
            self.add(item)

    def add(self, item: Item) -> None:
        """Takes in one thing that happened next."""
        match item:
            case MessageText():
                self.messages.append(Message(role=item.role, text=item.text, before=len(self.model_calls)))
            case Turn():
                self._take_turn(item)
            case Answer():
                self.answer(item)

    def answer(self, answer: Answer) -> None:
        """Gives an answer to the call it belongs to."""
        call = self.waiting_call(answer.call_id or answer.own_id, "" if answer.call_id else answer.name)
        if call is None and not answer.call_id:
            call = self.waiting_call("", answer.name)
        if call is None:
            self._unread(ORPHAN)
        else:
            call.answer(answer)

    def waiting_call(self, call_id: str, name: str = "") -> PendingCall | None:
        """The call without an answer that an id means; without an id the one with a name, else any. Nearest turn, first there."""
        if call_id:
            return self._next_waiting(("id", call_id))
        return self._next_waiting(("name", name) if name else ("any", ""))

    def is_waiting(self, call_id: str) -> bool:
        """Whether a call with this id waits for its answer."""
        return any(not call.answered for group in self._waiting.get(("id", call_id), ()) for call in group)

    def _next_waiting(self, key: tuple[str, str]) -> PendingCall | None:
        groups = self._waiting.get(key, [])
        while groups:
            while groups[-1]:
                call = groups[-1].popleft()
                if not call.answered:
                    return call
            groups.pop()
        return None

    def _take_turn(self, turn: Turn) -> None:
        known = self._parts.get(turn.part_of) if turn.part_of else None
        index = len(self.model_calls) if known is None else known
        if known is None:
            self.model_calls.append(_build_model_call(turn))
            if turn.part_of:
                self._parts[turn.part_of] = index
        else:
            self.model_calls[index] = _join_parts(self.model_calls[index], turn)
        for ask in turn.asks:
            self.issue(ask, model_call=index, scope=self.model_calls[index].scope)

    def issue(self, ask: RequestedCall, *, model_call: int | None, scope: str) -> PendingCall:
        """Notes a tool call; it waits for its answer from now on."""
        call = PendingCall(ask, self.unused_id(ask.call_id), model_call, scope)
        self.calls.append(call)
        for key in (("id", ask.call_id), ("name", ask.name), ("any", "")):
            groups = self._waiting.setdefault(key, [])
            if key != ("id", "") and groups and groups[-1] and groups[-1][-1].model_call == model_call:
                groups[-1].append(call)
            elif key != ("id", ""):
                groups.append(deque([call]))
        return call

    def unused_id(self, wanted: str) -> str:
        """An id that no other call of the conversation has."""
        base = wanted or f"call-{len(self._given)}"
        while True:
            self._uses[base] += 1
            call_id = base if self._uses[base] == 1 else f"{base}#{self._uses[base]}"
            if call_id not in self._given:
                self._given.add(call_id)
                return call_id


def _build_model_call(turn: Turn) -> ModelCallRecord:
    return ModelCallRecord(
        model=turn.model,
        usage=turn.usage,
        scope=turn.scope,
        text=turn.text,
        offered=turn.offered,
        started_at=turn.started_at,
        ended_at=turn.ended_at,
        error=turn.error,
    )


def _join_parts(first: ModelCallRecord, more: Turn) -> ModelCallRecord:
    """A model call and a further part of it; each part may repeat the usage of the whole."""
    return replace(
        first,
        text="\n".join(text for text in (first.text, more.text) if text),
        usage=_choose_larger(first.usage, more.usage),
        model=first.model or more.model,
        started_at=first.started_at if first.started_at is not None else more.started_at,
        ended_at=more.ended_at if more.ended_at is not None else first.ended_at,
        error=first.error or more.error,
    )


def _choose_larger(first: TokenUsage | None, second: TokenUsage | None) -> TokenUsage | None:
    if first is None or second is None:
        return first or second
    return second if second.output_tokens >= first.output_tokens else first


def _as_text(output: JSONValue) -> str:
    return output if isinstance(output, str) else dumps(output)
