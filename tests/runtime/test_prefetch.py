"""Prefetch mode: reads that follow are made while the model thinks, and nobody can tell but by the clock."""

import asyncio
import logging
import threading
import time
from collections import Counter
from dataclasses import replace
from typing import Annotated, Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import wrap_tool_call
from langchain_core.messages import ToolMessage
from langchain_core.tools import InjectedToolArg, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.prebuilt import ToolRuntime
from langgraph.types import Command, interrupt

from langchain_awo.api.middleware import MetaToolMiddleware
from langchain_awo.model.ir.binding import Constant
from langchain_awo.model.ir.metatool import Step
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.trace.handback import FETCHED_NOTE
from langchain_awo.runtime.tool.toolkit import MetaToolkit
from langchain_awo.testing import ScriptedChatModel, ask_tools
from tests.runtime.clinic import FIND, ROUTINE, VISITS, Clinic, agent_of, ask, go
from tests.runtime.desk import plan_of
from tests.runtime.watching import Watcher

LOOKS = (
    ask("find_patient", email="x@y"),
    ask("list_visits", patient="x"),
    ask("get_visit", visit="x1"),
    ask("get_visit", visit="x2"),
    "done",
)
THINKS = 0.25


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def clinic(request: pytest.FixtureRequest) -> Clinic:
    return Clinic(is_async=request.param, seconds=0.01)


def _told(messages: list[Any]) -> list[Any]:
    """What the model reads of a conversation; ids of messages and calls are made anew each time."""
    return [
        (each.type, each.name, each.content, [c["name"] for c in getattr(each, "tool_calls", ())])
        for each in messages
    ]


def _counts(usage: Counter[tuple[str, str]], what: str) -> int:
    return sum(number for (_, key), number in usage.items() if key == what)


def test_what_the_model_asks_for_next_was_read_while_it_thought(clinic: Clinic) -> None:
    agent, installed = agent_of(clinic, *LOOKS, thinks=THINKS)
    go(agent, clinic)
    assert sorted(clinic.started) == [
        ("find_patient", "x@y"), ("get_visit", "x1"), ("get_visit", "x2"), ("list_visits", "x"),
    ]  # fmt: skip
    assert _counts(installed.usage, "prefetched") == 3
    assert _counts(installed.usage, "served") == 3
    assert _counts(installed.usage, "unused") == 0


def test_the_model_is_told_exactly_what_it_is_told_without(clinic: Clinic) -> None:
    plain = Clinic(is_async=clinic.is_async)
    ahead, _ = agent_of(clinic, *LOOKS, thinks=THINKS)
    without, _ = agent_of(plain, *LOOKS, meta_tools=())
    told = go(ahead, clinic)
    assert _told(told) == _told(go(without, plain))
    assert [each.tool_call_id for each in told if isinstance(each, ToolMessage)] == [
        call["id"] for each in told for call in getattr(each, "tool_calls", ())
    ]


def test_a_read_on_its_way_is_waited_for_and_not_made_twice(clinic: Clinic) -> None:
    clinic.seconds = 0.2
    agent, installed = agent_of(clinic, *LOOKS[:2], "done", thinks=0.1)
    go(agent, clinic)
    assert clinic.calls("list_visits") == ["x"]
    assert installed.usage["list_visits", "served"] == 1


def test_it_saves_the_time_that_tools_take(clinic: Clinic) -> None:
    clinic.seconds = 0.2
    seconds = []
    for meta_tools in ((), (ROUTINE,)):
        agent, _ = agent_of(clinic, *LOOKS, thinks=0.25, meta_tools=meta_tools)
        began = time.perf_counter()
        go(agent, clinic)
        seconds.append(time.perf_counter() - began)
    assert seconds[1] < seconds[0] - 0.3  # of the 0.6 that three calls take


def test_other_arguments_are_another_call(clinic: Clinic) -> None:
    agent, installed = agent_of(clinic, LOOKS[0], ask("list_visits", patient="z"), "done", thinks=THINKS)
    go(agent, clinic)
    assert clinic.calls("list_visits") == ["x", "z"]
    assert _counts(installed.usage, "served") == 0
    assert _counts(installed.usage, "unused") == _counts(installed.usage, "prefetched") == 3


def test_a_second_look_is_made_anew(clinic: Clinic) -> None:
    agent, installed = agent_of(clinic, LOOKS[0], LOOKS[1], LOOKS[1], "done", thinks=THINKS)
    go(agent, clinic)
    assert clinic.calls("list_visits") == ["x", "x"]
    assert installed.usage["list_visits", "served"] == 1


def test_nothing_read_before_a_write_is_served_after_it(clinic: Clinic) -> None:
    write = ask("add_note", visit="x1", text="new")
    agent, installed = agent_of(clinic, LOOKS[0], LOOKS[1], write, LOOKS[2], "done", thinks=THINKS)
    messages = go(agent, clinic)
    assert '"note": "new"' in messages[-2].content
    assert clinic.calls("get_visit") == ["x1", "x1", "x2"]
    assert installed.usage["patient_overview", "unused"] == 2


def test_a_write_beside_the_anchor_keeps_everything_on_the_ground(clinic: Clinic) -> None:
    both = ask_tools(("find_patient", {"email": "x@y"}), ("add_note", {"visit": "x1", "text": "new"}))
    agent, installed = agent_of(clinic, both, *LOOKS[1:], thinks=THINKS)
    go(agent, clinic)
    assert _counts(installed.usage, "prefetched") == 0


def test_a_read_that_fails_is_made_again_when_the_model_asks(
    clinic: Clinic, caplog: pytest.LogCaptureFixture
) -> None:
    agent, installed = agent_of(clinic, *LOOKS[:2], "done", thinks=THINKS)
    clinic.broken = {"list_visits": 1}
    with caplog.at_level(logging.WARNING):
        messages = go(agent, clinic)
    assert messages[-2].content == '{"visits": ["x1", "x2"]}'
    assert messages[-2].status == "success"
    assert clinic.calls("list_visits") == ["x", "x"]
    assert installed.usage["patient_overview", "unused"] == 1
    assert not caplog.records


def test_the_model_sees_a_failure_of_its_own_call_and_no_other(clinic: Clinic) -> None:
    clinic.broken = {"list_visits": 9}
    agent, _ = agent_of(clinic, *LOOKS[:2], "done", thinks=THINKS)
    with pytest.raises(RuntimeError, match="list_visits is down"):
        go(agent, clinic)
    clinic.broken = {"list_visits": 9}
    agent, _ = agent_of(clinic, LOOKS[0], "done", thinks=THINKS)
    assert go(agent, clinic)[-1].text == "done"


def test_two_users_at_once_are_served_their_own(clinic: Clinic) -> None:
    tools = clinic.tools
    installed = MetaToolMiddleware(MetaToolkit(plan=plan_of(tools, ROUTINE), tools=tools))

    def policy(messages: Any, _tools: Any) -> Any:
        name = messages[0].text
        script = [
            ask("find_patient", email=f"{name}@y"), ask("list_visits", patient=name),
            ask("get_visit", visit=f"{name}1"), "done",
        ]  # fmt: skip
        return script[sum(each.type == "ai" for each in messages)]

    agent = create_agent(
        ScriptedChatModel(policy=policy, seconds_per_call=0.1), tools, middleware=[installed]
    )
    ended: dict[str, list[Any]] = {}

    def one(name: str) -> None:
        ended[name] = agent.invoke({"messages": [("user", name)]})["messages"]

    async def all_of_them() -> None:
        states = await asyncio.gather(*(agent.ainvoke({"messages": [("user", name)]}) for name in "ab"))
        ended.update(zip("ab", (state["messages"] for state in states), strict=True))

    if clinic.is_async:
        asyncio.run(all_of_them())
    else:
        threads = [threading.Thread(target=one, args=(name,)) for name in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for name in "ab":
        read = [each.content for each in ended[name] if isinstance(each, ToolMessage)]
        assert read[1:] == [f'{{"visits": ["{name}1", "{name}2"]}}', f'{{"visit": "{name}1", "note": ""}}']
    assert clinic.calls("list_visits") == ["a", "b"]
    assert clinic.calls("get_visit") == ["a1", "a2", "b1", "b2"]


def test_nothing_outlives_its_invocation(clinic: Clinic) -> None:
    agent, installed = agent_of(clinic, LOOKS[0], "done", LOOKS[1], "done", thinks=THINKS)
    go(agent, clinic)
    go(agent, clinic)
    assert clinic.calls("list_visits") == ["x", "x"]
    assert _counts(installed.usage, "served") == 0


def test_what_is_protected_or_reaches_out_is_not_read_ahead(clinic: Clinic) -> None:
    agent, installed = agent_of(clinic, *LOOKS, thinks=THINKS, protected=["get_visit"])
    assert not installed.refused
    go(agent, clinic)
    assert installed.usage["patient_overview", "prefetched"] == 1


def test_what_asks_a_person_is_dropped(clinic: Clinic) -> None:
    asked: list[str] = []

    def list_visits(patient: str) -> str:
        """Asks first."""
        asked.append(patient)
        return str(interrupt("may I?"))

    tools = [*(each for each in clinic.tools if each.name != "list_visits"), tool(list_visits)]
    installed = MetaToolMiddleware(MetaToolkit(plan=plan_of(tools, ROUTINE), tools=tools))
    model = ScriptedChatModel(script=[LOOKS[0], "done"], seconds_per_call=THINKS)
    agent = create_agent(model, tools, middleware=[installed])
    assert go(agent, clinic)[-1].text == "done"
    assert asked == ["x"]
    assert installed.usage["patient_overview", "unused"] == 1


def test_an_answer_of_a_person_is_left_to_the_call_that_asked(clinic: Clinic) -> None:
    def find_patient(email: str) -> dict:
        """Finds a patient, if a person says so."""
        return {"patient": interrupt(f"may I look {email} up?")}

    tools = [tool(find_patient), *(each for each in clinic.tools if each.name != "find_patient")]
    installed = MetaToolMiddleware(MetaToolkit(plan=plan_of(tools, ROUTINE), tools=tools))
    model = ScriptedChatModel(script=[LOOKS[0], LOOKS[1], "done"], seconds_per_call=THINKS)
    agent = create_agent(model, tools, middleware=[installed], checkpointer=InMemorySaver())
    thread = {"configurable": {"thread_id": "t"}}
    go(agent, clinic, thread)
    if clinic.is_async:
        messages = asyncio.run(agent.ainvoke(Command(resume="x"), thread))["messages"]
    else:
        messages = agent.invoke(Command(resume="x"), thread)["messages"]
    assert messages[-2].content == '{"visits": ["x1", "x2"]}'
    assert _counts(installed.usage, "prefetched") == 0


def test_other_middleware_sees_each_read_once(clinic: Clinic) -> None:
    seen: list[str] = []

    @wrap_tool_call
    def guard(request: Any, handler: Any) -> Any:
        seen.append(request.tool_call["name"])
        return handler(request)

    @wrap_tool_call
    async def aguard(request: Any, handler: Any) -> Any:
        seen.append(request.tool_call["name"])
        return await handler(request)

    agent, _ = agent_of(clinic, *LOOKS, thinks=THINKS, middleware=[aguard if clinic.is_async else guard])
    go(agent, clinic)
    assert sorted(seen) == ["find_patient", "get_visit", "get_visit", "list_visits"]


def test_a_tool_that_is_told_of_the_run_is_never_read_ahead(clinic: Clinic) -> None:
    def list_visits(patient: str, runtime: ToolRuntime) -> str:
        """Says how long the conversation is."""
        return f"{patient} {len(runtime.state['messages'])}"

    tools = [*(each for each in clinic.tools if each.name != "list_visits"), tool(list_visits)]
    installed = MetaToolMiddleware(MetaToolkit(plan=plan_of(tools, ROUTINE), tools=tools))
    model = ScriptedChatModel(script=[LOOKS[0], LOOKS[1], "done"], seconds_per_call=THINKS)
    messages = go(create_agent(model, tools, middleware=[installed]), clinic)
    assert messages[-2].content == "x 4"
    assert _counts(installed.usage, "prefetched") == 0


def test_what_an_adapter_is_told_only_to_hand_it_on_keeps_nothing_from_being_read_ahead(
    clinic: Clinic,
) -> None:
    def list_visits(patient: str, runtime: Annotated[object, InjectedToolArg()] = None) -> str:
        """Lists visits, as a tool of an MCP server does."""
        return patient

    for module, counted in (("langchain_mcp_adapters.tools", 1), (__name__, 0)):
        list_visits.__module__ = module
        tools = [*(each for each in clinic.tools if each.name != "list_visits"), tool(list_visits)]
        installed = MetaToolMiddleware(MetaToolkit(plan=plan_of(tools, ROUTINE), tools=tools))
        model = ScriptedChatModel(script=[LOOKS[0], "done"], seconds_per_call=THINKS)
        go(create_agent(model, tools, middleware=[installed]), clinic)
        assert _counts(installed.usage, "prefetched") == counted


def test_modes_go_together(clinic: Clinic) -> None:
    """What one mode shows the model below an answer is no part of what another one goes on from."""
    shown = replace(
        ROUTINE,
        name="patient_visits",
        steps=(FIND, replace(VISITS, args={"patient": Constant(value="z")})),
        mode="continue",
    )
    agent, installed = agent_of(clinic, *LOOKS, thinks=THINKS, meta_tools=(shown, ROUTINE))
    messages = go(agent, clinic)
    assert FETCHED_NOTE in messages[2].content
    assert messages[4].content == '{"visits": ["x1", "x2"]}'
    assert installed.usage["patient_visits", "continued"] == 1
    assert installed.usage["patient_overview", "prefetched"] == 3


def test_reads_ahead_are_marked_for_whoever_watches(clinic: Clinic) -> None:
    watcher = Watcher()
    agent, _ = agent_of(clinic, *LOOKS[:2], "done", thinks=THINKS)
    go(agent, clinic, {"callbacks": [watcher]})
    (read,) = watcher.named("list_visits")
    assert read["metadata"]["awo_prefetched"] is True
    assert read["metadata"]["awo_meta_tool"] == "patient_overview"
    assert "awo:replayed" in read["tags"]


def test_a_step_that_writes_is_never_made_ahead(clinic: Clinic) -> None:
    note = Step(
        tool="add_note",
        args={"visit": Constant(value="x1"), "text": Constant(value="seen")},
        effect=Effect.WRITE,
        eager=True,
    )
    agent, _ = agent_of(
        clinic, LOOKS[0], "done", thinks=THINKS, meta_tools=(replace(ROUTINE, steps=(FIND, VISITS, note)),)
    )
    go(agent, clinic)
    assert clinic.calls("list_visits") == ["x"]
    assert not clinic.notes


def test_a_plan_may_say_so_itself_and_its_meta_tool_is_shown_to_nobody(clinic: Clinic, tmp_path: Any) -> None:
    tools = clinic.tools
    MetaToolkit(plan=plan_of(tools, ROUTINE), tools=tools).save(tmp_path / "toolkit.json")
    toolkit = MetaToolkit.load(tmp_path / "toolkit.json", tools=tools)
    assert toolkit.meta_tools == (ROUTINE,)
    assert [each.name for each in toolkit.get_tools("prefetch")] == ["patient_overview"]
    model = ScriptedChatModel(script=list(LOOKS), seconds_per_call=THINKS)
    installed = MetaToolMiddleware(toolkit)
    go(create_agent(model, tools, middleware=[installed]), clinic)
    assert _counts(installed.usage, "served") == 3
    assert {name for each in model.calls for name in each.tools} == {each.name for each in tools}
