"""Session files of Claude Code: one JSON line for each message, a tree by `parentUuid`.

Lines with one `message.id` are one model call. A rewind makes a branch: what counts is the way back from the last line. Messages
of sub-agents (`isSidechain`) are traces of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from langchain_awo.capture.importers.account import ImportAccount
from langchain_awo.capture.importers.chat import read_message
from langchain_awo.capture.importers.conversation import Conversation
from langchain_awo.capture.importers.lines import BadRecordError, Numbered, read_text
from langchain_awo.capture.importers.spans import parse_seconds
from langchain_awo.capture.importers.specs import collect_specs
from langchain_awo.capture.importers.turns import Answer, Item, Turn
from langchain_awo.model.trace.trace import Trace

_KINDS: Final = ("user", "assistant")
_COMMANDS: Final = (
    "<command-name>",
    "<local-command-stdout>",
    "<command-message>",
    "Caveat: The messages below",
)


def is_claude_code(value: Mapping[str, Any]) -> bool:
    """Whether a record is a line of a session."""
    return "sessionId" in value and "uuid" in value and "type" in value


def read_claude_code(records: Iterable[Numbered], account: ImportAccount) -> Iterator[Trace]:
    """One trace for each session in a file, and one for each sub-agent of it."""
    sessions: dict[tuple[str, str], list[Numbered]] = {}
    parents: dict[str, str] = {}
    for record in records:
        if (
            isinstance(record.value, Mapping)
            and record.value.get("type") in _KINDS
            and isinstance(record.value.get("message"), Mapping)
        ):
            sessions.setdefault(
                (read_text(record.value.get("sessionId")), _find_agent(record.value, parents)), []
            ).append(record)
    for (session, agent), lines in sessions.items():
        with account.reading(lines[0]):
            yield _build_trace(session, agent, lines, account)


def _find_agent(line: Mapping[str, Any], agents: dict[str, str]) -> str:
    """Which sub-agent a line is of: its id, else the first line of the sidechain; empty for the main one."""
    if not line.get("isSidechain"):
        return ""
    parent = read_text(line.get("parentUuid"))
    agent = read_text(line.get("agentId")) or agents.get(parent) or read_text(line.get("uuid"))
    agents[read_text(line.get("uuid"))] = agent
    return agent


def _build_trace(session: str, agent: str, lines: list[Numbered], account: ImportAccount) -> Trace:
    kept = _select_last_branch(lines)
    conversation = Conversation(account.unread)
    for line in kept:
        if not _is_meta(line):
            conversation.add_all(_read_items(line, account))
    if not session:
        raise BadRecordError("it names no session")
    if not conversation.model_calls:
        raise BadRecordError(f"no model was called in the session {session[:60]}")
    times = [time for line in kept if (time := parse_seconds(line.get("timestamp"))) is not None]
    calls = conversation.tool_calls
    about = {key: read_text(kept[0][key]) for key in ("cwd", "gitBranch", "version") if kept[0].get(key)}
    return Trace(
        trace_id=f"{session}:{agent}" if agent else session,
        thread_id=f"{session}:{agent}" if agent else session,
        model=next((call.model for call in conversation.model_calls if call.model), ""),
        started_at=min(times, default=None),
        ended_at=max(times, default=None),
        messages=tuple(conversation.messages),
        model_calls=tuple(conversation.model_calls),
        tool_calls=calls,
        tools=collect_specs((), called={call.name for call in calls}),
        metadata=about,
    )


def _select_last_branch(lines: list[Numbered]) -> list[Mapping[str, Any]]:
    """The lines on the way back from the last one, and those before the point where the file begins to know parents.

    A parallel call's result points to its own call, so siblings with the `message.id` of a kept line are kept too.
    """
    values = [line.value for line in lines]
    by_id = {read_text(value.get("uuid")): value for value in values}
    places: dict[str, int] = {}
    for place, value in enumerate(values):
        places.setdefault(read_text(value.get("uuid")), place)
    kept: set[str] = set()
    current = read_text(values[-1].get("uuid"))
    while current in by_id and current not in kept:
        kept.add(current)
        parent = read_text(by_id[current].get("parentUuid") or by_id[current].get("logicalParentUuid"))
        current = parent if parent in by_id else _find_line_before(values, places[current], kept)
    models = {_get_message_id(by_id[each]) for each in kept} - {""}
    for value in values:
        if _get_message_id(value) in models or (
            read_text(value.get("parentUuid")) in kept and _has_results(value)
        ):
            kept.add(read_text(value.get("uuid")))
    unique = {read_text(value.get("uuid")): value for value in values}
    return [value for each, value in unique.items() if each in kept]


def _find_line_before(values: list[Mapping[str, Any]], place: int, kept: set[str]) -> str:
    """The last line before one whose parent the file does not have: a session that was continued or compacted."""
    line = values[place]
    if (
        line.get("parentUuid") is None
        and line.get("logicalParentUuid") is None
        and not line.get("isCompactSummary")
    ):
        return ""
    before = read_text(values[place - 1].get("uuid")) if place else ""
    return "" if before in kept else before


def _get_message_id(line: Mapping[str, Any]) -> str:
    return read_text(line["message"].get("id")) if line.get("type") == "assistant" else ""


def _has_results(line: Mapping[str, Any]) -> bool:
    content = line["message"].get("content")
    return isinstance(content, list) and any(
        isinstance(block, Mapping) and block.get("type") == "tool_result" for block in content
    )


def _is_meta(line: Mapping[str, Any]) -> bool:
    """Whether a line is no one's words: notes of the program, commands and their output, summaries."""
    if line.get("isMeta") or line.get("isCompactSummary") or line["message"].get("model") == "<synthetic>":
        return True
    content = line["message"].get("content")
    return isinstance(content, str) and content.lstrip().startswith(_COMMANDS)


def _read_items(line: Mapping[str, Any], account: ImportAccount) -> Iterator[Item]:
    time = parse_seconds(line.get("timestamp"))
    message = line["message"]
    if message.get("content") is None:
        account.unread("line without content")
        return
    for item in read_message({**message, "name": None}, account.unread):
        if isinstance(item, Turn):
            yield replace(item, part_of=_get_message_id(line), ended_at=time)
        else:
            yield replace(item, ended_at=time) if isinstance(item, Answer) else item
