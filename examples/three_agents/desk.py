"""What the three agents have in common: a small SQLite database behind the tools, and requests in fixed phrases."""

import random
import re
import sqlite3
import threading
from collections.abc import Callable, Mapping
from typing import Any

from langchain_core.tools import BaseTool, StructuredTool, ToolException

from langchain_awo.demo.backoffice.tasks import Task

Request = tuple[str, dict[str, str]]
"""The kind of a request and what is said in it."""


class Database:
    """An SQLite database in memory that tools of several threads may use."""

    def __init__(self, script: str) -> None:
        self._connection = sqlite3.connect(":memory:", check_same_thread=False)
        self._lock = threading.Lock()
        self._connection.executescript(script)

    def ask(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """Rows, each a dictionary."""
        with self._lock:
            cursor = self._connection.execute(statement, values)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def one(self, what: str, statement: str, *values: Any) -> dict[str, Any]:
        """The only row.

        Raises:
            ToolException: there is none.
        """
        rows = self.ask(statement, *values)
        if not rows:
            raise ToolException(f"there is no {what}")
        return rows[0]

    def rows(self, *tables: str) -> dict[str, list[Any]]:
        """The rows of some tables, in order."""
        return {table: self.ask(f"select * from {table} order by rowid") for table in tables}  # noqa: S608  # constants

    def close(self) -> None:
        """Ends it."""
        self._connection.close()


def make_tool(function: Callable[..., Any]) -> BaseTool:
    """A tool whose refusals are told to the agent; what it does to the world only its name and docstring tell."""
    return StructuredTool.from_function(function, handle_tool_error=True)


def understand(phrases: Mapping[str, str], instruction: str) -> Request:
    """The kind of a request and what is said in it."""
    for kind, phrase in phrases.items():
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+?)", re.escape(phrase))
        if found := re.fullmatch(pattern, instruction):
            return kind, found.groupdict()
    raise ValueError(f"nobody asks for {instruction!r}")


def mix_tasks(phrases: Mapping[str, str], requests: list[Request], count: int, *, seed: int) -> list[Task]:
    """Distinct tasks in a mixed order, the same for the same seed."""
    unique = {phrases[kind].format(**said): kind for kind, said in requests}
    shuffled = list(unique.items())
    random.Random(seed).shuffle(shuffled)
    return [
        Task(task_id=f"task-{number:03}", family=kind, instruction=instruction)
        for number, (instruction, kind) in enumerate(shuffled[:count], start=1)
    ]
