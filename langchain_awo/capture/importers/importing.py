"""Recordings from wherever they are into traces: files, folders, standard input, frames, or any records in memory."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import chain, groupby, islice
from pathlib import Path
from typing import Any, Final, TypeAlias

from langchain_awo.capture.importers.account import ImportAccount, ImportSummary, log_bad_line
from langchain_awo.capture.importers.checkpoints import (
    is_checkpoint_database,
    is_checkpoint_url,
    is_saver,
    read_checkpoint_database,
    read_checkpoint_url,
    read_saver,
)
from langchain_awo.capture.importers.formats import FORMATS, Format, format_named, format_of
from langchain_awo.capture.importers.frames import is_frame, read_frame, read_parquet
from langchain_awo.capture.importers.inspect_logs import read_archive
from langchain_awo.capture.importers.labels import Labeller, SuccessFrom
from langchain_awo.capture.importers.lines import BadLine, Numbered, describe_kind
from langchain_awo.capture.importers.opening import (
    PARQUET,
    SQLITE,
    STDIN,
    ZIP,
    Tick,
    find_files,
    read_chunks,
    read_head,
)
from langchain_awo.capture.importers.splitting import split_records
from langchain_awo.capture.redaction import Mask, Redactor, use_key_beside
from langchain_awo.errors import ImportFormatError
from langchain_awo.model.ir.option_kinds import FUNCTION, TEXT, check_options
from langchain_awo.model.text.encoding import dumps, to_json
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import Trace

PEEKED: Final = 50
"""Records that are looked at to tell a format."""

Recordings: TypeAlias = Any
"""A path, a folder, a pattern, `-`, a frame of pandas or Polars, an Arrow table, lines of text, or records."""

_Records: TypeAlias = Iterator[Numbered | BadLine]


def import_traces(
    source: Recordings,
    format: str | None = None,  # noqa: A002  # the word for it
    *,
    success_from: SuccessFrom | None = None,
    mask: Mask = True,
    on_skipped: Callable[[BadLine], None] = log_bad_line,
    summary: ImportSummary | None = None,
    tick: Tick | None = None,
) -> Iterator[Trace]:
    """Reads runs that something else recorded as traces, one at a time.

    Args:
        source: a file, a folder or a pattern of files, `-` for standard input; a frame of pandas or Polars, an Arrow table;
            or any iterable of records: dictionaries, objects of LangSmith's, Langfuse's or MLflow's client, messages.
        format: what it holds, one of `FORMATS`; recognised when not given.
        success_from: what says whether a run succeeded: the name of a score or a field, `"name>=0.5"`, or a function of the
            trace. Without it, a score counts if it is the only one that is named after an outcome (such as `correct`) and says yes or no.
        mask: masking of secrets, as for `TraceRecorder`.
        on_skipped: called with each record that is left out; without it they are logged as warnings.
        summary: counts what came in, what was left out, and what was not understood.
        tick: called with the number of bytes that were just read, for a progress bar.

    Yields:
        One trace for each run, with the id that the source gives it: importing twice adds nothing to a store.

    Raises:
        ImportFormatError: the source cannot be read, or nothing in it is a run in a known format.
        MissingExtraError: reading it takes a package that is not installed.

    Example:
        >>> store.append(import_traces("runs.jsonl"))  # doctest: +SKIP
        >>> toolkit = compile_toolkit(import_traces(client.list_runs(project_name="shop")))  # doctest: +SKIP
    """
    check_options(
        {"format": TEXT.optional, "on_skipped": FUNCTION, "tick": FUNCTION.optional},
        {"format": format, "on_skipped": on_skipped, "tick": tick},
    )
    labeller, redactor = Labeller(success_from), Redactor(mask, key=use_key_beside(""))
    account = ImportAccount(on_skipped, summary if summary is not None else ImportSummary())
    for trace in _read_traces(source, format_named(format) if format else None, account, tick):
        account.summary.count(trace)
        yield redactor.redact(labeller.apply(trace))
    if account.first_bad and not account.summary.traces:
        raise ImportFormatError(
            f"{account.source} contains no recorded conversation; {account.first_bad}. {_list_expected()}"
        )
    if summary is None:
        account.log_unread()


def is_recording(source: str | os.PathLike[str]) -> bool:
    """Whether a path holds runs that something else recorded, rather than a trace store.

    Raises:
        ImportFormatError: it is a device.
    """
    text = os.fspath(source)
    path = Path(text)
    if text == STDIN or path.is_dir():
        return True
    if not path.exists():
        return glob.has_magic(text) and "://" not in text
    head = read_head(find_files(text)[0])
    if head.startswith(SQLITE):
        with suppress(ImportFormatError):  # a store says best what is wrong with its file
            return is_checkpoint_database(path)
        return False
    if not path.is_file() or head.startswith((PARQUET, ZIP)):
        return True
    first = next(iter(split_records(islice(read_chunks(path), 1))), None)
    return not (
        isinstance(first, Numbered) and isinstance(first.value, Mapping) and "langchain_awo" in first.value
    )


def _read_traces(
    source: Recordings, wanted: Format | None, account: ImportAccount, tick: Tick | None
) -> Iterator[Trace]:
    direct = _read_checkpoints(source, wanted, account)
    if direct is not None:
        yield from direct
        return
    parts = (
        _open_files(source, wanted, account, tick)
        if isinstance(source, str | os.PathLike)
        else [_recognize(_read_from_memory(source), wanted, account)]
    )
    for found, group in groupby((part for part in parts if part), key=lambda part: part[0]):
        if found.across_files:
            yield from found.read(
                account.records(chain.from_iterable(records for _, records in group)), account
            )
        else:
            for _, records in group:
                yield from found.read(account.records(records), account)


def _read_checkpoints(
    source: Recordings, wanted: Format | None, account: ImportAccount
) -> Iterator[Trace] | None:
    """The threads of a saver or a database, `None` when the source is neither."""
    if not (is_saver(source) or is_checkpoint_url(source)):
        return None
    if wanted not in (None, FORMATS["checkpoints"]):
        raise ImportFormatError(
            f"the source holds checkpoints of LangGraph, not {wanted.title if wanted else ''}"
        )
    return read_saver(source, account) if is_saver(source) else read_checkpoint_url(str(source), account)


def _open_files(
    source: str | os.PathLike[str], wanted: Format | None, account: ImportAccount, tick: Tick | None
) -> Iterator[tuple[Format, _Records] | None]:
    """Each file with its format, opened when the one before it is read."""
    files: list[str | Path] = [STDIN] if source == STDIN else list(find_files(os.fspath(source)))
    account.several = len(files) > 1
    for file in files:
        account.source = "standard input" if file == STDIN else str(file)
        try:
            part = _open_file(file, wanted, account, tick)
        except ImportFormatError as error:
            account.refuse(error)
        else:
            yield part


def _open_file(
    file: str | Path, wanted: Format | None, account: ImportAccount, tick: Tick | None
) -> tuple[Format, _Records] | None:
    head = b"" if file == STDIN else read_head(Path(file))
    if head.startswith(SQLITE):
        return _open_database(Path(file), wanted)
    if head.startswith(PARQUET):
        records: _Records = read_parquet(Path(file))
    elif head.startswith(ZIP):
        records = read_archive(Path(file))
    else:
        records = split_records(read_chunks(file, tick=tick))
    return _recognize(account.as_far_as_possible(records), wanted, account)


def _open_database(path: Path, wanted: Format | None) -> tuple[Format, _Records]:
    known = FORMATS["checkpoints"]
    if not is_checkpoint_database(path):
        raise ImportFormatError(
            f"{path} is a SQLite database; if it is a trace store, open it as one. Expected checkpoints of LangGraph"
        )
    if wanted not in (None, known):
        raise ImportFormatError(
            f"{path} is {known.title}, not {wanted.title if wanted else ''}; its format is checkpoints. Expected another file"
        )

    def read(_records: Iterable[Numbered], account: ImportAccount) -> Iterator[Trace]:
        return account.as_far_as_possible(read_checkpoint_database(path, account))

    return replace(known, read=read), iter(())


def _recognize(
    records: _Records, wanted: Format | None, account: ImportAccount
) -> tuple[Format, _Records] | None:
    """Records with their format; `None` when there are none.

    Raises:
        ImportFormatError: the format is not known, or not the one that was asked for.
    """
    peeked = list(islice(records, PEEKED))
    found = format_of(each.value for each in peeked if isinstance(each, Numbered))
    if not peeked:
        return None
    if reason := _explain_refusal(peeked, found, wanted):
        raise ImportFormatError(f"{account.source} {reason}")
    return wanted or found or FORMATS["messages"], chain(peeked, records)


def _explain_refusal(peeked: list[Numbered | BadLine], found: Format | None, wanted: Format | None) -> str:
    """Why a source cannot be imported as what it was said to be, or at all; empty when it can."""
    first = next((each for each in peeked if isinstance(each, Numbered)), None)
    if first is None:
        return f"contains no recorded conversation; {peeked[0]}. {_list_expected()}"
    if isinstance(first.value, Mapping) and "langchain_awo" in first.value:
        return "is a trace store; open it as one instead of importing it. Expected a file that something else recorded"
    if wanted is not None:
        other = found is not None and found is not wanted
        return (
            f"is {found.title}, not {wanted.title}. Expected the format to be given as {found.name}, or not at all"
            if found and other
            else ""
        )
    if found is not None:
        return ""
    what = (
        f"its keys are: {', '.join(map(str, first.value))[:200]}"
        if isinstance(first.value, Mapping)
        else describe_kind(first.value)
    )
    return f"holds no runs in a known format; line {first.number}: {what}. {_list_expected()}"


def _list_expected() -> str:
    return f"Expected one of {', '.join(each.title for each in FORMATS.values())}; docs/guides/import.md shows each"


def _read_from_memory(source: Recordings) -> _Records:
    if is_frame(source):
        yield from read_frame(source)
        return
    if isinstance(source, Mapping):
        source = [source]
    if not isinstance(source, Iterable):
        raise ImportFormatError(
            f"{describe_kind(source)} of type {type(source).__name__} holds no records; give a path or records"
        )
    elements = iter(source)
    first = next(elements, None)
    elements = chain([first] if first is not None else [], elements)
    if isinstance(first, str | bytes):
        yield from split_records(_encode_line(each) for each in elements)
        return
    for number, element in enumerate(elements, start=1):
        yield Numbered(number, _to_plain(element), group=1)


def _encode_line(text: object) -> bytes:
    if isinstance(text, str):
        data = text.encode("utf-8", "surrogatepass")
    else:
        data = text if isinstance(text, bytes) else dumps(_to_plain(text)).encode()
    return data if data.endswith(b"\n") else data + b"\n"


def _to_plain(element: object) -> JSONValue:
    """A record as plain data: named tuples and the objects of clients say themselves how."""
    for name in ("_asdict", "to_dict"):
        turn = getattr(element, name, None)
        if callable(turn) and not isinstance(element, Mapping | type):
            return to_json(turn())
    return to_json(element)
