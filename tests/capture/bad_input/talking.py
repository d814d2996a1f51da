"""Runs as conversations: messages, the session files of coding agents, and checkpoints."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from tests.capture.bad_input.runs import ASKED, TOOL, Family, Row, Run, answered, called, span_id

_STATES: Final = 10
"""Checkpoints of a thread; each holds all messages up to then, so a database grows with their product."""


def messages(run: Run) -> Iterator[Row]:
    """One record with the messages of OpenAI."""
    yield {"id": run.name, "messages": list(_conversation(run))}


def _conversation(run: Run) -> Iterator[Row]:
    yield {"role": "user", "content": ASKED}
    for number in range(run.calls):
        yield called(run, number)
        yield answered(run, number)
    yield called(run, run.calls)


def claude_code(run: Run) -> Iterator[Row]:
    """A line for each message, a tree by its parents."""
    above = None
    for place, message in enumerate(_anthropic(run)):
        yield {
            "sessionId": run.name,
            "isSidechain": False,
            "version": "2",
            "type": message["role"],
            "uuid": f"{run.name}-{place}",
            "parentUuid": run.parent if run.parent is not None and place else above,
            "timestamp": "2024-05-02T10:00:00Z",
            "message": message,
        }
        above = f"{run.name}-{place}"


def _anthropic(run: Run) -> Iterator[Row]:
    yield {"role": "user", "content": ASKED}
    for number in range(run.calls):
        block = {"type": "tool_use", "id": run.id_of(number), "name": TOOL, "input": {"boat": number}}
        yield {"role": "assistant", "id": f"msg_{number}", "model": "m-1", "content": [block]}
        result = {"type": "tool_result", "tool_use_id": run.id_of(number), "content": run.text}
        yield {"role": "user", "content": [result]}
    yield {"role": "assistant", "id": "msg_end", "model": "m-1", "content": "Counted."}


def codex(run: Run) -> Iterator[Row]:
    """A session: items of the Responses API."""
    about = {"timestamp": "2024-05-02T10:00:00Z"}
    yield {**about, "type": "session_meta", "payload": {"id": run.name}}
    for item in _items(run):
        yield {**about, "type": "response_item", "payload": item}


def _items(run: Run) -> Iterator[Row]:
    yield {"type": "message", "role": "user", "content": [{"type": "input_text", "text": ASKED}]}
    for number in range(run.calls):
        about = {"call_id": run.id_of(number)}
        yield {"type": "function_call", **about, "name": TOOL, "arguments": json.dumps({"boat": number})}
        yield {"type": "function_call_output", **about, "output": run.text}
    yield {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Counted."}]}


def write_checkpoints(path: Path, runs: list[Run]) -> None:
    """The database of a `SqliteSaver`: what it holds of each thread is its history."""
    serializer = JsonPlusSerializer()
    with closing(sqlite3.connect(path)) as database:
        database.execute(
            "CREATE TABLE checkpoints (thread_id TEXT, checkpoint_ns TEXT DEFAULT '', checkpoint_id TEXT, "
            "parent_checkpoint_id TEXT, type TEXT, checkpoint BLOB, metadata BLOB)"
        )
        for run in runs:
            for row in _states(run, serializer):
                database.execute("INSERT INTO checkpoints VALUES (?, '', ?, ?, ?, ?, ?)", row)
        database.commit()


def _states(run: Run, serializer: JsonPlusSerializer) -> Iterator[tuple[Any, ...]]:
    whole = list(_state_messages(run))
    size = max(1, -(-len(whole) // _STATES))
    parent = run.parent
    for number, end in enumerate(range(size, len(whole) + size, size)):
        state = {
            "v": 1,
            "id": span_id(number),
            "ts": "2024-05-02T10:00:00+00:00",
            "channel_values": {"messages": whole[:end]},
        }
        kind, data = serializer.dumps_typed(state)
        yield run.name, span_id(number), parent, kind, data, b"{}"
        parent = run.parent if run.parent is not None else span_id(number)


def _state_messages(run: Run) -> Iterator[BaseMessage]:
    yield HumanMessage(ASKED, id="m0")
    for number in range(run.calls):
        call = {"name": TOOL, "args": {"boat": number}, "id": run.id_of(number), "type": "tool_call"}
        yield AIMessage("", id=f"a{number}", tool_calls=[call])
        yield ToolMessage(run.text, tool_call_id=run.id_of(number), id=f"t{number}")
    yield AIMessage("Counted.", id="end")


def _no_rows(_run: Run) -> Iterator[Row]:
    return iter(())


CHECKPOINTS: Final = Family("checkpoints", _no_rows)
FAMILIES: Final = (
    Family("messages", messages, ordered=True),
    Family("claude-code", claude_code, ordered=True),
    Family("codex", codex, ordered=True, alone=True),
    CHECKPOINTS,
)
