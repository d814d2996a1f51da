"""An agent in a process of its own that may be killed in the middle of a tool: no exception, no cleaning up."""

import os
import signal
from pathlib import Path
from typing import Any

from langchain.agents import create_agent
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.store.sqlite import SqliteStore

from langchain_awo.api.middleware import MetaToolMiddleware
from langchain_awo.runtime.tool.toolkit import MetaToolkit
from tests.runtime.desk import (
    HELP,
    Desk,
    ask,
    call,
    model_of,
    new_agent,
    plan_of,
    tool_messages,
)

THREAD: Any = {"configurable": {"thread_id": "t"}}


class DeadlyDesk(Desk):
    """Kills the process before or after one of its tools takes effect."""

    def __init__(self, path: str, *, victim: str, moment: str) -> None:
        super().__init__(path)
        self.victim, self.moment = victim, moment

    def row(self, name: str, args: str) -> None:
        if (name, self.moment) == (self.victim, "before"):
            os.kill(os.getpid(), signal.SIGKILL)
        super().row(name, args)
        if (name, self.moment) == (self.victim, "after"):
            os.kill(os.getpid(), signal.SIGKILL)


def begin(folder: str, kind: str, victim: str, moment: str) -> None:
    """Starts the agent; it does not come to its end."""
    desk = DeadlyDesk(f"{folder}/desk.db", victim=victim, moment=moment)
    _run(folder, kind, desk, [call("help_user", email="a@b")], ask())


def go_on(folder: str, kind: str) -> None:
    """Goes on from the last checkpoint, and writes down what the model was told."""
    state = _run(folder, kind, Desk(f"{folder}/desk.db"), ["ok"], None)
    (message,) = tool_messages(state)
    Path(folder, "told.json").write_text(message.content)


def _run(folder: str, kind: str, desk: Desk, script: list[Any], given: Any) -> dict[str, Any]:
    with (
        SqliteSaver.from_conn_string(f"{folder}/checkpoints.db") as saver,
        SqliteStore.from_conn_string(f"{folder}/store.db") as store,
    ):
        store.setup()
        toolkit = MetaToolkit(plan=plan_of(desk.tools, HELP), tools=desk.tools)
        kept: Any = {"checkpointer": saver, "store": store}
        if kind == "middleware":
            installed = MetaToolMiddleware(toolkit)
            agent: Any = create_agent(model_of(*script), desk.tools, middleware=[installed], **kept)
        else:
            agent = new_agent(kind, model_of(*script), [*desk.tools, *toolkit.get_tools()], **kept)
        state: dict[str, Any] = agent.invoke(given, THREAD, durability="sync")
        return state
