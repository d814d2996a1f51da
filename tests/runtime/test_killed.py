"""A process is killed with SIGKILL in the middle of a routine, and another one goes on."""

import json
import multiprocessing
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.desk import Desk
from tests.runtime.killed_agent import begin, go_on

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.runtime.killed_agent"])


def _process(job: Any, *args: str) -> int | None:
    process = FORKS.Process(target=job, args=args)
    process.start()
    process.join(timeout=120)
    return process.exitcode


@pytest.mark.parametrize(
    ("kind", "victim", "moment"),
    [
        ("create_agent", "refund", "after"),
        ("create_agent", "note", "before"),
        ("state_graph", "note", "after"),
        ("middleware", "refund", "after"),
        ("middleware", "get_order", "before"),
        ("state_graph", "get_order", "after"),
    ],
)
def test_no_write_is_made_twice_whenever_the_process_is_killed(
    kind: str, victim: str, moment: str, tmp_path: Path
) -> None:
    assert _process(begin, str(tmp_path), kind, victim, moment) == -signal.SIGKILL
    assert _process(go_on, str(tmp_path), kind) == 0
    told = json.loads((tmp_path / "told.json").read_text())
    made = Counter(name for name, _ in Desk(str(tmp_path / "desk.db")).calls())
    assert made["find_user"] == 1  # it had ended: it is not made again
    if victim == "get_order":  # a read may be made again, and the routine comes to its end
        assert told["status"] == "completed"
        assert (made["note"], made["refund"]) == (1, 1)
        return
    assert told["failed"]["tool"] == victim  # nobody saw the write end: it is reported, and made by nobody
    assert "its result is unknown" in told["failed"]["error"]
    assert made[victim] == (moment == "after")
    assert made["note"] == (victim == "refund" or moment == "after")
    assert made["get_order"] == 2
