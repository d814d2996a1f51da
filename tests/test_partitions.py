"""Counting in other processes gives what counting here gives, whatever happens to the workers."""

import logging
import os
import signal
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pytest

import langchain_awo as awo
from langchain_awo.api import partitions
from langchain_awo.errors import CompileError, StoreError
from langchain_awo.optimizer.counting.state import to_bytes
from langchain_awo.plan_file import encode_plan
from langchain_awo.stores import open_store
from langchain_awo.stores.parquet_export import export_parquet
from langchain_awo.testing import generate_world, play


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """The runs of a world in three stores of several kinds."""
    folder = tmp_path_factory.mktemp("parts")
    traces = play(generate_world(3), 30)
    paths = [folder / "a.db", folder / "b.jsonl", folder / "c.db"]
    for number, path in enumerate(paths):
        with open_store(path) as store:
            store.append(traces[number::3])
    return paths


def lost_once(flag, function, *args):
    """Does all the work, and the first to be done with it is killed before it can hand the result over."""
    result = function(*args)
    try:
        Path(flag).touch(exist_ok=False)
    except FileExistsError:
        return result
    os.kill(os.getpid(), signal.SIGKILL)
    return None


class Losing:
    """An executor one of whose workers is killed in the middle."""

    def __init__(self, executor, flag):
        self._executor = executor
        self._flag = str(flag)

    def submit(self, function, *args):
        return self._executor.submit(lost_once, self._flag, function, *args)


def test_worker_processes_count_the_same(stores):
    """Only paths go out and bytes come back."""
    with ProcessPoolExecutor(2, mp_context=get_context("forkserver")) as pool:
        toolkit = awo.compile_toolkit(stores, executor=pool)
    assert encode_plan(toolkit.plan) == encode_plan(awo.compile_toolkit(stores).plan)


def test_a_worker_that_is_killed_changes_nothing(stores, tmp_path, caplog):
    """A process pool is broken then: what is not finished is counted here, and said."""
    with caplog.at_level(logging.WARNING), ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        found = partitions.count_traces(stores, executor=Losing(pool, tmp_path / "lost"))
    assert "counting it in this process instead" in caplog.text
    assert (tmp_path / "lost").exists()
    assert to_bytes(found) == to_bytes(partitions.count_traces(stores))


@pytest.mark.enable_socket
@pytest.mark.filterwarnings("default")
def test_a_worker_of_a_cluster_that_is_killed_changes_nothing(stores, tmp_path, caplog, monkeypatch):
    """Dask gives its work to the next one; the workers are processes and read key ranges of a database."""
    distributed = pytest.importorskip("distributed", reason="needs the extra dask")
    monkeypatch.setattr(partitions, "PORTION", 4)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        found = partitions.count_traces(stores, executor=Losing(client.get_executor(), tmp_path / "lost"))
    assert (tmp_path / "lost").exists()
    assert "counting it in this process instead" not in caplog.text
    assert to_bytes(found) == to_bytes(partitions.count_traces(stores))


class TestThreads:
    """The same by threads, where the rest is told quickest."""

    @pytest.fixture(autouse=True)
    def small_portions(self, monkeypatch):
        """So that each store has several."""
        monkeypatch.setattr(partitions, "PORTION", 4)

    def test_portions_hold_all_there_is(self, stores, tmp_path):
        """Key ranges of a database, files of a folder; what was deleted leaves a gap, and nobody is asked twice."""
        path, folder = tmp_path / "days.db", tmp_path / "days.parquet"
        traces = [
            replace(each, started_at=86_400.0 * (number % 4))
            for number, each in enumerate(play(generate_world(3), 10))
        ]
        with open_store(path) as store:
            store.append(traces)
            store.delete(trace_id=traces[1].trace_id)
            export_parquet(store, str(folder))
        for place, size in ((path, 3), (folder, 4)):
            parts = partitions._split_places([str(place)])
            assert len(parts) == size
            ids = [trace_id for part in parts for page in part.outlines() for trace_id in page.trace_ids]
            with open_store(place) as store:
                assert ids == [trace.trace_id for trace in store.traces()]

    def test_progress_is_told_over_all_parts(self, stores):
        """As they come in."""
        told = []
        with ThreadPoolExecutor(2) as pool:
            partitions.count_traces(stores, executor=pool, progress=lambda *each: told.append(each))
        assert told == [("count", done, 7) for done in range(1, 8)]

    def test_a_state_takes_what_a_store_has_grown_by(self, stores, tmp_path):
        """Of the last key range what is new only."""
        state, path = tmp_path / "mining.state", tmp_path / "grown.db"
        traces = play(generate_world(3), 14)
        with ThreadPoolExecutor(2) as pool:
            for some in (traces[:6], traces[6:]):
                with open_store(path) as store:
                    store.append(some)
                found = partitions.count_traces(path, executor=pool, state=state)
        assert to_bytes(found) == to_bytes(partitions.count_traces(path))

    def test_a_part_that_no_worker_can_count_is_counted_here(self, stores, caplog):
        """Whatever an engine raises for it."""

        class Away(ThreadPoolExecutor):
            def submit(self, function, *args):
                return super().submit(self.refuse, function, *args)

            def refuse(self, function, part, *args):
                if part.portion:
                    raise OSError("connection lost")
                return function(part, *args)

        with Away(1) as pool:
            found = partitions.count_traces(stores, executor=pool)
        assert "a.db, 0 to 3; counting it in this process instead (OSError: connection lost)" in caplog.text
        assert to_bytes(found) == to_bytes(partitions.count_traces(stores))

    def test_a_state_takes_parts_once(self, stores, tmp_path):
        """Stores that were counted before add nothing."""
        state = tmp_path / "mining.state"
        with ThreadPoolExecutor(2) as pool:
            awo.compile_toolkit(stores[:2], executor=pool, state=state)
            toolkit = awo.compile_toolkit(stores, executor=pool, state=state)
        assert encode_plan(toolkit.plan) == encode_plan(awo.compile_toolkit(stores).plan)

    def test_a_part_that_cannot_be_read_is_named(self, stores, tmp_path):
        """Rather than left out."""
        with ThreadPoolExecutor(2) as pool, pytest.raises(StoreError, match=r"gone\.db"):
            awo.compile_toolkit([*stores, tmp_path / "gone.db"], executor=pool)

    def test_one_store_given_twice_is_refused(self, stores):
        """Its traces would count twice."""
        with ThreadPoolExecutor(2) as pool, pytest.raises(CompileError, match="in two of the parts"):
            awo.compile_toolkit([stores[0], stores[0]], executor=pool)

    def test_traces_themselves_are_not_sent_out(self, stores):
        """Sending them costs more than counting them."""
        with ThreadPoolExecutor(1) as pool, pytest.raises(CompileError, match="paths or URLs"):
            awo.compile_toolkit(awo.load_traces(stores), executor=pool)
