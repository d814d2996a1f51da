"""An agent of the back office at work without and with a toolkit, recorded; and the same as chat messages alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from langchain_core.messages import convert_to_openai_messages

import langchain_awo as awo
from langchain_awo.capture.importers.messages import import_messages
from langchain_awo.demo.agent.agent import build_agent, scripted_model
from langchain_awo.demo.backoffice.tasks import generate_tasks
from langchain_awo.demo.backoffice.tools import back_office_tools
from langchain_awo.demo.backoffice.world import World
from langchain_awo.runtime.tool.signatures import read_spec


@dataclass(frozen=True, kw_only=True)
class Season:
    """The same tasks, done on equal copies of the world.

    Attributes:
        before: traces without a toolkit.
        after: traces with the toolkit that was compiled from these.
        chats: the messages of the runs after, as traces that were imported.
    """

    specs: list
    toolkit: awo.MetaToolkit
    before: list
    after: list
    chats: list


def season(folder: Path, tasks: int, mode: str | None = None) -> Season:
    with World.create(seed=7) as one, one.copy() as other:
        todo = generate_tasks(one, tasks, seed=11)
        _work(build_agent(scripted_model(), back_office_tools(one)), todo, folder / "before.db")
        tools = back_office_tools(other)
        toolkit = awo.compile_toolkit(folder / "before.db", tools=tools)
        agent = build_agent(scripted_model(), tools, middleware=[awo.MetaToolMiddleware(toolkit, mode=mode)])
        messages = _work(agent, todo, folder / "after.db")
    return Season(
        specs=[read_spec(tool) for tool in tools],
        toolkit=toolkit,
        before=awo.load_traces(folder / "before.db"),
        after=awo.load_traces(folder / "after.db"),
        chats=list(import_messages(messages)),
    )


def _work(agent, tasks, store) -> list[str]:
    """Does the tasks, each in a thread of its own; gives the messages as lines of JSON."""
    lines = []
    with awo.TraceRecorder(store) as recorder:
        for task in tasks:
            config = {
                "callbacks": [recorder],
                "configurable": {"thread_id": task.task_id},
                "metadata": {"task_id": task.task_id},
            }
            result = agent.invoke({"messages": [("user", task.instruction)]}, config)
            said = convert_to_openai_messages(result["messages"])
            lines.append(json.dumps({"id": task.task_id, "task_id": task.task_id, "messages": said}))
    return lines


def asked(trace) -> list:
    """The calls that models asked for, as name and arguments."""
    return [(call.name, call.args) for call in trace.tool_calls if call.model_call is not None]
