"""Reads a damaged source in a process of its own and says what came of it and how much memory it took."""

from __future__ import annotations

import multiprocessing
import resource
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from langchain_awo.capture.importers import ImportSummary, import_traces
from langchain_awo.errors import AwoError
from langchain_awo.model.text.encoding import decode
from tests.capture.bad_input import talking, tracing
from tests.capture.bad_input.cases import BAD, CASES, DEEP, GOOD, LAST, Case, Sizes, runs_of
from tests.capture.bad_input.runs import Family, Run

FAMILIES: Final = {each.name: each for each in (*tracing.FAMILIES, *talking.FAMILIES)}
_CASES: Final = {each.name: each for each in CASES}
_PRELOADED: Final = ["langchain_awo.capture.importers", "tests.capture.bad_input.trying"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What an import gave.

    Attributes:
        whole: names of the runs that came in as they were.
        told: what was said about the rest.
        size: megabytes of the source.
        peak: megabytes of memory at the most, beyond what the program takes before it reads.
        seconds: of CPU time.
    """

    whole: tuple[str, ...]
    told: tuple[str, ...]
    size: float = 0.0
    peak: float = 0.0
    seconds: float = 0.0
    problem: str = ""

    def is_right(self, case: Case) -> bool:
        """Whether the other runs came in, and this one either did or is accounted for."""
        others = {GOOD, LAST} <= set(self.whole) and not self.problem
        return others and (BAD in self.whole or (not case.whole and bool(self.told)))


def read(path: Path, runs: list[Run]) -> Result:
    """Imports a source and compares what comes with the runs that are in it."""
    told: list[str] = []
    whole: list[str] = []
    summary = ImportSummary()
    try:
        for trace in import_traces(
            path, mask=False, on_skipped=lambda bad: told.append(str(bad)), summary=summary
        ):
            whole += [run.name for run in runs if run.name in trace.trace_id and is_whole(trace, run)]
    except AwoError as error:
        told.append(f"refused: {error}")
    told += [f"{count} `{kind}` not read" for kind, count in summary.unread.items()]
    return Result(whole=tuple(whole), told=tuple(told))


def is_whole(trace: Any, run: Run) -> bool:
    """Whether a trace has every call of a run with its output."""
    calls = trace.tool_calls
    return (
        len(trace.model_calls) == run.calls + 1
        and [call.args.get("boat") for call in calls] == list(range(run.calls))
        and all(call.status == "ok" and _is_output(call.output, run) for call in calls)
    )


def _is_output(output: Any, run: Run) -> bool:
    """Text that no parser takes stays text."""
    return output == run.text or decode(output) == run.output or DEEP in str(output)


def try_case(family: Family, case: Case, sizes: Sizes, *, limit: int) -> Result:
    """Writes the source and reads it, each in a process of its own.

    Args:
        limit: megabytes of memory that reading may take; more is refused by the system.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    with tempfile.TemporaryDirectory() as name:
        for work in (_write, _read):
            receiving, sending = context.Pipe(duplex=False)
            process = context.Process(
                target=work, args=(sending, Path(name), family.name, case.name, sizes, limit)
            )
            process.start()
            sending.close()
            try:
                result = receiving.recv()
            except EOFError:
                result = None
            process.join()
            if process.exitcode:
                return Result(whole=(), told=(), problem=f"the process ended with {process.exitcode}")
    return result


def _write(sending: Any, folder: Path, family: str, case: str, sizes: Sizes, _limit: int) -> None:
    known = _CASES[case]
    source = folder / "source"
    source.mkdir()
    path = known.write(source, FAMILIES[family], runs_of(known, sizes), sizes)
    (folder / "where").write_text(str(path))
    sending.send(None)


def _read(sending: Any, folder: Path, _family: str, case: str, sizes: Sizes, limit: int) -> None:
    path = Path((folder / "where").read_text())
    size = sum(file.stat().st_size for file in (path.iterdir() if path.is_dir() else [path]))
    resource.setrlimit(resource.RLIMIT_DATA, (_data_in_use() + limit * 10**6,) * 2)
    runs = runs_of(_CASES[case], sizes)
    Path("/proc/self/clear_refs").write_text("5")
    before, started = _status("VmHWM"), time.process_time()
    try:
        result = read(path, runs)
    except MemoryError:
        result = Result(whole=(), told=(), problem="out of memory")
    except Exception as error:  # noqa: BLE001  # whatever else an import raises is what is looked for
        result = Result(whole=(), told=(), problem=f"{type(error).__name__}: {error}"[:200])
    sending.send(
        Result(
            whole=result.whole,
            told=result.told[:5],
            problem=result.problem,
            size=size / 10**6,
            peak=(_status("VmHWM") - before) / 1000,
            seconds=time.process_time() - started,
        )
    )


def _data_in_use() -> int:
    return _status("VmData") * 1000


def _status(name: str) -> int:
    """A line of this process's status, in kilobytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
