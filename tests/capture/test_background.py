"""Work in the background: what begins after the step that started it has ended belongs to the run as long as that goes on."""

import asyncio
import threading
from contextvars import copy_context

import pytest
from langchain_core.tools import tool
from langgraph.graph import END, START, MessagesState, StateGraph

from langchain_awo.testing import ScriptedChatModel
from tests.capture.scripted_agents import asks, call, look, says, user


class Background:
    """Calls a tool in a thread or a task that begins only when the step that started it is over."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.job: threading.Thread | asyncio.Task[None] | None = None

    def start(self) -> None:
        context = copy_context()
        self.job = threading.Thread(target=context.run, args=(self._work,))
        self.job.start()

    def _work(self) -> None:
        self.gate.wait(5)
        look.invoke({"where": "behind"})

    def join(self) -> None:
        self.gate.set()
        assert isinstance(self.job, threading.Thread)
        self.job.join()

    def start_task(self) -> None:
        self.turn = asyncio.Event()
        self.job = asyncio.get_running_loop().create_task(self._awork())

    async def _awork(self) -> None:
        await self.turn.wait()
        await look.ainvoke({"where": "behind"})

    async def wait(self) -> None:
        self.turn.set()
        assert isinstance(self.job, asyncio.Task)
        await self.job


def in_two_steps(first, second):
    """A graph whose second step lets the work begin that the first one started."""
    graph = StateGraph(MessagesState)
    graph.add_node("first", first)
    graph.add_node("second", second)
    for edge in ((START, "first"), ("first", "second"), ("second", END)):
        graph.add_edge(*edge)
    return graph.compile()


@pytest.fixture
def background():
    return Background()


def test_a_thread_that_begins_later_is_recorded_with_the_run(recorder, recorded, background):
    def first(state):
        answer = ScriptedChatModel(script=[asks(call("look", "c1", where="here"))]).invoke(state["messages"])
        background.start()
        return {"messages": [answer, look.invoke(answer.tool_calls[0])]}

    def second(state):
        background.join()
        return {"messages": [ScriptedChatModel(script=[says()]).invoke(state["messages"])]}

    in_two_steps(first, second).invoke(user("go"), {"callbacks": [recorder]})
    (trace,) = recorded()
    assert [(each.args["where"], each.model_call, each.parent_id) for each in trace.tool_calls] == [
        ("here", 0, None),
        ("behind", None, None),
    ]


async def test_so_is_a_task(recorder, recorded, background):
    async def first(state):
        answer = await ScriptedChatModel(script=[says("hm")]).ainvoke(state["messages"])
        background.start_task()
        return {"messages": [answer]}

    async def second(state):
        await background.wait()
        return {}

    await in_two_steps(first, second).ainvoke(user("go"), {"callbacks": [recorder]})
    (trace,) = recorded()
    assert [each.args["where"] for each in trace.tool_calls] == ["behind"]


def test_what_a_tool_started_belongs_to_its_call(recorder, recorded, background):
    @tool
    def begin(job: str) -> str:
        """Starts a job."""
        background.start()
        return f"{job} begun"

    def first(state):
        answer = ScriptedChatModel(script=[asks(call("begin", "c1", job="look"))]).invoke(state["messages"])
        return {"messages": [answer, begin.invoke(answer.tool_calls[0])]}

    def second(state):
        background.join()
        return {"messages": [ScriptedChatModel(script=[says()]).invoke(state["messages"])]}

    in_two_steps(first, second).invoke(user("go"), {"callbacks": [recorder]})
    (trace,) = recorded()
    assert [(each.name, each.parent_id) for each in trace.tool_calls] == [("begin", None), ("look", "c1")]


def test_what_begins_after_the_run_is_a_trace_of_its_own(recorder, recorded, background):
    def first(state):
        background.start()
        return {"messages": [ScriptedChatModel(script=[says()]).invoke(state["messages"])]}

    in_two_steps(first, lambda _: {}).invoke(user("go"), {"callbacks": [recorder]})
    background.join()
    run, after = recorded()
    assert (len(run.model_calls), run.tool_calls) == (1, ())
    assert [each.args["where"] for each in after.tool_calls] == ["behind"]
