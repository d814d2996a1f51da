"""Other processes that use a store, because that is what a store must survive."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.stores.postgres_server import PostgresServer, server_binaries


@pytest.fixture(scope="session")
def postgres():
    """A running server; a test that stops it starts it again."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    binaries = server_binaries()
    if binaries is None:
        pytest.skip("there are no server binaries; apt-get install postgresql")
    server = PostgresServer(binaries)
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def postgres_url(postgres):
    """An empty database, gone afterwards: those of all tests together take long to remove at the end."""
    url = postgres.new_database()
    yield url
    postgres.drop_database(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path):
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'traces.db'}"
    return request.getfixturevalue("postgres_url")


@pytest.fixture
def in_process():
    """Starts a Python program in a process of its own; those still running at the end are killed."""
    running = []

    def start(program, *args):
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        process = subprocess.Popen(  # noqa: S603  # the programs are constants of the tests
            [sys.executable, "-W", "error", "-c", program, *map(str, args)],
            env=env,
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture(params=["traces.db", "traces.jsonl"])
def path(request, tmp_path):
    """Where a store of each kind is to be."""
    return tmp_path / request.param
