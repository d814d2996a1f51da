"""What is counted of the traces of a database, without the columns that only whole traces need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import accumulate, chain, compress
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import orjson
from sqlalchemy import Connection, func

from langchain_awo.model.trace.outline import Outlines, ReadRows
from langchain_awo.model.trace.trace import ToolSpec, Trace
from langchain_awo.stores.database import Database
from langchain_awo.stores.decoding import Kinds, Row, Rows, Specs
from langchain_awo.stores.selection import Selection
from langchain_awo.stores.sql_reading import Page, PartQuery, TraceReader, build_group_query
from langchain_awo.stores.tables import TOOL_CALLS, TRACES

_READ_AT_ONCE: Final = 8_192
"""Traces outlined together, so that few are read as a whole which do not belong to the sample in the end."""

_CALLS_AT_ONCE: Final = 200_000
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
_NO_CALLS: Final = ("[]", "[]", 0)


ReadNumbered: TypeAlias = Callable[[Sequence[int], Iterable[int]], Iterator[tuple[int, Trace]]]
"""Reads the traces with the numbers in some places of a list, each with its place."""


def outline_page(
    reader: TraceReader,
    database: Database,
    wanted: Selection,
    read: ReadNumbered,
    connection: Connection,
    *,
    after: int,
    last: int,
) -> Page:
    """The outlines of the next traces of a selection.

    A trace whose columns are not as this package writes them is needed as a whole: reading it says what is wrong with it.
    """
    rows = reader.select_traces(connection, _HEAD_COLUMNS, wanted, after=after, last=last, most=_READ_AT_ONCE)
    if not rows:
        return Page(None)
    rows = _take_some(rows)
    chosen = [row for row in rows if wanted.task_ids is None or row[2] in wanted.task_ids]
    seqs = [row[0] for row in chosen]
    counted = {row[0]: row[1:] for row in reader.fetch_rows(connection, _build_query(database), seqs)}
    counts = [counted.get(seq, _NO_CALLS) for seq in seqs]
    fields = _Fields(
        _check_heads([row[1:] for row in chosen]),
        _read_lists(database, [row[0] for row in counts]),
        _read_lists(database, [row[1] for row in counts]),
        [row[2] for row in counts],
        _name_specs(reader.learn_specs(connection, [row[1] for row in chosen]), chosen),
    )
    fits = [None not in each for each in zip(*fields, strict=True)]
    fit = _Fields._make(list(compress(each, fits)) for each in fields)
    return Page(
        rows[-1][0],
        outlines=[_outline(fit, partial(read, list(compress(seqs, fits))))] if any(fits) else [],
        needed=[seq for seq, is_fit in zip(seqs, fits, strict=True) if not is_fit],
    )


class _Fields(NamedTuple):
    """What is counted of each trace; `None` for what is not as this package writes it."""

    heads: Sequence[Row | None]
    names: Sequence[tuple[str, ...] | None]
    meta_tools: Sequence[tuple[str, ...] | None]
    asked: Sequence[int]
    specs: Sequence[tuple[ToolSpec, ...] | None]


def _outline(fit: Any, read: ReadRows) -> Outlines:
    """The outlines of traces of which all fields are there."""
    _, task_ids, trace_ids, thread_ids, domains, models, model_calls, _ = zip(*fit.heads, strict=True)
    different = dict.fromkeys(fit.names)
    places = {name: place for place, name in enumerate(dict.fromkeys(chain.from_iterable(different)))}
    coded = {each: np.array([places[name] for name in each], np.int32) for each in different}
    return Outlines(
        trace_ids=trace_ids,
        task_ids=task_ids,
        thread_ids=thread_ids,
        domains=[domain or "" for domain in domains],
        models=[model or "" for model in models],
        model_calls=np.array(model_calls, np.int64),
        names=list(places),
        codes=np.concatenate([coded[each] for each in fit.names]),
        lengths=np.array(list(map(len, fit.names)), np.int64),
        meta_tools=list(map(frozenset, fit.meta_tools)),
        is_asked=np.array(fit.asked, np.int64) > 0,
        specs=fit.specs,
        read=read,
    )


def _take_some(rows: Rows) -> Rows:
    """The first rows, as far as they have few enough tool calls together; one in any case."""
    counts = (row[-1] if isinstance(row[-1], int) else 0 for row in rows)
    few = sum(total <= _CALLS_AT_ONCE for total in accumulate(counts))
    return rows[: max(1, few)]


def _build_query(database: Database) -> PartQuery:
    """What is counted of the calls of each trace: the names of their tools and of the meta-tools, how many a model asked for."""
    calls = TOOL_CALLS.c
    return build_group_query(
        TOOL_CALLS,
        [database.collect(calls.name), database.collect(calls.meta_tool), func.count(calls.model_call)],
    )


def _check_heads(heads: Rows) -> list[Row | None]:
    """The heads of traces; `None` for one that is not as this package writes it."""
    all_fit = _HEAD_KINDS.fit(heads)
    return [head if all_fit or _HEAD_KINDS.fit((head,)) else None for head in heads]


def _read_lists(database: Database, texts: Sequence[str | None]) -> list[tuple[str, ...] | None]:
    """Lists of names in JSON text, each different one read once; `None` for one in which anything else stands."""
    found: dict[str | None, tuple[str, ...] | None] = {}
    for text in set(texts):
        names = database.restore(tuple(orjson.loads(text or "[]")))
        found[text] = names if all(type(name) is str for name in names) else None
    return list(map(found.__getitem__, texts))


def _name_specs(specs: Specs, rows: Rows) -> list[tuple[ToolSpec, ...] | None]:
    """The tools that each trace names; `None` where they are not in the store."""
    found: dict[Any, tuple[ToolSpec, ...] | None] = {}
    for text in {row[1] for row in rows}:
        try:
            found[text] = specs.named_in(text)
        except (ValueError, TypeError):
            found[text] = None
    return [found[row[1]] for row in rows]
