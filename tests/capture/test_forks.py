"""A recorder that was made before a fork records on both sides of it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

import langchain_awo as awo
from tests.capture.scripted_agents import run_python

PROGRAM = """
import json, multiprocessing, os, signal, sys, threading, time
import langchain_awo as awo
from langchain_awo.capture.install import record_everywhere
from langchain_core.tools import tool

@tool
def note(text: str) -> str:
    "Notes."
    return text

def end_of(pid, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return "hung"

for path, program in json.load(sys.stdin):
    recorder = awo.TraceRecorder(path)
    config = {"callbacks": [recorder]}
    exec(program)
    recorder.close()
"""

BUSY = """
stop = threading.Event()
def work():
    while not stop.is_set():
        note.invoke({"text": "busy"}, config)
        time.sleep(0.02)
threads = [threading.Thread(target=work) for _ in range(2)]
[thread.start() for thread in threads]
codes = []
for number in range(4):
    pid = os.fork()
    if not pid:
        note.invoke({"text": f"child {number}"}, config)
        os._exit(0 if recorder.flush(20) else 7)
    codes.append(end_of(pid))
stop.set()
[thread.join() for thread in threads]
note.invoke({"text": "parent"}, config)
print(json.dumps([codes, recorder.flush(20), recorder.dropped]), flush=True)
"""

AT_ONCE = """
codes = []
for number in range(4):
    fresh = awo.TraceRecorder(path)
    note.invoke({"text": f"before {number}"}, {"callbacks": [fresh]})
    pid = os.fork()
    if not pid:
        note.invoke({"text": f"child {number}"}, {"callbacks": [fresh]})
        os._exit(0 if fresh.flush(20) else 7)
    codes.append(end_of(pid))
    fresh.close()
print(json.dumps([codes, True, 0]), flush=True)
"""

POOL = """
def job(number):
    return note.invoke({"text": f"child {number}"}, config)

with multiprocessing.get_context("fork").Pool(3) as pool:
    pool.map(job, range(12))
    pool.close()
    pool.join()
workers = [multiprocessing.get_context("fork").Process(target=job, args=(number,)) for number in (12, 13)]
[worker.start() for worker in workers]
[worker.join(30) for worker in workers]
print(json.dumps([[worker.exitcode for worker in workers], recorder.flush(20), recorder.dropped]), flush=True)
"""

INSIDE = """
from langchain_core.runnables import RunnableLambda

@tool
def outer(text: str) -> str:
    "Works in children."
    pids = []
    for number in range(3):
        pid = os.fork()
        if not pid:
            note.invoke({"text": f"child {number}"})
            os._exit(0 if recorder.flush(20) else 7)
        pids.append(pid)
    return json.dumps([end_of(pid) for pid in pids])

codes = outer.invoke({"text": "x"}, config)
print(json.dumps([json.loads(codes), recorder.flush(20), recorder.dropped]), flush=True)
"""

HELD = """
pids = []
def fork():
    pid = os.fork()
    if not pid:
        note.invoke({"text": "child 0"}, config)
        os._exit(0 if recorder.flush(20) else 7)
    pids.append(pid)
with recorder._tracker.lock, recorder._writer._changed:
    thread = threading.Thread(target=fork)
    thread.start()
    thread.join()
print(json.dumps([[end_of(pid) for pid in pids], recorder.flush(20), recorder.dropped]), flush=True)
"""


JOBS = {
    "busy.db": BUSY,
    "busy.jsonl": BUSY,
    "at-once.db": AT_ONCE,
    "at-once.jsonl": AT_ONCE,
    "pool.db": POOL,
    "inside.db": INSIDE,
    "held.db": HELD,
}


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """What all of them wrote, one after another in one process: recorders of earlier ones are still there when later ones fork."""
    folder = tmp_path_factory.mktemp("forks")
    jobs = [(str(folder / name), program) for name, program in JOBS.items()]
    done = run_python(PROGRAM, stdin=json.dumps(jobs))
    assert done.returncode == 0, done.stderr
    ended = dict(zip(JOBS, map(json.loads, done.stdout.splitlines()), strict=True))
    return folder, ended, done.stderr


def texts(stores, name):
    folder, ended, said = stores
    codes, flushed, dropped = ended[name]
    assert (set(codes), flushed, dropped) == ({0}, True, 0), said
    return sorted(call.args["text"] for trace in awo.load_traces(folder / name) for call in trace.tool_calls)


@pytest.mark.parametrize("kind", ["db", "jsonl"])
def test_children_of_a_process_at_work_neither_hang_nor_lose_a_trace(stores, kind):
    found = texts(stores, f"busy.{kind}")
    assert [text for text in found if text != "busy"] == sorted(
        [*(f"child {number}" for number in range(4)), "parent"]
    )
    if kind == "db":
        with closing(sqlite3.connect(stores[0] / "busy.db")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.parametrize("kind", ["db", "jsonl"])
def test_a_fork_right_after_a_trace_writes_it_once(stores, kind):
    wanted = sorted(f"{who} {number}" for who in ("before", "child") for number in range(4))
    assert texts(stores, f"at-once.{kind}") == wanted


def test_workers_of_multiprocessing_write_what_they_have_when_they_end(stores):
    assert texts(stores, "pool.db") == sorted(f"child {number}" for number in range(14))


def test_children_that_are_forked_inside_of_a_tool_have_traces_of_their_own(stores):
    assert texts(stores, "inside.db") == ["child 0", "child 1", "child 2", "x"]
    assert len(awo.load_traces(stores[0] / "inside.db")) == 4


def test_a_fork_while_every_lock_of_the_recorder_is_held_does_not_hang_the_child(stores):
    assert texts(stores, "held.db") == ["child 0"]
