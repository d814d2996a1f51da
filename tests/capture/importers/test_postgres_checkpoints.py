"""The history of agents out of a real PostgreSQL, started for the test on a socket of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from langchain_awo.capture.importers import import_traces
from langchain_awo.errors import ImportFormatError
from tests.capture.importers.round_trip import comparable, run_agent

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
PostgresSaver = pytest.importorskip("langgraph.checkpoint.postgres").PostgresSaver
pytestmark = pytest.mark.skipif(not PROGRAMS, reason="PostgreSQL is not installed")


def unprivileged():
    """PostgreSQL does not run as root."""
    if os.getuid() != 0:
        return {}
    user = pwd.getpwnam("postgres")
    return {"user": user.pw_uid, "group": user.pw_gid}


@pytest.fixture(scope="module")
def server():
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    options = unprivileged()
    if options:
        os.chown(folder, options["user"], options["group"])
    run = {"stdout": subprocess.DEVNULL, "cwd": folder, **options}
    data, program = folder / "data", PROGRAMS[-1]
    subprocess.run(  # noqa: S603
        [program / "initdb", "-D", data, "-U", "keeper", "-A", "trust", "--no-sync"], check=True, **run
    )
    started = ["-o", f"-k {folder} -c listen_addresses='' -c fsync=off", "-l", folder / "log"]
    subprocess.run([program / "pg_ctl", "-D", data, "-w", *started, "start"], check=True, **run)  # noqa: S603
    try:
        yield f"postgresql://keeper@/postgres?host={folder}"
    finally:
        subprocess.run([program / "pg_ctl", "-D", data, "-m", "immediate", "stop"], check=True, **run)  # noqa: S603
        shutil.rmtree(folder, ignore_errors=True)


def test_threads_come_out_of_postgres_as_out_of_a_saver(server):
    """By its URL, without any object of the checkpoints being made, and by the saver."""
    with PostgresSaver.from_conn_string(server) as saver:
        saver.setup()
        run_agent([], saver)
        (by_saver,) = import_traces(saver)
    (by_url,) = import_traces(server)
    assert by_url == by_saver
    assert [call.status for call in comparable(by_url).tool_calls] == ["ok", "error", "ok"]


def test_a_server_that_is_not_there_is_named_without_its_password(tmp_path):
    with pytest.raises(ImportFormatError) as refused:
        list(import_traces(f"postgresql://keeper:hush@/pools?host={tmp_path}"))
    assert "cannot be read" in str(refused.value)
    assert "hush" not in str(refused.value)
