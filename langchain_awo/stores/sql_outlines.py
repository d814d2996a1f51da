"""What is counted of the traces of a database, without the columns that only whole traces need."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, chain
from typing import Any, Final

from sqlalchemy import Connection

from langchain_awo.model.trace.outline import Outline
from langchain_awo.stores.decoding import Kinds, Rows, Specs
from langchain_awo.stores.selection import Selection
from langchain_awo.stores.sql_reading import Page, TraceReader, build_part_query
from langchain_awo.stores.store import Needs
from langchain_awo.stores.tables import TOOL_CALLS, TRACES

_READ_AT_ONCE: Final = 512
"""Outlines fetched together."""

_CALLS_AT_ONCE: Final = 50_000
"""So many tool calls end a page, so that long runs need no more memory than short ones."""

_HEAD: Final = (
    "tools",
    "task_id",
    "trace_id",
    "thread_id",
    "domain",
    "model",
    "model_call_count",
    "tool_call_count",
)
_HEAD_COLUMNS: Final = tuple(TRACES.c[name] for name in ("seq", *_HEAD))
_HEAD_KINDS: Final = Kinds(_HEAD, required=("trace_id", "model_call_count", "tool_call_count"))
_CALL: Final = ("trace_seq", "name", "meta_tool", "model_call")
_CALL_KINDS: Final = Kinds(_CALL, required=("name",))
_CALLS: Final = build_part_query(TOOL_CALLS, [TOOL_CALLS.c[name] for name in _CALL])


def outline_page(
    reader: TraceReader, wanted: Selection, needs: Needs, connection: Connection, *, after: int, last: int
) -> Page:
    """The outlines of the next traces of a selection, but for those that are needed as a whole; of these, their numbers.

    A trace whose columns are not as this package writes them is needed too: reading it says what is wrong with it.
    """
    rows = reader.select_traces(connection, _HEAD_COLUMNS, wanted, after=after, last=last, most=_READ_AT_ONCE)
    if not rows:
        return Page(None)
    rows = _take_some(rows)
    chosen = [row for row in rows if wanted.task_ids is None or row[2] in wanted.task_ids]
    calls = reader.fetch_parts(connection, _CALLS, [row[0] for row in chosen])
    specs = reader.learn_specs(connection, [row[1] for row in chosen])
    heads_fit = _HEAD_KINDS.fit([row[1:] for row in chosen])
    all_fit = heads_fit and _CALL_KINDS.fit(list(chain.from_iterable(calls.values())))
    outlines, needed = [], []
    for seq, *head in chosen:
        own = calls.get(seq, ())
        fits = all_fit or (_HEAD_KINDS.fit([tuple(head)]) and _CALL_KINDS.fit(own))
        outline = _read_outline(head, own, specs) if fits else None
        if outline is None or needs(outline):
            needed.append(seq)
        else:
            outlines.append(outline)
    return Page(rows[-1][0], outlines=outlines, needed=needed)


def _take_some(rows: Rows) -> Rows:
    """The first rows, as far as they have few enough tool calls together; one in any case."""
    counts = (row[-1] if isinstance(row[-1], int) else 0 for row in rows)
    few = sum(total <= _CALLS_AT_ONCE for total in accumulate(counts))
    return rows[: max(1, few)]


def _read_outline(head: Sequence[Any], calls: Rows, specs: Specs) -> Outline | None:
    tools, task_id, trace_id, thread_id, domain, model, model_calls, _ = head
    try:
        named = specs.named_in(tools)
    except (ValueError, TypeError):
        return None
    return Outline(
        trace_id,
        task_id,
        thread_id,
        domain or "",
        model or "",
        model_calls,
        [name for _, name, _, _ in calls],
        frozenset([meta_tool for _, _, meta_tool, _ in calls if meta_tool is not None]),
        any(model_call is not None for _, _, _, model_call in calls),
        named,
    )
