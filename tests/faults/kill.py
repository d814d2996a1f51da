"""Kills what writes, at any moment, with SIGKILL, and looks at what is left: `python -m tests.faults.kill --rounds 50`.

Each round forks a child that does one kind of work and is killed while it does; then the work is done again to its end.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from typer.testing import CliRunner

from langchain_awo.cli.app import app
from langchain_awo.model.ir.reviewing import accept, get_standing, undecide
from langchain_awo.optimizer.counting.state import read_state
from langchain_awo.plan_file import read_plan, read_plan_file, update_plan, write_plan
from langchain_awo.stores import open_store
from langchain_awo.testing import generate_world, play
from tests.proof.writing import WRITERS
from tests.runtime.desk import HELP, Desk, plan_of
from tests.stores.numbered import numbered_trace
from tests.stores.test_migrations import VERSION_1

MANY: Final = 400
"""Traces that are imported or brought up to date."""


class Broken(Exception):  # noqa: N818  # what was found, not what was raised
    """What was left is not whole."""


@dataclass(frozen=True, slots=True)
class Victim:
    """A kind of work in a folder.

    Attributes:
        seconds: of CPU, until which it is killed.
        prepare: makes what it begins with.
        work: is killed.
        look: says what was left, and raises `Broken` where it is not whole.
    """

    seconds: float
    prepare: Callable[[Path], None]
    work: Callable[[Path], None]
    look: Callable[[Path], str]


# --- an import ---


def _prepare_import(folder: Path) -> None:
    with open_store(folder / "source.jsonl") as store:
        store.append(numbered_trace(number) for number in range(MANY))


def _import(folder: Path, name: str) -> None:
    done = CliRunner().invoke(app, ["import", str(folder / "source.jsonl"), "--store", str(folder / name)])
    if done.exit_code:
        raise Broken(done.output)


def _look_at_import(folder: Path, name: str) -> str:
    before = _numbers(folder / name) if (folder / name).exists() else []
    _import(folder, name)
    if _numbers(folder / name) != list(range(MANY)):
        raise Broken("importing again did not add what was missing")
    return "nothing" if not before else "all" if len(before) == MANY else "a part"


def _numbers(path: Path) -> list[int]:
    """Of the traces in a store, each of which has to be whole, and there once."""
    with open_store(path) as store:
        found = sorted(store.traces(), key=lambda trace: trace.trial or 0)
    wrong = [trace.trace_id for trace in found if trace != numbered_trace(trace.trial)]
    if wrong:
        raise Broken(f"{wrong[0]} is not whole")
    return [trace.trial or 0 for trace in found]


# --- a store of an earlier version ---


def _prepare_old_store(folder: Path) -> None:
    script = VERSION_1.format(
        key="INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT", count="INTEGER", end=" WITHOUT ROWID", true="1"
    )
    rows = [(f"r{number}", json.dumps({"user_id": f"u{number}"})) for number in range(MANY)]
    with closing(sqlite3.connect(folder / "old.db")) as database, database:
        database.executescript(script)
        database.execute("DELETE FROM traces WHERE trace_id = 'ride-2'")
        database.executemany(
            "INSERT INTO traces (trace_id, domain, model, model_call_count, tool_call_count, metadata) "
            "VALUES (?, '', '', 0, 0, ?)",
            rows,
        )


def _migrate(folder: Path) -> None:
    open_store(folder / "old.db").close()


def _look_at_old_store(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "old.db")) as database:
        ((found,),) = database.execute("SELECT value FROM meta WHERE key = 'schema_version'")
    with open_store(folder / "old.db") as store:
        if len(store) != MANY + 1 or len(list(store.traces(user="u7"))) != 1:
            raise Broken("traces of an earlier version are missing")
    return f"version {found}"


# --- a nightly compile ---


def _prepare_compile(folder: Path) -> None:
    """A store of which half was counted and compiled before, and the toolkit that a compile of all makes."""
    traces = list(play(generate_world(3, tools=3), 24))
    with open_store(folder / "traces.db") as store:
        store.append(traces[:12])
        _compile(folder)
        shutil.copy(folder / "toolkit.json", folder / "before.json")
        store.append(traces[12:])
    for name in ("traces.db", "state"):
        shutil.copy(folder / name, folder / f"whole-{name}")
    _compile(folder, prefix="whole-")


def _compile(folder: Path, prefix: str = "") -> None:
    store, toolkit, state = (
        str(folder / f"{prefix}{name}") for name in ("traces.db", "toolkit.json", "state")
    )
    done = CliRunner().invoke(app, ["compile", store, "-o", toolkit, "--state", state])
    if done.exit_code:
        raise Broken(done.output)


def _look_at_compile(folder: Path) -> str:
    found = {name: read_plan(folder / f"{name}.json") for name in ("before", "toolkit", "whole-toolkit")}
    if found["toolkit"] not in (found["before"], found["whole-toolkit"]):
        raise Broken("a toolkit of neither all traces nor those before")
    traces = read_state(folder / "state").traces
    _compile(folder)
    if read_plan(folder / "toolkit.json") != found["whole-toolkit"]:
        raise Broken("compiling again made another toolkit")
    return f"{traces} counted, the toolkit {'new' if found['toolkit'] == found['whole-toolkit'] else 'old'}"


# --- a person's decisions, and small files ---


def _prepare_plan(folder: Path) -> None:
    desk = Desk(str(folder / "desk.db"))
    write_plan(undecide(plan_of(desk.tools, HELP), HELP.name), folder / "toolkit.json")


def _decide(folder: Path) -> None:
    for turn in itertools.count():
        change = accept if turn % 2 == 0 else undecide
        update_plan(folder / "toolkit.json", lambda plan, change=change: change(plan, HELP.name))


def _look_at_plan(folder: Path) -> str:
    file = read_plan_file(folder / "toolkit.json")
    if problem := file.problem():
        raise Broken(problem)
    update_plan(folder / "toolkit.json", lambda plan: plan)  # nobody is waited for
    return get_standing(file.plan.meta_tools[0])


def _prepare_small(folder: Path, kind: str) -> None:
    WRITERS[kind].write(3, folder / "file")


def _write_small(folder: Path, kind: str) -> None:
    for turn in itertools.count():
        WRITERS[kind].write((400, 3)[turn % 2], folder / "file")


def _look_at_small(folder: Path, kind: str) -> str:
    found = WRITERS[kind].count(folder / "file")
    if found not in (3, 400):
        raise Broken(f"{found} things of a {kind}")
    return f"{found} things"


VICTIMS: Final = {
    "import into SQLite": Victim(
        0.35, _prepare_import, partial(_import, name="to.db"), partial(_look_at_import, name="to.db")
    ),
    "import into JSON lines": Victim(
        0.2, _prepare_import, partial(_import, name="to.jsonl"), partial(_look_at_import, name="to.jsonl")
    ),
    "a nightly compile": Victim(0.2, _prepare_compile, _compile, _look_at_compile),
    "a schema migration": Victim(0.04, _prepare_old_store, _migrate, _look_at_old_store),
    "saving a decision": Victim(0.1, _prepare_plan, _decide, _look_at_plan),
    **{
        f"saving a {kind}": Victim(
            0.1,
            partial(_prepare_small, kind=kind),
            partial(_write_small, kind=kind),
            partial(_look_at_small, kind=kind),
        )
        for kind in WRITERS
    },
}


def kill_once(victim: Victim, folder: Path, seconds: float) -> str:
    """What was left by a child that was killed after so many seconds of CPU, however busy the machine is.

    Raises:
        Broken: it is not whole.
    """
    victim.prepare(folder)
    ready, begun = os.pipe()
    if not (child := os.fork()):
        try:
            os.write(begun, b"!")
            victim.work(folder)
        finally:
            os._exit(0)
    os.read(ready, 1)
    clock = (~child << 3) | 2  # Linux's name of the CPU clock of a process
    until = time.clock_gettime(clock) + seconds
    while time.clock_gettime(clock) < until and not os.waitid(
        os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT
    ):
        time.sleep(0.0005)
    os.kill(child, signal.SIGKILL)
    is_killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) < 0
    os.close(ready)
    os.close(begun)
    left = victim.look(folder)
    return left if is_killed else "was done before"


def main() -> int:
    """Kills each kind of work so many times, and counts what was left; 1 if anything was not whole."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--of", choices=VICTIMS, help="one kind of work; all of them if not given")
    asked, broken = parser.parse_args(), 0
    rounds, chance = asked.rounds, random.Random(0)  # noqa: S311  # not a secret
    for name, victim in VICTIMS.items():
        if asked.of not in (None, name):
            continue
        left = Counter[str]()
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as folder:
                try:
                    left[kill_once(victim, Path(folder), chance.random() * victim.seconds)] += 1
                except Exception as error:  # noqa: BLE001  # whatever it is, it was left so
                    left[f"BROKEN: {error!r}"] += 1
                    broken += 1
        told = ", ".join(f"{what} {count}" for what, count in sorted(left.items()))
        sys.stdout.write(f"{name:<24} {rounds} killed; left: {told}\n")
        sys.stdout.flush()
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
