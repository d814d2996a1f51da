"""From the tables of an earlier version to those of this one, a numbered step at a time.

A new database gets the tables of `tables.py` at once; a test holds that both ways lead to the same tables. To change the
tables, change `tables.py` and add a step here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text, update

from langchain_awo.model.text.encoding import loads
from langchain_awo.stores.selection import find_user
from langchain_awo.stores.tables import META

_ROWS_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class Migration:
    """One step.

    Attributes:
        number: the schema version it leads to.
        what: what it brings.
        sqlite: its statements on SQLite.
        postgresql: its statements on PostgreSQL.
        fill: what SQL cannot say.
    """

    number: int
    what: str
    sqlite: tuple[str, ...]
    postgresql: tuple[str, ...]
    fill: Callable[[Connection], None] | None = None


_COLUMNS_OF_1: Final = (
    "seq, trace_id, task_id, thread_id, trial, domain, model, success, started_at, ended_at, "
    "model_call_count, tool_call_count, tags, tools, metadata"
)

_SCOPE_COLUMNS: Final = tuple(
    f"{name} VARCHAR DEFAULT '' NOT NULL" for name in ("project", "tenant", "environment")
)

SCOPES: Final = Migration(
    2,
    "projects, tenants and environments; a trace id is unique within one of them",
    sqlite=(
        f"""CREATE TABLE traces_2 (
            seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, trace_id VARCHAR NOT NULL, task_id VARCHAR,
            thread_id VARCHAR, trial INTEGER, domain VARCHAR NOT NULL, model VARCHAR NOT NULL, success BOOLEAN,
            started_at FLOAT, ended_at FLOAT, model_call_count INTEGER NOT NULL, tool_call_count INTEGER NOT NULL,
            tags TEXT, tools TEXT, metadata TEXT, {", ".join(_SCOPE_COLUMNS)},
            CONSTRAINT traces_id_in_scope UNIQUE (trace_id, project, tenant, environment))""",
        f"INSERT INTO traces_2 ({_COLUMNS_OF_1}) SELECT {_COLUMNS_OF_1} FROM traces",  # noqa: S608  # constants
        """UPDATE sqlite_sequence SET seq = (SELECT seq FROM sqlite_sequence WHERE name = 'traces')
            WHERE name = 'traces_2'""",
        "DROP TABLE traces",
        "ALTER TABLE traces_2 RENAME TO traces",
        "CREATE INDEX ix_traces_domain ON traces (domain)",
        "CREATE INDEX ix_traces_thread_id ON traces (thread_id)",
        "CREATE INDEX ix_traces_scope ON traces (project, tenant, environment, seq)",
    ),
    postgresql=(
        *(f"ALTER TABLE traces ADD COLUMN {column}" for column in _SCOPE_COLUMNS),
        "ALTER TABLE traces DROP CONSTRAINT traces_trace_id_key",
        "ALTER TABLE traces ADD CONSTRAINT traces_id_in_scope UNIQUE (trace_id, project, tenant, environment)",
        "CREATE INDEX ix_traces_scope ON traces (project, tenant, environment, seq)",
    ),
)


def _fill_users(connection: Connection) -> None:
    seen = -1
    page = text(
        "SELECT seq, metadata FROM traces WHERE seq > :seen AND metadata IS NOT NULL ORDER BY seq LIMIT :most"
    )
    while rows := connection.execute(page, {"seen": seen, "most": _ROWS_AT_ONCE}).all():
        seen = rows[-1][0]
        users = [{"at": seq, "user": _read_user(metadata)} for seq, metadata in rows]
        if found := [each for each in users if each["user"] is not None]:
            connection.execute(text("UPDATE traces SET user_id = :user WHERE seq = :at"), found)


def _read_user(metadata: str) -> str | None:
    try:
        return find_user(loads(metadata))
    except ValueError:
        return None  # a spoilt row is reported by whoever reads it


_USER_STATEMENTS: Final = (
    "ALTER TABLE traces ADD COLUMN user_id VARCHAR",
    "CREATE INDEX ix_traces_user_id ON traces (user_id)",
    "CREATE INDEX ix_traces_started_at ON traces (started_at)",
)

USERS: Final = Migration(
    3,
    "users and ages can be looked up, to delete traces by them",
    sqlite=_USER_STATEMENTS,
    postgresql=_USER_STATEMENTS,
    fill=_fill_users,
)

MIGRATIONS: Final = (SCOPES, USERS)
"""All steps, by number."""

FIRST_VERSION: Final = 1
SCHEMA_VERSION: Final = MIGRATIONS[-1].number
"""Version of the tables that this package reads and writes."""


def migrate(connection: Connection, *, found: int) -> None:
    """Brings tables of an earlier version up to this one, in the caller's transaction."""
    for step in MIGRATIONS:
        if step.number > found:
            for statement in step.sqlite if connection.dialect.name == "sqlite" else step.postgresql:
                connection.execute(text(statement))
            if step.fill is not None:
                step.fill(connection)
    version = {"value": str(SCHEMA_VERSION)}
    connection.execute(update(META).where(META.c.key == "schema_version").values(version))
