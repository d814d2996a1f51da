"""Traces as the plain data that stores keep: tool specifications stand apart, named by digest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from langchain_awo.errors import StoreError
from langchain_awo.model.ir.schema import dump, load_trace
from langchain_awo.model.text.encoding import compute_digest, dump_line, to_json
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import Trace

BATCH_ROWS: Final = 1000
"""Traces are written together until they make this many rows: more saves no time, fewer costs much."""


@dataclass(frozen=True, slots=True)
class Record:
    """A trace ready to be stored.

    Attributes:
        data: the trace with the digests of its tools in their place, defaults left out.
        specs: the tools themselves, by digest.
    """

    data: dict[str, JSONValue]
    specs: dict[str, dict[str, JSONValue]]

    @property
    def trace_id(self) -> str:
        """The id of the trace."""
        trace_id: str = self.data["trace_id"]
        return trace_id

    @property
    def rows(self) -> int:
        """How many rows it makes in a table-shaped store."""
        return 1 + sum(len(self.data.get(part, ())) for part in ("messages", "model_calls", "tool_calls"))


def encode_json(value: JSONValue) -> str:
    """JSON text with the keys in their own order."""
    return dump_line(value).decode()


def encode(trace: Trace) -> Record:
    """A trace as a record; values that are no JSON after all are kept as what `to_json` makes of them.

    Raises:
        ValueError: it is not a trace.
    """
    if not isinstance(trace.trace_id, str) or not trace.trace_id:
        raise ValueError("a trace needs a non-empty text as trace_id")
    try:
        data = dump(trace)
    except (ValueError, TypeError, RecursionError):
        data = dump(load_trace(to_json(trace)))
    specs = {compute_digest(spec): spec for spec in data.pop("tools", ())}
    return Record({**data, "tools": list(specs)} if specs else data, specs)


class Batches:
    """Groups traces into batches of records and remembers which traces could not be stored.

    Within a batch the last of several traces with one id wins.
    """

    def __init__(self, traces: Iterable[Trace]) -> None:
        self._traces = traces
        self._refused: list[str] = []

    def __iter__(self) -> Iterator[list[Record]]:
        batch: dict[str, Record] = {}
        rows = 0
        for trace in self._traces:
            record = self._encode(trace)
            if record is None:
                continue
            batch.pop(record.trace_id, None)
            batch[record.trace_id] = record
            rows += record.rows
            if rows >= BATCH_ROWS:
                yield list(batch.values())
                batch, rows = {}, 0
        if batch:
            yield list(batch.values())

    def check(self, url: str) -> None:
        """Raises `StoreError` if a trace could not be stored; the others are stored by then."""
        if self._refused:
            raise StoreError(
                f"{len(self._refused)} traces were not stored in {url}: {'; '.join(self._refused[:3])}"
            )

    def refuse(self, trace_id: object, reason: object) -> None:
        """Remembers that a trace could not be stored."""
        self._refused.append(f"{trace_id!r}: {reason}")

    def _encode(self, trace: Trace) -> Record | None:
        try:
            return encode(trace)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            self.refuse(getattr(trace, "trace_id", trace), error)
            return None
