"""Many writers, killed writers, a server that goes away, and what may not be written: on both databases."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from langchain_awo.errors import AwoError, MissingExtraError, StoreError
from langchain_awo.model.trace.trace import Message, ToolCallRecord, Trace
from langchain_awo.stores import open_store
from tests.stores.numbered import numbered_trace

WRITE = """
import sys
from langchain_awo.stores import open_store
from tests.stores.numbered import numbered_trace
url, first, count, at_once = sys.argv[1], *map(int, sys.argv[2:5])
with open_store(url, tenant=sys.argv[5]) as store:
    for start in range(first, first + count, at_once):
        store.append(numbered_trace(n) for n in range(start, start + at_once))
        print(start, flush=True)
"""

FORK = """
import os, sys
from langchain_awo.stores import open_store
from tests.stores.numbered import numbered_trace
store = open_store(sys.argv[1])
store.append([numbered_trace(0)])
child = os.fork()
store.append([numbered_trace(1 if child else 2)])
if not child:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
store.append([numbered_trace(3)])
print(sorted(trace.trial for trace in store.traces()))
"""

READ_ONLY = """
import os, sys
from langchain_awo.errors import StoreError
from langchain_awo.stores import open_store, sql, sqlite
if os.geteuid() == 0:
    os.setgid(65534); os.setuid(65534)
with open_store(sys.argv[1], create=False) as store:
    print(len(list(store.traces())), len(store))
    try:
        store.append([])
    except StoreError as error:
        print(error)
"""


def test_many_processes_write_at_once_and_the_counts_add_up(database_url, in_process):
    """Four writers of two tenants, all starting on a store that none has made."""
    writers = [
        in_process(WRITE, database_url, 1000 * k, 60, (4, 20)[k % 2], ("acme", "globex")[k % 2])
        for k in range(4)
    ]
    for writer in writers:
        writer.communicate()
    assert [writer.returncode for writer in writers] == [0] * 4
    with open_store(database_url, create=False) as store:
        assert len(store) == 240
        assert sorted(trace.trial for trace in store.traces()) == sorted(
            1000 * k + n for k in range(4) for n in range(60)
        )
        assert store.summarize().tool_calls == 240 * 3
    for tenant, owners in (("acme", (0, 2)), ("globex", (1, 3))):
        with open_store(database_url, tenant=tenant) as store:
            assert sorted(store.traces(), key=lambda trace: trace.trial) == [
                numbered_trace(1000 * k + n) for k in owners for n in range(60)
            ]


def test_two_writers_of_the_same_traces_leave_each_once(database_url, in_process):
    """Both replace what the other wrote, again and again, and neither fails."""
    writers = [in_process(WRITE, database_url, 0, 30, 6, "acme") for _ in range(2)]
    for writer in writers:
        writer.communicate()
    assert [writer.returncode for writer in writers] == [0, 0]
    with open_store(database_url, tenant="acme") as store:
        assert sorted(trace.trial for trace in store.traces()) == list(range(30))


def test_a_killed_writer_leaves_whole_traces(database_url, in_process):
    """After kill -9 every committed batch is there, and none in part."""
    writer = in_process(WRITE, database_url, 0, 100_000, 5, "acme")
    for _ in range(8):
        writer.stdout.readline()
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    with open_store(database_url, tenant="acme") as store:
        survivors = sorted(store.traces(), key=lambda trace: trace.trial)
        assert len(survivors) >= 40
        assert len(survivors) % 5 == 0
        assert survivors == [numbered_trace(n) for n in range(len(survivors))]
        store.append([Trace(trace_id="next")])
        assert store.get("next") == Trace(trace_id="next")


def test_a_store_on_a_server_may_be_used_on_both_sides_of_a_fork(postgres_url, in_process):
    said, _ = in_process(FORK, postgres_url).communicate()
    assert said == "[0, 1, 2, 3]\n"


def test_a_restart_of_the_server_loses_nothing_that_was_committed(postgres, postgres_url):
    """A writer meets errors while the server is away, tries again, and goes on; a reader too."""
    committed, refused, done = [], [], threading.Event()

    def write(store):
        while not done.is_set():
            try:
                store.append([numbered_trace(len(committed))])
                committed.append(len(committed))
            except StoreError as error:
                refused.append(str(error))
                time.sleep(0.02)

    def wait_for_more(what, count):
        end = len(what) + count
        while len(what) < end:
            assert writer.is_alive()
            time.sleep(0.005)

    with open_store(postgres_url) as store:
        writer = threading.Thread(target=write, args=(store,))
        writer.start()
        for mode in ("fast", "immediate"):
            wait_for_more(committed, 20)
            postgres.stop(mode)
            wait_for_more(refused, 2)
            postgres.start()
        wait_for_more(committed, 20)
        done.set()
        writer.join(60)
        assert len(committed) >= 60
        assert all("cannot be written" in text for text in refused)
        assert sorted(trace.trial for trace in store.traces()) == committed


def test_a_server_that_is_away_is_named_with_the_fix(postgres, postgres_url):
    """No password, no traceback of a driver."""
    url = postgres_url.replace("tester@", "tester:hush@")
    with open_store(url) as store:
        store.append([numbered_trace(1)])
        postgres.stop()
        try:
            for action in (
                lambda: list(store.traces()),
                lambda: store.append([numbered_trace(2)]),
                lambda: open_store(url),
            ):
                with pytest.raises(StoreError, match="check that the server runs") as caught:
                    action()
                assert "hush" not in str(caught.value)
        finally:
            postgres.start()
        assert store.get("trace-1") == numbered_trace(1)


def test_a_database_that_is_not_there_is_named(postgres_url):
    with pytest.raises(StoreError, match="create the database first"):
        open_store(postgres_url.replace("/traces_", "/gone_"))


def test_a_server_without_a_store_is_not_changed_unless_asked(postgres_url):
    for _ in range(2):
        with pytest.raises(StoreError, match="no trace store"):
            open_store(postgres_url, create=False)


def test_text_that_postgresql_cannot_hold_comes_back(postgres_url):
    """NUL, and the character that stands for it."""
    odd = "a\0b\uffff0\uffff\uffff\0\uffff"
    trace = Trace(
        trace_id=odd,
        thread_id=odd,
        messages=(Message(role="user", text=odd, before=0),),
        tool_calls=(ToolCallRecord(call_id=odd, name=odd, args={odd: odd}, output=odd),),
    )
    with open_store(postgres_url, tenant=odd) as store:
        store.append([trace, trace])
        assert list(store.traces(thread_id=odd)) == [trace]
        assert store.get(odd) == trace
        assert store.summarize().scopes == {("", odd, ""): 1}


def test_a_trace_that_an_index_cannot_hold_does_not_keep_the_others_out(postgres_url):
    endless = Trace(trace_id="".join(chr(33 + n * 7919 % 90_000 % 55_000) for n in range(9000)))
    with open_store(postgres_url) as store:
        with pytest.raises(StoreError, match="1 traces were not stored"):
            store.append([numbered_trace(1), endless, numbered_trace(2)])
        assert [trace.trial for trace in store.traces()] == [1, 2]


@pytest.fixture
def locked():
    """A folder that others may read, with a store in it; pytest's own folders are closed to them."""
    with tempfile.TemporaryDirectory(prefix="awo-locked-") as outer:
        Path(outer).chmod(0o755)
        folder = Path(outer) / "locked"
        folder.mkdir()
        with open_store(folder / "traces.db") as store:
            store.append(numbered_trace(n) for n in range(3))
        yield folder
        folder.chmod(0o755)


def lock(folder):
    for path in (*folder.iterdir(), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)


def read_locked(folder):
    """What a process that may not write says; as root, one that gave up its rights."""
    lock(folder)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.run(  # noqa: S603  # the program is a constant
        [sys.executable, "-c", READ_ONLY, str(folder / "traces.db")],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_store_in_a_read_only_folder_can_be_read(locked):
    """And says why it cannot be written."""
    said = read_locked(locked)
    assert said.stdout.startswith("3 3\n"), said.stderr
    assert "cannot be written: the file" in said.stdout
    assert sorted(path.name for path in locked.iterdir()) == ["traces.db"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up its rights")
def test_a_store_that_may_not_be_seen_is_named(locked):
    """The folder above it is closed."""
    locked.parent.chmod(0o700)
    said = read_locked(locked)
    assert "StoreError" in said.stderr
    assert "cannot be read: Permission denied" in said.stderr


def test_a_log_that_cannot_be_taken_in_is_named(locked, tmp_path):
    """A copy of a store in use, without the index of its log: its last traces would be lost without a word."""
    with open_store(tmp_path / "live.db") as live:
        live.append([numbered_trace(1)])
        shutil.copy(tmp_path / "live.db", locked / "traces.db")
        shutil.copy(tmp_path / "live.db-wal", locked / "traces.db-wal")
    said = read_locked(locked)
    assert "StoreError" in said.stderr
    assert "copy both files to a folder that may be written" in said.stderr


def test_a_damaged_database_gives_traces_or_our_errors(tmp_path):
    """Bytes spoilt anywhere: what comes is a trace that was stored, a report of a torn one, or an AwoError."""
    with open_store(tmp_path / "whole.db") as store:
        store.append(numbered_trace(n) for n in range(40))
    whole = (tmp_path / "whole.db").read_bytes()
    outcomes = set()
    for place in range(50, len(whole), max(1, len(whole) // 60)):
        path = tmp_path / f"spoilt-{place}.db"
        path.write_bytes(whole[:place] + b"\xff\xfe\xfd" * 20 + whole[place + 60 :])
        torn = []
        try:
            with open_store(path, create=False) as store:
                read = list(store.traces(on_error=torn.append))
                store.summarize()
            outcomes.add("torn" if torn else "read")
            assert len(read) + len(torn) <= 40
        except AwoError:
            outcomes.add("refused")
    assert outcomes >= {"torn", "refused"}


def test_a_missing_driver_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtraError, match=r"langchain-awo\[postgres\]"):
        open_store("postgresql://host/db")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for name in [name for name in sys.modules if name.startswith("langchain_awo.stores.parquet")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(MissingExtraError, match=r"langchain-awo\[parquet\]"):
        open_store("some.parquet")
