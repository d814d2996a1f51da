"""What can be wrong with a source, and what must come of it."""

from __future__ import annotations

import gzip
import json
import random
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pyarrow as pa
from pyarrow import parquet

from tests.capture.bad_input.runs import Family, Row, Run
from tests.capture.bad_input.talking import CHECKPOINTS, write_checkpoints

GOOD, BAD, LAST = "good", "bad", "last"
_SMALL: Final = 3
_ELSEWHERE: Final = "f" * 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How large the large ones are.

    Attributes:
        calls: of a long run.
        output: bytes of a large output.
        unpacked: bytes that a small archive unpacks to.
    """

    calls: int = 50_000
    output: int = 100_000_000
    unpacked: int = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of damage.

    Attributes:
        change: what it does to the run in the middle.
        write: how the three runs are written.
        whole: whether that run must come in whole all the same; else that something of it is missing must be told.
        fits: for which families it means anything.
    """

    name: str
    change: Callable[[Run, Sizes], Run]
    write: Callable[[Path, Family, list[Run], Sizes], Path]
    whole: bool = True
    fits: Callable[[Family], bool] = lambda _: True


def runs_of(case: Case, sizes: Sizes) -> list[Run]:
    """The run that is damaged between two that are not."""
    bad = case.change(Run(name=BAD, calls=_SMALL), sizes)
    return [Run(name=GOOD, calls=_SMALL), bad, Run(name=LAST, calls=_SMALL)]


def _unchanged(run: Run, _sizes: Sizes) -> Run:
    return run


def _plain(folder: Path, family: Family, runs: list[Run], _sizes: Sizes) -> Path:
    return _written(folder, family, runs, family.rows)


def _written(folder: Path, family: Family, runs: Iterable[Run], rows: Callable[[Run], Iterable[Row]]) -> Path:
    """One file, or one for each run where a file holds one; a line for each record."""
    if family is CHECKPOINTS:
        write_checkpoints(folder / "runs.db", list(runs))
        return folder / "runs.db"
    for place, run in enumerate(runs):
        name = f"{place}.jsonl" if family.alone else "runs.jsonl"
        with (folder / name).open("a") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows(run))
    return folder if family.alone else folder / "runs.jsonl"


def _cut_off(folder: Path, family: Family, runs: list[Run], _sizes: Sizes) -> Path:
    """In the middle of the last record; of databases one beside a whole one."""
    if family is CHECKPOINTS:
        write_checkpoints(folder / "whole.db", runs[::2])
        write_checkpoints(folder / "cut.db", runs[1:2])
        _cut(folder / "cut.db", 6000)
        return folder
    _written(folder, family, runs[::2] + runs[1:2], family.rows)
    path = max(folder.iterdir())
    _cut(path, 40)
    return folder if family.alone else path


def _cut_archive(folder: Path, family: Family, runs: list[Run], sizes: Sizes) -> Path:
    source = _written(folder, family, runs[::2] + runs[1:2], family.rows)
    path = max(folder.iterdir())
    with path.open("rb") as file, gzip.open(f"{path}.gz", "wb") as packed:
        shutil.copyfileobj(file, packed)
    path.unlink()
    packed_path = path.with_name(f"{path.name}.gz")
    _cut(packed_path, 14)
    return folder if source == folder else packed_path


def _cut_table(folder: Path, family: Family, runs: list[Run], _sizes: Sizes) -> Path:
    """A bulk export beside whole files: its index is at its end, so nothing of it can be read."""
    _written(folder, family, runs[::2], family.rows)
    rows = [
        {key: json.dumps(value) if isinstance(value, dict | list) else value for key, value in row.items()}
        for row in family.rows(runs[1])
    ]
    path = folder / "table.parquet"
    parquet.write_table(pa.Table.from_pylist(rows), path)
    _cut(path, 40)
    return folder


def _cut(path: Path, end: int) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - end)


def _shuffled(folder: Path, family: Family, runs: list[Run], _sizes: Sizes) -> Path:
    """Records of all runs in any order, and the spans in a record too."""
    chance = random.Random(7)  # noqa: S311  # no secret
    rows = [row for run in runs for row in family.rows(run)]
    chance.shuffle(rows)
    for row in rows:
        if family.spans:
            holder = row
            for key in family.spans[:-1]:
                holder = holder[key]
            chance.shuffle(holder[family.spans[-1]])
    return _written(folder, family, runs[:1], lambda _: rows)


def _twice(folder: Path, family: Family, runs: list[Run], _sizes: Sizes) -> Path:
    return _written(folder, family, runs, lambda run: (row for row in family.rows(run) for _ in range(2)))


def _with_bytes(mark: str, data: bytes) -> Callable[[Path, Family, list[Run], Sizes], Path]:
    """Writes the runs and then other bytes in the place of a mark."""

    def write(folder: Path, family: Family, runs: list[Run], sizes: Sizes) -> Path:
        path = _plain(folder, family, runs, sizes)
        for file in sorted(folder.iterdir()):
            text = file.read_bytes()
            for quote in (b'"', b'\\"', b'\\\\\\"'):  # JSON text in JSON text has its quotes escaped
                text = text.replace(quote + mark.encode() + quote, data)
            file.write_bytes(text.replace(mark.encode(), data))
        return path

    return write


def _bomb(folder: Path, family: Family, runs: list[Run], sizes: Sizes) -> Path:
    """Whole files beside a small archive that unpacks to very much."""
    whole = _written(folder, family, runs[::2], family.rows)
    rows = iter(family.rows(runs[1]))
    with gzip.open(folder / "very-much.jsonl.gz", "wb", compresslevel=1) as file:
        file.write(json.dumps(next(rows)).encode()[:-1])
        for _ in range(sizes.unpacked // 1_000_000):
            file.write(b" " * 1_000_000)
        file.write(b"}\n")
    return whole if whole == folder else folder


def _is_lines(family: Family) -> bool:
    return family is not CHECKPOINTS


DEEP: Final = "[" * 10_000 + "]" * 10_000

CASES: Final = (
    Case("nothing", _unchanged, _plain),
    Case("cut off", _unchanged, _cut_off, whole=False),
    Case("cut-off gzip", _unchanged, _cut_archive, whole=False, fits=_is_lines),
    Case("cut-off Parquet", _unchanged, _cut_table, whole=False, fits=_is_lines),
    Case("any order", _unchanged, _shuffled, fits=lambda family: _is_lines(family) and not family.ordered),
    Case(
        "lost parents",
        lambda run, _: replace(run, parent=_ELSEWHERE),
        _plain,
        fits=lambda family: family.name not in ("messages", "codex", "checkpoints"),
    ),
    Case(
        "lost parents in a long run",
        lambda run, sizes: replace(run, parent=_ELSEWHERE, calls=sizes.calls),
        _plain,
        fits=lambda family: family.name not in ("messages", "codex", "checkpoints"),
    ),
    Case(
        "records twice", _unchanged, _twice, fits=lambda family: _is_lines(family) and family.name != "codex"
    ),
    Case("one id for all calls", lambda run, sizes: replace(run, call_id="same", calls=sizes.calls), _plain),
    Case(
        "skewed clock",
        lambda run, _: replace(run, skew=-3600),
        _plain,
        fits=lambda family: bool(family.name in ("langsmith", "openinference", "otel") or family.spans),
    ),
    Case("long run", lambda run, sizes: replace(run, calls=sizes.calls), _plain),
    Case("large output", lambda run, sizes: replace(run, calls=1, output="x" * sizes.output), _plain),
    Case(
        "no UTF-8",
        lambda run, _: replace(run, output="@BYTES@"),
        _with_bytes("@BYTES@", b"\xff\xfe\xfd"),
        whole=False,
        fits=_is_lines,
    ),
    Case(
        "nested deeply",
        lambda run, _: replace(run, output={"deep": "@DEEP@"}),
        _with_bytes("@DEEP@", DEEP.encode()),
        whole=False,
        fits=_is_lines,
    ),
    Case("gzip bomb", _unchanged, _bomb, whole=False, fits=_is_lines),
)
