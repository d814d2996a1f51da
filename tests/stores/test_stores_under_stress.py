"""Killed writers, full disks, and several processes at once."""

from __future__ import annotations

import os
import signal
import tracemalloc

import pytest

from langchain_awo.errors import StoreError
from langchain_awo.model.trace.trace import ToolCallRecord, Trace
from langchain_awo.stores import open_store
from langchain_awo.testing.store_conformance import example_trace

WRITE_FOREVER = """
import itertools, sys
from langchain_awo.stores import open_store
from langchain_awo.testing.store_conformance import example_trace
with open_store(sys.argv[1]) as store:
    for first in itertools.count(0, 50):
        store.append(example_trace(n) for n in range(first, first + 50))
        print(first, flush=True)
"""

WRITE_SOME = """
import sys
from langchain_awo.stores import open_store
from langchain_awo.testing.store_conformance import example_trace
first = int(sys.argv[2])
with open_store(sys.argv[1]) as store:
    for n in range(first, first + 40):
        store.append([example_trace(n)])
"""

FILL_DISK = """
import resource, sys
from langchain_awo.errors import StoreError
from langchain_awo.stores import open_store
from langchain_awo.testing.store_conformance import example_trace
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
stored = 0
try:
    with open_store(sys.argv[1]) as store:
        while True:
            store.append([example_trace(stored)])
            stored += 1
except StoreError as error:
    print(stored, error)
"""

FORK = """
import os, sys
from langchain_awo.stores import open_store
from langchain_awo.testing.store_conformance import example_trace
store = open_store(sys.argv[1])
store.append([example_trace(0)])
child = os.fork()
store.append([example_trace(1 if child else 2)])
if not child:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
store.append([example_trace(3)])
print(sorted(trace.trial for trace in store.traces()))
"""


def test_a_writer_killed_at_work_leaves_whole_traces(path, in_process):
    """After kill -9 every trace that can be read is whole, at most one record is torn, and writing goes on."""
    writer = in_process(WRITE_FOREVER, path)
    for _ in range(5):
        writer.stdout.readline()
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    torn = []
    with open_store(path, create=False) as store:
        survivors = list(store.traces(on_error=torn.append))
        assert len(survivors) >= 250
        assert survivors == [example_trace(n) for n in range(len(survivors))]
        assert len(torn) <= (1 if path.suffix == ".jsonl" else 0)
        store.append([Trace(trace_id="next")])
        assert list(store.traces(on_error=torn.append))[-1] == Trace(trace_id="next")


def test_several_processes_append_to_one_store(path, in_process):
    """Writers that start together, on a store none of them has made, lose nothing."""
    writers = [in_process(WRITE_SOME, path, 40 * k) for k in range(4)]
    assert [writer.wait() for writer in writers] == [0, 0, 0, 0]
    with open_store(path, create=False) as store:
        traces = sorted(store.traces(), key=lambda trace: trace.trial)
    assert traces == [example_trace(n) for n in range(160)]


def test_a_full_disk_is_an_error_that_names_the_store(path, in_process):
    """What was stored before the disk was full is there; the batch that did not fit is not."""
    said, _ = in_process(FILL_DISK, path).communicate()
    stored = int(said.split()[0])
    assert stored > 2
    assert f"{path} cannot be written: " in said
    with open_store(path, create=False) as store:
        assert list(store.traces()) == [example_trace(n) for n in range(stored)]


def test_a_store_may_be_used_on_both_sides_of_a_fork(path, in_process):
    """A server that forks its workers after opening the store loses no trace."""
    said, _ = in_process(FORK, path).communicate()
    assert said == "[0, 1, 2, 3]\n"


def test_reading_holds_a_few_traces_in_memory(path):
    """The size of a store does not matter for the memory that reading it takes."""
    output = "x" * 20_000
    with open_store(path) as store:
        call = ToolCallRecord(call_id="a", name="f", output=output)
        store.append(Trace(trace_id=str(n), tool_calls=(call,)) for n in range(1000))
        tracemalloc.start()
        assert sum(1 for _ in store.traces()) == 1000
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 1000 * len(output) / 2


@pytest.mark.parametrize("name", ["traces.db", "traces.jsonl"])
def test_a_path_that_cannot_be_written_is_named_with_the_fix(tmp_path, name):
    """A missing folder, a file where a folder should be, a folder where a file should be."""
    with pytest.raises(StoreError, match=r"no folder .*nowhere; create it first"):
        open_store(tmp_path / "nowhere" / name)
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"no folder .*file; create it first"):
        open_store(tmp_path / "file" / name)
    (tmp_path / name).mkdir()
    with pytest.raises(StoreError, match="is a folder; give a file in it"):
        open_store(tmp_path / name)
