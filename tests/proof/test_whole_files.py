"""A file that is written while the disk is full, the process is killed or somebody else writes is the old one or the new one."""

from __future__ import annotations

import resource
import stat
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from langchain_awo.errors import AwoError, CompileError
from langchain_awo.model.trace.trace import Trace
from langchain_awo.optimizer.counting import state as states
from langchain_awo.optimizer.counting.summary import summarize
from tests.proof.writing import WRITERS

every_kind = pytest.mark.parametrize("kind", WRITERS)


@contextmanager
def full_disk(free: int = 1_000):
    """No file of this process may grow longer."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (free, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@every_kind
def test_a_full_disk_leaves_the_old_file_and_nothing_else(kind, tmp_path):
    writer, path = WRITERS[kind], tmp_path / "file"
    writer.write(3, path)
    with full_disk(), pytest.raises(AwoError, match=r"file cannot be written: .*; choose another path"):
        writer.write(400, path)
    assert writer.count(path) == 3
    assert list(tmp_path.iterdir()) == [path]


@every_kind
def test_a_folder_that_takes_no_file_is_told(kind):
    with pytest.raises(AwoError, match=r"/proc/file"):
        WRITERS[kind].write(3, Path("/proc/file"))


@every_kind
def test_a_link_leads_to_the_file_still_and_permissions_stay(kind, tmp_path):
    writer, path, link = WRITERS[kind], tmp_path / "file", tmp_path / "link"
    writer.write(3, path)
    path.chmod(0o640)
    link.symlink_to("file")
    writer.write(5, link)
    assert link.is_symlink()
    assert writer.count(path) == writer.count(link) == 5
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_state_is_for_its_owner_only(tmp_path):
    """It holds recorded traces."""
    WRITERS["state"].write(3, tmp_path / "state")
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o600


@pytest.mark.parametrize("kind", ["rules"])
def test_a_writer_that_is_killed_leaves_a_whole_file(kind, tmp_path):
    assert read_after_kills(kind, tmp_path, kills=1) in (3, 400)


def read_after_kills(kind: str, folder: Path, *, kills: int) -> int:
    """How many things the file holds in the end; it is read after each kill, and all the time before."""
    writer, path = WRITERS[kind], folder / "file"
    command = [sys.executable, "-m", "tests.proof.writing", kind, str(path)]
    for _ in range(kills):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603  # our own program
            assert process.stdout
            assert process.stdout.readline() == b"writing\n"
            for _ in range(20):
                assert writer.count(path) in (3, 400)
            process.kill()
        found = writer.count(path)
        assert found in (3, 400)
    return found


def test_of_two_compilers_on_one_state_none_overwrites_what_the_other_counted(tmp_path):
    path = tmp_path / "state"
    mine, theirs = [summarize([Trace(trace_id=name, task_id=name)]) for name in ("a", "b")]
    stamp = states.read_stamp(path)
    states.write_state(theirs, path, stamp=stamp)
    with pytest.raises(CompileError, match="written by another process meanwhile; compile again"):
        states.write_state(mine, path, stamp=stamp)
    assert list(states.read_state(path).specs) == list(theirs.specs)
    assert states.to_bytes(states.read_state(path)) == states.to_bytes(theirs)
