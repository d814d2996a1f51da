"""A PostgreSQL server of the tests' own, on a Unix socket in a temporary folder."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

PORT = 5432


def server_binaries():
    """The folder of `initdb` and `pg_ctl`, `None` if there is none; Debian keeps them off the path."""
    on_path = shutil.which("initdb")
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]), reverse=True
    )
    return Path(on_path).parent if on_path else next((path.parent for path in found), None)


def as_server(*command):
    """A command as a user who may run the server: it refuses to run as root."""
    if os.geteuid() != 0:
        return [*map(str, command)]
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *map(str, command)]


class PostgresServer:
    """A server that can be stopped and started again; databases are made as they are asked for."""

    def __init__(self, binaries):
        self._binaries = binaries
        self.folder = Path(tempfile.mkdtemp(prefix="awo-pg-"))
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self._made = 0
        self._run(
            "initdb", "-D", self.data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"
        )

    @property
    def data(self):
        return self.folder / "data"

    def start(self):
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c fsync=off -c max_connections=50"
        self._run("pg_ctl", "-D", self.data, "-w", "-l", self.folder / "log", "-o", options, "start")

    def stop(self, mode="fast"):
        self._run("pg_ctl", "-D", self.data, "-w", "-m", mode, "stop")

    def close(self):
        with contextlib.suppress(subprocess.CalledProcessError):
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_database(self):
        """The URL of an empty database."""
        self._made += 1
        name = f"traces_{os.getpid()}_{self._made}"
        self.ask("postgres", f"CREATE DATABASE {name}")
        return f"postgresql://tester@/{name}?host={self.folder}"

    def drop_database(self, url):
        name = url.partition("@/")[2].partition("?")[0]
        self.ask("postgres", f"DROP DATABASE {name} WITH (FORCE)")

    def ask(self, database, query):
        import psycopg

        with psycopg.connect(
            f"host={self.folder} user=tester dbname={database}", autocommit=True
        ) as connection:
            cursor = connection.execute(query)
            return cursor.fetchall() if cursor.description else []

    def _run(self, program, *arguments):
        subprocess.run(  # noqa: S603  # the programs are those of the package
            as_server(self._binaries / program, *arguments),
            check=True,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
