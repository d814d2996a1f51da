"""What a prompt tells: words from outside, and answers to tool calls. A turn costs what is new in its prompt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, Final

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from langchain_awo.capture import snapshot
from langchain_awo.capture.frozen import freeze, freeze_arguments, shorten, thaw
from langchain_awo.capture.state import Heard, IssuedCall, Recording, Seat
from langchain_awo.model.text.encoding import project_output
from langchain_awo.model.text.failure import find_failure
from langchain_awo.model.trace.thread import CONTINUED, FRESH
from langchain_awo.model.trace.trace import Message, ToolCallRecord

SOURCE: Final = "lc_source"
"""Where LangChain marks the model calls and messages that it makes for itself."""

KEPT_WORDS: Final = 200
"""Longer messages, in characters, are told apart by length and hash: a run remembers all that it heard."""

_SUMMARY: Final = "Here is a summary of the conversation to date"
"""How summaries begin that older versions of LangChain do not mark."""


def find_seat(
    recording: Recording, scope: str, metadata: Mapping[str, Any], *, offered: Sequence[str], structured: bool
) -> Seat:
    """The place that a model call comes from."""
    node, source = str(metadata.get("langgraph_node") or ""), str(metadata.get(SOURCE) or "")
    key = (scope, node, source, bool(offered), structured)
    seat = recording.seats.get(key)
    if seat is None:
        seat = recording.seats[key] = Seat(
            scope=scope, node=node, source=source, offers=bool(offered), structured=structured
        )
    seat.offered.update(offered)
    return seat


def read_prompt(recording: Recording, seat: Seat, prompt: Sequence[BaseMessage], inside: bool) -> None:  # noqa: FBT001  # as one of the values of an event
    """Notes what is new in a prompt.

    Args:
        recording: where to note it.
        seat: where the model call comes from.
        prompt: the messages.
        inside: whether the call is made inside of a tool, whose words are not from outside.
    """
    before, asked = len(recording.model_runs), len(prompt) - len(collect_trailing_results(prompt))
    if seat.length == 0 and not inside:
        seat.begins = _classify_beginning(prompt)
        if not recording.issued and not recording.parts and recording.label.thread_id is not None:
            _note_refusals(recording, prompt)
    for position, message in _find_unread(seat, prompt):
        kind = message.type
        if kind == "human":
            if not inside:
                _hear(recording, seat, message, before)
        elif kind == "system":
            _instruct(recording, seat, message, before)
        elif isinstance(message, ToolMessage) and (message.tool_call_id or position >= asked):
            _record_answer(recording, seat, message)


def collect_trailing_results(prompt: Sequence[BaseMessage]) -> list[ToolMessage]:
    """The results of tool calls that end a prompt, the last one first."""
    found = []
    for message in reversed(prompt):
        if not isinstance(message, ToolMessage):
            break
        found.append(message)
    return found


def _classify_beginning(prompt: Sequence[BaseMessage]) -> str | None:
    """Whether a first prompt begins a conversation; examples in it look like a conversation that goes on."""
    if any(_is_summary(message) for message in prompt):
        return CONTINUED
    return FRESH if all(message.type in ("human", "system") for message in prompt) else None


def _note_refusals(recording: Recording, prompt: Sequence[BaseMessage]) -> None:
    """Notes calls of an earlier run of the thread that a person refused: no tool runs, the model is only told."""
    results = {message.tool_call_id: message for message in collect_trailing_results(prompt)}
    asked = prompt[-len(results) - 1] if len(results) < len(prompt) else None
    known = {run.call_id for run in recording.tool_runs}
    for call in asked.tool_calls if isinstance(asked, AIMessage) else ():
        told = results.get(call["id"] or "")
        if told is None or told.status != "error" or told.tool_call_id in known:
            continue
        recording.refused.append(
            ToolCallRecord(
                call_id=told.tool_call_id,
                name=call["name"],
                args=thaw(freeze_arguments(call["args"])),
                output=thaw(freeze(project_output(told.content, told.artifact))),
                status="error",
                error=snapshot.read_text(told.content)[: snapshot.MAX_ERROR_TEXT],
            )
        )


def _find_unread(seat: Seat, prompt: Sequence[BaseMessage]) -> Iterator[tuple[int, BaseMessage]]:
    """The messages behind those of the last prompt if it only grew, else all of them; the system prompt always."""
    start = _read_so_far(seat, prompt)
    if start == 0:
        seat.repeats = Counter()
    elif prompt[0].type == "system":
        yield 0, prompt[0]
    for position in range(start, len(prompt)):
        yield position, prompt[position]
    seat.length = len(prompt)
    seat.last = _derive_key(prompt[-1]) if prompt else None


def _read_so_far(seat: Seat, prompt: Sequence[BaseMessage]) -> int:
    if not 0 < seat.length <= len(prompt):
        return 0
    return seat.length if _derive_key(prompt[seat.length - 1]) == seat.last else 0


def _derive_key(message: BaseMessage) -> Hashable:
    if message.id is not None:
        return message.id
    content = message.content
    told = getattr(message, "tool_call_id", None)
    return message.type, told, content if isinstance(content, str) else snapshot.read_text(content)


def _hear(recording: Recording, seat: Seat, message: BaseMessage, before: int) -> None:
    if _is_marked(message):
        return
    text = shorten(snapshot.read_text(message.content))
    nth = 1
    if message.id is not None:
        if message.id in seat.seen_ids:
            return
        seat.seen_ids.add(message.id)
    else:
        key = _compact_words(text)
        seat.repeats[key] = nth = seat.repeats[key] + 1
        if nth <= seat.heard[key]:
            return
        seat.heard[key] = nth
    said = Message(role="user", text=text, before=before)
    recording.heard.append(Heard(seat=seat, message=said, message_id=message.id, nth=nth))
    recording.size += len(text)


def _compact_words(text: str) -> Hashable:
    return text if len(text) <= KEPT_WORDS else (len(text), hash(text))


def _instruct(recording: Recording, seat: Seat, message: BaseMessage, before: int) -> None:
    text = shorten(snapshot.read_text(message.content))
    key = _compact_words(text)
    if key not in recording.seen_prompts:
        recording.seen_prompts.add(key)
        said = Message(role="system", text=text, before=before)
        recording.heard.append(Heard(seat=seat, message=said, message_id=None))
        recording.size += len(text)


def _record_answer(recording: Recording, seat: Seat, message: ToolMessage) -> None:
    call = _find_unanswered(recording, seat.scope, message.tool_call_id or "")
    if call is None or (call.latest is not None and call.latest.status == "ok"):
        return
    answer = project_output(message.content, message.artifact)
    failed = message.status == "error" or find_failure(answer) is not None
    call.answer, call.answered = freeze(answer), "error" if failed else "ok"
    call.model_run.seat.ran = True
    recording.size += len(call.answer)


def _find_unanswered(recording: Recording, scope: str, call_id: str) -> IssuedCall | None:
    """The call that a result is of; those without an id are answered in the order in which they were issued."""
    waiting = recording.unanswered.get((scope, call_id))
    if waiting is None and call_id in recording.named:
        scope = recording.named[call_id][0].scope
        waiting = recording.unanswered.get((scope, call_id))
    if waiting is None:
        return None
    call = waiting.popleft()
    if not waiting:
        del recording.unanswered[scope, call_id]
    return call


def _is_marked(message: BaseMessage) -> bool:
    """Whether a message of the user's role is LangChain's own."""
    return isinstance(message.additional_kwargs.get(SOURCE), str) or _is_summary(message)


def _is_summary(message: BaseMessage) -> bool:
    if message.type != "human":
        return False
    if message.additional_kwargs.get(SOURCE) == "summarization":
        return True
    return isinstance(message.content, str) and message.content.startswith(_SUMMARY)
