"""LangGraph's checkpoints: the history of agents that nobody instrumented, out of a saver or its database.

A thread is one trace. Its checkpoints are followed from the newest back through their parents, so that a fork counts once, and
then read from the oldest on, so that messages that a summary removed later are still there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from langchain_awo.capture.importers.account import ImportAccount
from langchain_awo.capture.importers.chat import read_items, unwrap
from langchain_awo.capture.importers.checkpoint_values import PlainSerde, decode_plain_value
from langchain_awo.capture.importers.conversation import Conversation
from langchain_awo.capture.importers.lines import BadRecordError, Numbered, read_object
from langchain_awo.capture.importers.spans import parse_seconds
from langchain_awo.capture.importers.specs import collect_specs
from langchain_awo.capture.run_metadata import label_of
from langchain_awo.errors import ImportFormatError, MissingExtraError
from langchain_awo.model.secrets import hide_secrets
from langchain_awo.model.text.encoding import to_json
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import Trace

_POSTGRES: Final = ("postgresql://", "postgres://")
_THREADS: Final = "SELECT DISTINCT thread_id FROM checkpoints WHERE checkpoint_ns = '' ORDER BY thread_id"
_PARENTS: Final = (
    "SELECT checkpoint_id, parent_checkpoint_id FROM checkpoints WHERE thread_id = ? AND checkpoint_ns = ''"
)
_ALL_PARENTS: Final = (
    "SELECT thread_id, checkpoint_id, parent_checkpoint_id FROM checkpoints WHERE checkpoint_ns = ''"
)
_ONE: Final = (
    "SELECT type, checkpoint, metadata FROM checkpoints "
    "WHERE thread_id = ? AND checkpoint_ns = '' AND checkpoint_id = ?"
)


@dataclass(frozen=True, slots=True)
class _Checkpoint:
    data: Mapping[str, Any]
    metadata: Mapping[str, Any]


def is_checkpoint_database(path: Path) -> bool:
    """Whether a SQLite file holds LangGraph's checkpoints.

    Raises:
        ImportFormatError: it is damaged.
    """
    with closing(_connect(path)) as database:
        try:
            found = {
                row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            }
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise _build_damage_error(path, error) from error
    return "checkpoints" in found


def is_checkpoint_url(source: object) -> bool:
    """Whether a source is the URL of a database with checkpoints."""
    return isinstance(source, str) and source.startswith(_POSTGRES)


def is_saver(source: object) -> bool:
    """Whether a source is a checkpointer of LangGraph."""
    return callable(getattr(source, "get_tuple", None)) and callable(getattr(source, "list", None))


def read_checkpoint_database(path: Path, account: ImportAccount) -> Iterator[Trace]:
    """One trace for each thread in the file of a `SqliteSaver`, which is opened to read only.

    Raises:
        ImportFormatError: the file is damaged, and its threads cannot be listed.
    """
    with closing(_connect(path)) as database:
        try:
            threads = [thread for (thread,) in database.execute(_THREADS)]
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise _build_damage_error(path, error) from error
        for number, thread in enumerate(threads, start=1):
            with account.reading(Numbered(number, None)):
                yield _build_trace(str(thread), _read_from_database(database, thread), account)


def _read_from_database(database: sqlite3.Connection, thread: str) -> Iterator[_Checkpoint]:
    """The checkpoints of a thread, the oldest first.

    Raises:
        BadRecordError: one of them is damaged.
    """
    try:
        for checkpoint in _trace_line(dict(database.execute(_PARENTS, (thread,)))):
            row = database.execute(_ONE, (thread, checkpoint)).fetchone()
            if row is not None and row[1] is not None:
                kind, data, metadata = row
                yield _Checkpoint(
                    read_object(decode_plain_value(kind, data)),
                    read_object(decode_plain_value("json", metadata or b"{}")),
                )
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise BadRecordError(
            f"the checkpoints of the thread {thread[:60]!r} are damaged ({error})"
        ) from error


def _trace_line(parents: Mapping[str, str | None]) -> list[str]:
    """The ids of checkpoints on the way from the oldest to the newest."""
    found: dict[str, None] = {}
    checkpoint = max(parents, default=None)
    while checkpoint is not None and checkpoint in parents and checkpoint not in found:
        found[checkpoint] = None
        checkpoint = parents[checkpoint]
    return list(reversed(found))


def read_checkpoint_url(url: str, account: ImportAccount) -> Iterator[Trace]:
    """One trace for each thread in a PostgreSQL database.

    Raises:
        MissingExtraError: LangGraph's package for it is not installed.
        ImportFormatError: the database cannot be read.
    """
    try:
        from langgraph.checkpoint.postgres import PostgresSaver  # noqa: PLC0415  # an optional dependency
    except ImportError as error:
        raise MissingExtraError("langgraph-checkpoint-postgres", extra="checkpoints") from error
    try:
        with PostgresSaver.from_conn_string(url) as saver:
            saver.serde = PlainSerde()
            yield from _read_saved(saver, _list_known_to_server(saver), account)
    except ImportFormatError:
        raise
    except Exception as error:  # each driver has errors of its own
        raise ImportFormatError(
            f"{_without_password(url)} cannot be read: {hide_secrets(str(error))}"
        ) from error


def _list_known_to_server(saver: Any) -> Iterator[tuple[str, str, str | None]]:
    """Thread, checkpoint and parent of every checkpoint; `saver.list` would hold all of them in memory."""
    for row in saver.conn.execute(_ALL_PARENTS):
        yield row["thread_id"], row["checkpoint_id"], row["parent_checkpoint_id"]


def read_saver(saver: Any, account: ImportAccount) -> Iterator[Trace]:
    """One trace for each thread of a checkpointer."""
    yield from _read_saved(saver, _list_known(saver), account)


def _list_known(saver: Any) -> Iterator[tuple[str, str, str | None]]:
    for found in saver.list(None):
        where = found.config["configurable"]
        if where.get("checkpoint_ns", "") == "":
            parent = (found.parent_config or {}).get("configurable", {}).get("checkpoint_id")
            yield str(where["thread_id"]), found.checkpoint["id"], parent


def _read_saved(
    saver: Any, known: Iterable[tuple[str, str, str | None]], account: ImportAccount
) -> Iterator[Trace]:
    threads: dict[str, dict[str, str | None]] = {}
    for thread, checkpoint, parent in known:
        threads.setdefault(thread, {})[checkpoint] = parent
    for number, thread in enumerate(sorted(threads), start=1):
        with account.reading(Numbered(number, None)):
            yield _build_trace(thread, _read_from_saver(saver, thread, _trace_line(threads[thread])), account)


def _read_from_saver(saver: Any, thread: str, checkpoints: Iterable[str]) -> Iterator[_Checkpoint]:
    for checkpoint in checkpoints:
        where = {"thread_id": thread, "checkpoint_ns": "", "checkpoint_id": checkpoint}
        found = saver.get_tuple({"configurable": where})
        if found is not None:
            yield _Checkpoint(found.checkpoint, found.metadata or {})


def _build_trace(thread: str, checkpoints: Iterable[_Checkpoint], account: ImportAccount) -> Trace:
    """The trace of a thread, of whose checkpoints only one is in memory at a time."""
    found: _Messages = {}
    times: list[float] = []
    metadata: Mapping[str, Any] = {}
    for each in checkpoints:
        _add_messages(found, each)
        times += [time] if (time := parse_seconds(each.data.get("ts"))) is not None else []
        metadata = each.metadata
    if not found:
        raise BadRecordError(f"the thread {thread[:60]!r} has no messages in its state")
    conversation = Conversation(account.unread)
    conversation.add_all(read_items(list(found.values()), account.unread))
    calls = conversation.tool_calls
    label = label_of({key: metadata[key] for key in metadata.keys() - _WRITTEN}, ())
    return Trace(
        trace_id=thread,
        task_id=label.task_id,
        thread_id=thread,
        trial=label.trial,
        domain=label.domain,
        model=next((call.model for call in conversation.model_calls if call.model), ""),
        started_at=min(times, default=None),
        ended_at=max(times, default=None),
        messages=tuple(conversation.messages),
        model_calls=tuple(conversation.model_calls),
        tool_calls=calls,
        tools=collect_specs((), called={call.name for call in calls}),
        metadata=label.metadata,
    )


_WRITTEN: Final = {"source", "step", "parents", "writes", "run_id", "counters_since_delta_snapshot"}

_Messages: TypeAlias = dict[str, JSONValue]


def _add_messages(found: _Messages, checkpoint: _Checkpoint) -> None:
    """Adds the messages of a later checkpoint; one that was replaced stands where it was, as it is now."""
    values = checkpoint.data.get("channel_values")
    held = values.get("messages") if isinstance(values, Mapping) else None
    for position, message in enumerate(held if isinstance(held, list) else ()):
        plain = _read_message(message)
        given = plain.get("id") if isinstance(plain, Mapping) else None
        found[str(given or f"#{position}")] = plain


def _read_message(message: object) -> JSONValue:
    return unwrap(to_json(message))


def _connect(path: Path) -> sqlite3.Connection:
    try:
        return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise _build_damage_error(path, error) from error


def _build_damage_error(path: Path, error: Exception) -> ImportFormatError:
    return ImportFormatError(
        f"{path} is a SQLite database that cannot be read ({error}); recover it with sqlite3 first"
    )


def _without_password(url: str) -> str:
    return url.rpartition("@")[2].partition("?")[0]
