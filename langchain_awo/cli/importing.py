"""`awo import`: runs that something else recorded into a store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from langchain_awo.cli.options import AsJson
from langchain_awo.cli.terminal import format_count, progress, put, put_json, say

if TYPE_CHECKING:
    from langchain_awo.capture.importers import BadLine, ImportSummary
    from langchain_awo.model.trace.trace import Trace
    from langchain_awo.stores import TraceStore


def import_recordings(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="[FORMAT] SOURCE...",
            help="Files, folders, patterns, a database, another trace store, or - for standard input; optionally preceded by their format: "
            "langsmith, langfuse, mlflow, openinference, otel, claude-code, codex, inspect, checkpoints or messages.",
        ),
    ],
    *,
    store: Annotated[str, typer.Option(help="The trace store to add to; created if it does not exist.")],
    success_from: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The score or field that tells whether a run succeeded, such as `correct` or `reward>=0.5`.",
        ),
    ] = None,
    mask: Annotated[bool, typer.Option(help="Mask secrets as the recorder does.")] = True,
    strict: Annotated[
        bool, typer.Option(help="Exit with 1 if anything was skipped or not understood.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Import runs that other software recorded into a trace store.

    The format is detected. A record that cannot be used is skipped and reported with the reason; what was not
    understood is counted. Importing again adds no duplicates, so an interrupted import can simply be restarted.

    Example: `awo import langsmith runs.jsonl --store traces.db`
    """
    from langchain_awo.capture.importers import ImportSummary
    from langchain_awo.capture.redaction import Redactor, use_key_beside
    from langchain_awo.stores import open_store

    name, places = _split(sources)
    summary = ImportSummary()
    with open_store(store) as target:
        arrivals, redactor = _Arrivals(target), Redactor(mask, key=use_key_beside(target.url))
        for place in places:
            found = _read_traces(place, name, summary, success_from=success_from)
            target.append(arrivals.new(map(redactor.redact, found)))
        total = len(target)
    if as_json:
        put_json({**asdict(summary), "already_stored": arrivals.known, "stored": total})
    else:
        _tell(summary, arrivals.known, store, total)
    if strict and (summary.bad_lines or summary.unread):
        raise typer.Exit(1)


def _split(sources: list[str]) -> tuple[str | None, list[str]]:
    """The format, if the first word is one, and the places to read."""
    from langchain_awo.capture.importers.formats import FORMATS

    if sources[0] not in FORMATS or (len(sources) == 1 and Path(sources[0]).exists()):
        return None, sources
    if len(sources) == 1:
        raise typer.BadParameter(
            f"say what to import, such as `awo import {sources[0]} FILE`", param_hint="SOURCE"
        )
    return sources[0], sources[1:]


def _read_traces(
    place: str, name: str | None, summary: ImportSummary, *, success_from: str | None
) -> Iterator[Trace]:
    from langchain_awo.api.sources import is_store
    from langchain_awo.capture.importers import import_traces

    def report(bad: BadLine) -> None:
        where = f"{bad}" if bad.source else f"{place}, {bad}"
        say(f"skipped {where}", style="yellow")

    if name is None and place != "-" and is_store(place):
        yield from _copy_traces(place, summary)
        return
    size, read = _measure_size(place), 0
    with progress({"import": f"importing {Path(place).name}"[:24]}) as tell:

        def tick(count: int) -> None:
            nonlocal read
            read += count
            tell("import", min(read, size), size)

        yield from import_traces(
            place,
            name,
            success_from=success_from,
            mask=False,
            on_skipped=report,
            summary=summary,
            tick=tick if size else None,
        )


def _copy_traces(place: str, summary: ImportSummary) -> Iterator[Trace]:
    """The traces of another store, of whatever kind."""
    from langchain_awo.errors import TornRecordError
    from langchain_awo.stores import open_store

    def report(torn: TornRecordError) -> None:
        summary.bad_lines += 1
        say(f"skipped {torn}", style="yellow")

    with open_store(place, create=False) as store:
        for trace in store.traces(on_error=report):
            summary.count(trace)
            yield trace


def _measure_size(place: str) -> int:
    """Bytes to read, 0 when nobody knows."""
    path = Path(place)
    if path.is_dir():
        return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
    return path.stat().st_size if path.is_file() else 0


class _Arrivals:
    """Lets those traces through that the store does not have as they are.

    Storing a trace again would be right too, but adds a line to a file of JSON lines, and moves the trace to the end of the order. A
    store that was empty is not asked: reading a trace back costs more than storing it.
    """

    def __init__(self, store: TraceStore) -> None:
        self.known = 0
        self._store = store
        self._was_empty = len(store) == 0

    def new(self, traces: Iterable[Trace]) -> Iterator[Trace]:
        """The traces that are to be stored."""
        for trace in traces:
            if not self._was_empty and self._has(trace):
                self.known += 1
            else:
                yield trace

    def _has(self, trace: Trace) -> bool:
        from langchain_awo.errors import TornRecordError

        try:
            return self._store.get(trace.trace_id) == trace
        except (KeyError, TornRecordError):
            return False


def _tell(summary: ImportSummary, known: int, store: str, total: int) -> None:
    from langchain_awo.model.secrets import hide_secrets

    already = f" ({known:,} of them there already)" if known else ""
    put(
        f"{format_count(summary.traces, 'trace')} with {format_count(summary.model_calls, 'model call')} and "
        f"{format_count(summary.tool_calls, 'tool call')} imported into {hide_secrets(store)}{already}, which now holds "
        f"{format_count(total, 'trace')}; {format_count(summary.bad_lines, 'line')} skipped"
    )
    for kind, count in sorted(summary.unread.items()):
        say(f"not read: {format_count(count, 'block')} of kind `{kind}`", style="yellow")
