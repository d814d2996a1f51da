"""The figures of a store in a database, counted by the database."""

from __future__ import annotations

from sqlalchemy import Connection, distinct, func, select

from langchain_awo.stores.database import Database
from langchain_awo.stores.migrations import SCHEMA_VERSION
from langchain_awo.stores.scope import LABELS, Scope
from langchain_awo.stores.sql_reading import build_scope_conditions
from langchain_awo.stores.summary import StoreSummary
from langchain_awo.stores.tables import TRACES


def count(connection: Connection, database: Database, scope: Scope) -> int:
    """How many traces a scope has."""
    return connection.execute(
        select(func.count()).select_from(TRACES).where(*build_scope_conditions(scope, database))
    ).scalar_one()


def summarize(connection: Connection, database: Database, scope: Scope) -> StoreSummary:
    """See `TraceStore.summarize`."""
    own = build_scope_conditions(scope, database)
    figures = connection.execute(
        select(
            func.count(),
            func.coalesce(func.sum(TRACES.c.model_call_count), 0),
            func.coalesce(func.sum(TRACES.c.tool_call_count), 0),
            func.count(distinct(TRACES.c.thread_id)),
            func.count(distinct(TRACES.c.user_id)),
            func.count(TRACES.c.started_at),
            func.min(TRACES.c.started_at),
            func.max(TRACES.c.started_at),
        ).where(*own)
    ).one()
    traces, model_calls, tool_calls, threads, users, dated, first, last = figures
    labels = [TRACES.c[name] for name in LABELS]
    scopes = connection.execute(select(*labels, func.count()).where(*own).group_by(*labels))
    return StoreSummary(
        traces=traces,
        model_calls=model_calls,
        tool_calls=tool_calls,
        threads=threads,
        users=users,
        undated=traces - dated,
        first=first,
        last=last,
        scopes={database.restore(tuple(row[:-1])): row[-1] for row in scopes},
        schema_version=SCHEMA_VERSION,
        size=database.size(connection),
    )
