"""A model that calls a meta-tool with nonsense a thousand times is answered a thousand times, and fills no memory."""

from __future__ import annotations

import gc
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from langchain_core.tools import tool
from pydantic import ValidationError

from langchain_awo.runtime.journal.journal import RunMemory
from langchain_awo.runtime.tool.toolkit import MetaToolkit
from langchain_awo.runtime.use_counter import UseCounter
from tests.runtime.desk import FIND, NOTE, plan_of, routine

NONSENSE: tuple[Any, ...] = (
    {},
    {"email": None},
    {"email": []},
    {"email": {"a": [1, {"b": None}]}},
    {"email": "x" * 5_000},
    {"email": "\x1b[2J\u202e\0"},
    {"email": "nobody", "resume_token": "../../etc/passwd"},
    {"email": "nobody", "resume_token": "'; DROP TABLE runs; --"},
    {"mail": "a@b"},
)


def test_a_thousand_calls_with_nonsense_are_each_answered_and_memory_stays_flat() -> None:
    written: list[str] = []

    @tool
    def find_user(email: str) -> dict:
        """Finds a user by email."""
        return {} if "@" not in email else {"id": 7}

    @tool
    def note(user: int, text: str) -> str:
        """Writes a note."""
        written.append(text)
        return "noted"

    memory = RunMemory(complete=20, unfinished=20)
    tools = [find_user, note]
    plan = plan_of(tools, routine("help_user", FIND, NOTE))
    (meta_tool,) = MetaToolkit(plan=plan, tools=tools, memory=memory).get_tools()

    def answered(number: int) -> bool:
        given = NONSENSE[number % len(NONSENSE)]
        args = (
            {**given, "email": f"{given['email']}{number}"} if isinstance(given.get("email"), str) else given
        )
        try:
            said = meta_tool.invoke(
                {"name": "help_user", "args": args, "id": f"c{number}", "type": "tool_call"}
            )
        except ValidationError:  # LangChain's own check of arguments, which its `ToolNode` tells the model
            return True
        return json.loads(said.content)["status"] == "stopped" and len(said.content) < 10_000

    def count_objects_after(numbers: range) -> int:
        assert all(map(answered, numbers))
        gc.collect()
        return len(gc.get_objects())

    first, second, third = (count_objects_after(range(each, each + 350)) for each in (0, 350, 700))
    grown = min(
        second - first, third - second
    )  # the lesser one: threads of other tests may end or begin meanwhile
    assert grown < 150  # twenty runs are kept, and nothing of each of the others
    assert written == []


def test_usage_loses_no_count_between_threads() -> None:
    usage = UseCounter()

    def count(_: int) -> None:
        for _ in range(2_000):
            usage.count("help_user", "called")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(8)))
    assert usage == {("help_user", "called"): 16_000}
    assert usage.copy() == usage
