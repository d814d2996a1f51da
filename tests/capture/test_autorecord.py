"""Recording that is switched on from outside, and what is written when a program is told to end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import langchain_awo as awo
from langchain_awo import autorecord

ROOT = str(Path(__file__).parents[2])

PROGRAM = """
import sys, time
from langchain_core.tools import tool

@tool
def note(text: str) -> str:
    "Notes."
    return text

for text in sys.argv[1:]:
    note.invoke({"text": text})
note.invoke({"text": "own"}, {"metadata": {"task_id": "mine"}, "tags": ["b"]})
"""

WAITING = """
print("ready", flush=True)
time.sleep(60)
"""


def program(folder, *, more="", first=""):
    path = folder / "program.py"
    path.write_text(first + PROGRAM + more)
    return str(path)


def environment(**variables):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWO_")}
    return {**kept, "PYTHONPATH": ROOT, **variables}


def run(arguments, folder, **variables):
    command = [sys.executable, *arguments]
    return subprocess.run(  # noqa: S603  # our own source
        command, cwd=folder, env=environment(**variables), capture_output=True, text=True, check=False
    )


AUTORECORD = ["-m", "langchain_awo.autorecord"]


@pytest.mark.parametrize("way", ["script", "module", "import"])
def test_a_program_is_recorded_without_being_touched(way, tmp_path):
    path = program(tmp_path, first="import langchain_awo.autorecord\n" if way == "import" else "")
    start = {"script": [*AUTORECORD, path], "module": [*AUTORECORD, "-m", "program"], "import": [path]}[way]
    variables = {"AWO_RECORD": "traces.db", "AWO_TASK_ID": "t1", "AWO_PROJECT": "shop", "AWO_TAGS": "a, b"}
    done = run([*start, "one", "two"], tmp_path, **variables)
    assert done.returncode == 0, done.stderr
    traces = awo.load_traces(tmp_path / "traces.db")
    assert [(t.tool_calls[0].args["text"], t.task_id, t.domain, t.tags) for t in traces] == [
        ("one", "t1", "shop", ("a", "b")),
        ("two", "t1", "shop", ("a", "b")),
        ("own", "mine", "shop", ("b", "a")),
    ]


@pytest.mark.parametrize("arguments", [[], ["-m"], ["--help"]])
def test_asked_without_a_program_it_says_how_to_name_one(arguments):
    with pytest.raises(SystemExit, match=r"usage: python -m langchain_awo\.autorecord script\.py"):
        autorecord.main(arguments)


def test_without_the_variable_nothing_is_recorded(tmp_path):
    done = run([*AUTORECORD, program(tmp_path), "one"], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == ["program.py"]


@pytest.mark.parametrize("address", ["missing/traces.db", "traces.unknown", "nonsense://x", "."])
def test_a_store_that_cannot_be_opened_is_said_and_stops_nothing(address, tmp_path):
    done = run([*AUTORECORD, program(tmp_path), "one"], tmp_path, AWO_RECORD=address)
    assert done.returncode == 0, done.stderr
    assert f"AWO_RECORD={address}: nothing is recorded; the program continues" in done.stderr


def test_a_program_that_fails_fails_as_without_it(tmp_path):
    done = run([*AUTORECORD, program(tmp_path, more="sys.exit(3)"), "one"], tmp_path, AWO_RECORD="traces.db")
    assert done.returncode == 3
    assert len(awo.load_traces(tmp_path / "traces.db")) == 2
    assert run(AUTORECORD, tmp_path).returncode == 1


def end_with_sigterm(arguments, folder, *, ready, timeout):
    """What a recorded program prints after the line that says it is ready, when SIGTERM was sent; and its exit code."""
    process = subprocess.Popen(  # noqa: S603  # our own source
        [sys.executable, *AUTORECORD, *arguments],
        cwd=folder,
        env=environment(AWO_RECORD="traces.db"),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == f"{ready}\n"
    process.send_signal(signal.SIGTERM)
    printed, _ = process.communicate(timeout=timeout)
    return printed, process.returncode


def told_to_end(path, folder):
    _, code = end_with_sigterm([path, "one"], folder, ready="ready", timeout=30)
    return code


def test_a_program_that_is_told_to_end_writes_what_it_has(tmp_path):
    busy = "import threading\nthreading.Thread(target=note.invoke, args=({'text': 'thread'},)).start()\n"
    started = time.monotonic()
    assert told_to_end(program(tmp_path, more=busy + WAITING), tmp_path) == -signal.SIGTERM
    assert time.monotonic() - started < 30
    texts = {call.args["text"] for t in awo.load_traces(tmp_path / "traces.db") for call in t.tool_calls}
    assert {"one", "own"} <= texts


def test_a_handler_of_the_program_itself_stays(tmp_path):
    own = "import signal\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(5))\n"
    assert told_to_end(program(tmp_path, more=own + WAITING), tmp_path) == 5
    assert len(awo.load_traces(tmp_path / "traces.db")) == 2
