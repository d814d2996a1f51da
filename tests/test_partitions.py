"""Counting in other processes gives what counting here gives, whatever happens to the workers."""

import logging
import os
import signal
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest

import langchain_awo as awo
from langchain_awo.errors import CompileError, StoreError
from langchain_awo.plan_file import plan_text
from langchain_awo.stores import open_store
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


class LosingPool(ProcessPoolExecutor):
    """A process pool that loses a worker while it works on the first place."""

    lost = None

    def submit(self, function, /, *args, **options):
        future = super().submit(function, *args, **options)
        while not (future.running() or future.done()):
            time.sleep(0.01)
        if not self.lost:
            self.lost = next(iter(self._processes))
            os.kill(self.lost, signal.SIGKILL)
        return future


@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_worker_processes_count_the_same(stores, method):
    """Only paths go out and bytes come back."""
    with ProcessPoolExecutor(2, mp_context=get_context(method)) as pool:
        toolkit = awo.compile_toolkit(stores, executor=pool)
    assert plan_text(toolkit.plan) == plan_text(awo.compile_toolkit(stores).plan)


def test_a_worker_that_dies_changes_nothing(stores, caplog):
    """What it and the others in its pool had not finished is counted here, and said."""
    with caplog.at_level(logging.WARNING), LosingPool(1, mp_context=get_context("spawn")) as pool:
        toolkit = awo.compile_toolkit(stores, executor=pool)
    assert "died; it is counted in this process" in caplog.text
    assert plan_text(toolkit.plan) == plan_text(awo.compile_toolkit(stores).plan)


@pytest.mark.enable_socket
@pytest.mark.filterwarnings("default")
def test_dask_counts_the_same(stores):
    """On a cluster of this machine's own, whose parts talk by sockets."""
    distributed = pytest.importorskip("distributed")
    with distributed.Client(processes=False, n_workers=1, dashboard_address=None) as client:
        toolkit = awo.compile_toolkit(stores, executor=client.get_executor())
    assert plan_text(toolkit.plan) == plan_text(awo.compile_toolkit(stores).plan)


class TestThreads:
    """The same by threads, where the rest is told quickest."""

    def test_a_state_takes_parts_once(self, stores, tmp_path):
        """Stores that were counted before add nothing."""
        state = tmp_path / "mining.state"
        with ThreadPoolExecutor(2) as pool:
            awo.compile_toolkit(stores[:2], executor=pool, state=state)
            toolkit = awo.compile_toolkit(stores, executor=pool, state=state)
        assert plan_text(toolkit.plan) == plan_text(awo.compile_toolkit(stores).plan)

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
