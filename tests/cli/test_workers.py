"""`--workers` and `--state` of the verbs that compile change how the traces are read, and nothing else."""

import gzip
from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest

from langchain_awo.api import partitions


@pytest.fixture
def threads(monkeypatch):
    """Workers that start at once, and parts of a few traces."""
    monkeypatch.setattr(partitions, "open_workers", ThreadPoolExecutor)
    monkeypatch.setattr(partitions, "PORTION", 7)


def test_worker_processes_compile_the_same(awo, store, folder):
    for number in (1, 2):
        assert awo("compile", store, "-o", f"{number}.json", "--workers", number).exit_code == 0
    assert (folder / "1.json").read_bytes() == (folder / "2.json").read_bytes()


@pytest.mark.usefixtures("threads")
class TestParts:
    def test_only_traces_of_the_domain_are_counted(self, awo, store, folder):
        done = awo("compile", store, "-o", "none.json", "--workers", 2, "--domain", "spices")
        assert "no trace of" in done.stderr
        assert "'spices'" in done.stderr

    def test_a_part_that_cannot_be_read_is_named(self, awo, folder):
        (folder / "broken.db").write_bytes(b"SQLite format 3\0" + b"\1" * 5_000)
        done = awo("compile", "broken.db", "-o", "none.json", "--workers", 2)
        assert done.exit_code == 2
        assert "broken.db" in done.stderr
        assert "Traceback" not in done.output

    def test_recompiling_adds_to_a_state(self, awo, store, folder):
        """The state knows the traces already, so nothing is counted twice and the toolkit stays as it was."""
        assert awo("compile", store, "-o", "first.json", "--state", "mining.state").exit_code == 0
        options = ("--toolkit", "first.json", "-o", "second.json", "--workers", 2, "--state", "mining.state")
        done = awo("recompile", store, *options)
        assert done.exit_code == 0
        assert "compiled from 40 traces" in done.stderr
        assert "kept" in done.stdout

    @pytest.mark.parametrize("verb", ["compile", "recompile"])
    def test_a_state_of_another_version_is_named(self, verb, awo, store, folder):
        """With both versions and what to do; it is left as it was, and no toolkit is written."""
        assert awo("compile", store, "-o", "first.json", "--state", "mining.state").exit_code == 0
        state = folder / "mining.state"
        head, *rest = gzip.decompress(state.read_bytes()).split(b"\n")
        later = gzip.compress(b"\n".join([orjson.dumps({**orjson.loads(head), "version": 99}), *rest]))
        state.write_bytes(later)
        former = ("--toolkit", "first.json") if verb == "recompile" else ()
        done = awo(verb, store, *former, "-o", "second.json", "--state", "mining.state")
        assert done.exit_code == 2
        assert "mining.state is a mining state of version 99" in done.stderr
        assert "Remove it and compile all traces again" in done.stderr
        assert state.read_bytes() == later
        assert not (folder / "second.json").exists()
