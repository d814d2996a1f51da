"""LangGraph's checkpoints: the history of agents that nobody instrumented, out of a saver or its database.

A thread is one trace. Its checkpoints are followed from the newest back through their parents, so that a fork counts once and
messages that a summary removed later are still there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from langchain_awo.capture.importers.account import ImportAccount
from langchain_awo.capture.importers.chat import items_in, unwrap
from langchain_awo.capture.importers.checkpoint_values import PlainSerde, plain_value
from langchain_awo.capture.importers.conversation import Conversation
from langchain_awo.capture.importers.lines import BadRecordError, Numbered, object_in
from langchain_awo.capture.importers.spans import seconds_of
from langchain_awo.capture.importers.specs import sorted_specs
from langchain_awo.capture.snapshot import label_of
from langchain_awo.errors import ImportFormatError, MissingExtraError
from langchain_awo.model.text.encoding import to_json
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import Trace

_POSTGRES: Final = ("postgresql://", "postgres://")
_THREADS: Final = (
    "SELECT thread_id, checkpoint_ns, max(checkpoint_id) FROM checkpoints WHERE checkpoint_ns = '' "
    "GROUP BY thread_id, checkpoint_ns ORDER BY thread_id"
)
_ONE: Final = (
    "SELECT type, checkpoint, parent_checkpoint_id, metadata FROM checkpoints "
    "WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ?"
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
    with closing(_connected(path)) as database:
        try:
            found = {
                row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            }
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise _damaged(path, error) from error
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
        ImportFormatError: the file is damaged.
    """
    with closing(_connected(path)) as database:
        try:
            for number, (thread, ns, newest) in enumerate(database.execute(_THREADS), start=1):
                with account.reading(Numbered(number, None)):
                    yield _trace(str(thread), _chain(database, thread, ns, newest), account)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise _damaged(path, error) from error


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
            yield from read_saver(saver, account)
    except ImportFormatError:
        raise
    except Exception as error:  # each driver has errors of its own
        raise ImportFormatError(f"{_without_password(url)} cannot be read: {error}") from error


def read_saver(saver: Any, account: ImportAccount) -> Iterator[Trace]:
    """One trace for each thread of a checkpointer."""
    newest: dict[str, Any] = {}
    for found in saver.list(None):
        where = found.config["configurable"]
        if where.get("checkpoint_ns", "") == "":
            thread = str(where["thread_id"])
            former = newest.get(thread)
            if former is None or found.checkpoint["id"] > former["configurable"]["checkpoint_id"]:
                newest[thread] = found.config
    for number, thread in enumerate(sorted(newest), start=1):
        with account.reading(Numbered(number, None)):
            yield _trace(thread, _saved_chain(saver, newest[thread]), account)


def _saved_chain(saver: Any, config: Any) -> list[_Checkpoint]:
    """The checkpoints of a thread from the newest back."""
    chain: list[_Checkpoint] = []
    while config is not None:
        found = saver.get_tuple(config)
        if found is None:
            break
        chain.append(_Checkpoint(found.checkpoint, found.metadata or {}))
        config = found.parent_config
    return chain


def _chain(database: sqlite3.Connection, thread: str, ns: str, newest: str) -> list[_Checkpoint]:
    chain: list[_Checkpoint] = []
    seen: set[str] = set()
    checkpoint: str | None = newest
    while checkpoint is not None and checkpoint not in seen:
        seen.add(checkpoint)
        row = database.execute(_ONE, (thread, ns, checkpoint)).fetchone()
        if row is None:
            break
        kind, data, checkpoint, metadata = row
        if data is not None:
            chain.append(
                _Checkpoint(
                    object_in(plain_value(kind, data)), object_in(plain_value("json", metadata or b"{}"))
                )
            )
    return chain


def _trace(thread: str, chain: list[_Checkpoint], account: ImportAccount) -> Trace:
    messages = _messages(reversed(chain))
    if not messages:
        raise BadRecordError(f"the thread {thread[:60]!r} has no messages in its state")
    conversation = Conversation(account.unread)
    conversation.add_all(items_in(messages, account.unread))
    times = [time for each in chain if (time := seconds_of(each.data.get("ts"))) is not None]
    calls = conversation.tool_calls
    metadata = chain[0].metadata
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
        tools=sorted_specs((), called={call.name for call in calls}),
        metadata=label.metadata,
    )


_WRITTEN: Final = {"source", "step", "parents", "writes", "run_id", "counters_since_delta_snapshot"}

_Messages: TypeAlias = dict[str, JSONValue]


def _messages(chain: Iterable[_Checkpoint]) -> list[JSONValue]:
    """The messages of a thread, oldest first; one that was replaced stands as it was last."""
    found: _Messages = {}
    for each in chain:
        values = each.data.get("channel_values")
        held = values.get("messages") if isinstance(values, Mapping) else None
        for position, message in enumerate(held if isinstance(held, list) else ()):
            plain = _message(message)
            given = plain.get("id") if isinstance(plain, Mapping) else None
            found[str(given or f"#{position}")] = plain
    return list(found.values())


def _message(message: object) -> JSONValue:
    return unwrap(to_json(message))


def _connected(path: Path) -> sqlite3.Connection:
    try:
        return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> ImportFormatError:
    return ImportFormatError(
        f"{path} is a SQLite database that cannot be read ({error}); expected a whole one, recover it with sqlite3 first"
    )


def _without_password(url: str) -> str:
    return url.rpartition("@")[2].partition("?")[0]
