"""The tools of `tests.runtime.twins`: every answer depends on whose thread it is, and on what was written there.

LangChain inspects what is defined here: no postponed annotations.
"""

import json
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any

from langchain_core.messages import ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, InjectedToolCallId, StructuredTool, ToolException, tool
from langgraph.config import get_config
from langgraph.prebuilt import ToolRuntime
from langgraph.types import Command, interrupt

from tests.runtime.twins import Call, Moment


def whose(config: Any = None) -> str:
    """The user whose thread is running."""
    return str((config or get_config())["configurable"]["user_id"])


@dataclass
class Desk:
    """What is known of one user.

    Attributes:
        watched: the calls that a guard of the host saw.
        cut: where the execution that is going on will be cut off in the next write that is made alone, if anywhere.
        end: ends the execution that is going on, and returns when it has ended.
        is_alone: the last message of the model called one tool.
        failed: writes that failed once.
    """

    watched: list[Call] = field(default_factory=list)
    cut: Moment | None = None
    end: Callable[[], None] | None = None
    is_alone: bool = False
    failed: set[Call] = field(default_factory=set)

    def cut_off(self, moment: Moment) -> None:
        if not (self.is_alone and self.cut == moment):
            return
        self.cut = None
        if self.end is not None:
            self.end()
            raise RuntimeError("nobody listens any more")
        raise KeyboardInterrupt


class Office:
    """Tools over one database for all users."""

    def __init__(self, path: str, users: int) -> None:
        self.path = path
        self.desks = {f"u{number}": Desk() for number in range(users)}
        self.building = threading.Lock()
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE writes (user TEXT, tool TEXT, target TEXT)")
        db.close()

    def writes(self, user: str, target: str | None = None) -> list[Call]:
        db = sqlite3.connect(self.path, timeout=60)
        rows = db.execute("SELECT tool, target FROM writes WHERE user = ? ORDER BY rowid", (user,)).fetchall()
        db.close()
        return [row for row in rows if target in (None, row[1].partition(":")[0])]

    def write(self, name: str, target: str, user: str) -> int:
        desk = self.desks[user]
        desk.cut_off("before")
        db = sqlite3.connect(self.path, timeout=60)
        with db:
            db.execute("INSERT INTO writes VALUES (?, ?, ?)", (user, name, target))
        db.close()
        desk.cut_off("after")
        return len(self.writes(user, target))

    def fail_once(self, user: str, target: str) -> None:
        failed = self.desks[user].failed
        if ("send", target) not in failed:
            failed.add(("send", target))
            raise ConnectionError(f"{user} is not connected to {target}")

    @cached_property
    def tools(self) -> list[BaseTool]:
        """Made once: their schemas take longer to make than a conversation. Each learns the user in another way."""

        @tool
        def find_user(of: str, config: RunnableConfig) -> dict:
            """Finds a user."""
            user = whose(config)
            return {"id": of, "user": user, "seen": len(self.writes(user, of))}

        @tool
        def get_order(of: str, runtime: ToolRuntime) -> str:
            """Reads an order."""
            user = whose(runtime.config)
            seen = self.writes(user, of)
            return json.dumps({"of": of, "user": user, "seen": len(seen), "targets": seen})

        @tool(response_format="content_and_artifact")
        def balance(of: str) -> Any:
            """Reads a balance."""
            number = len(self.writes(whose(), of))
            return [{"type": "text", "text": f"{number} writes of {whose()}"}], {
                "structured_content": {"number": number}
            }

        def draw(of: str) -> list:
            """Draws what was written."""
            text = f"{len(self.writes(whose(), of))} writes of {whose()}"
            return [{"type": "text", "text": text}, {"type": "image", "url": "https://a/b"}]

        async def adraw(of: str) -> list:
            return draw(of)

        @tool
        def broken(of: str) -> str:
            """Reads what cannot be read."""
            raise ToolException(f"no {of} of {whose()} after {len(self.writes(whose(), of))}")

        @tool
        def missing(of: str) -> str:
            """Reads what nobody can reach."""
            raise ConnectionError(f"no {of} of {whose()} at all")

        @tool
        def refund(of: str) -> str:
            """Refunds."""
            return f"refund number {self.write('refund', of, whose())}"

        @tool
        def send(of: str, config: RunnableConfig) -> str:
            """Sends; the first time it does not."""
            self.fail_once(whose(config), of)
            return f"sent, number {self.write('send', of, whose(config))}"

        @tool
        def transfer(of: str, tool_call_id: Annotated[str, InjectedToolCallId]) -> Command:
            """Hands over."""
            number = self.write("transfer", of, whose())
            said = ToolMessage(f"transfer number {number}", tool_call_id=tool_call_id)
            return Command(update={"messages": [said]})

        @tool
        def confirm(of: str) -> str:
            """Asks, and writes what was answered."""
            answer = interrupt({"confirm": of})
            return f"confirmed, number {self.write('confirm', f'{of}:{answer}', whose())}"

        broken.handle_tool_error = True
        picture = StructuredTool.from_function(draw, adraw, name="picture")
        return [find_user, get_order, balance, picture, broken, missing, refund, send, transfer, confirm]
