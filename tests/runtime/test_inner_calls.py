"""Inner calls are first-class: children in the callbacks, with everything a tool may ask for."""

import json
from typing import Annotated, Any

import pytest
from langchain_core.messages import ToolMessage
from langchain_core.tools import InjectedToolArg, StructuredTool, ToolException, tool
from langchain_core.tracers.run_collector import RunCollectorCallbackHandler
from langgraph.store.memory import InMemoryStore
from langgraph.types import Command

from langchain_awo.model.ir.binding import Constant, Output
from langchain_awo.model.trace.effect import Effect
from langchain_awo.runtime.tool.lowering import lower
from langchain_awo.runtime.tool.toolkit import MetaToolkit
from tests.runtime.desk import (
    FIND,
    NOTE,
    ORDERS,
    ask,
    call,
    model_of,
    new_agent,
    plan_of,
    routine,
    step,
    tool_messages,
)
from tests.runtime.watching import Watcher, check_children

INNER = ["find_user", "get_order", "get_order", "note"]
SEVEN = {"user": Output(step=1, path="/id")}


def test_inner_calls_are_children_of_the_meta_tool_marked_as_replayed(
    kind: str, desk: Any, toolkit: Any
) -> None:
    watcher = Watcher()
    tools = [*desk.tools, *toolkit(routine("help_user", FIND, ORDERS, NOTE)).get_tools()]
    agent = new_agent(kind, model_of(call("help_user", email="a@b"), "done"), tools)
    agent.invoke(ask(), {"callbacks": [watcher]})
    check_children(watcher, INNER)
    (outer,) = watcher.named("help_user")
    note = watcher.named("note")[0]
    assert note["tool_call_id"] == f"{outer['tool_call_id']}__3"
    assert note["inputs"] == {"user": 7, "text": "hello"}


async def test_they_are_children_asynchronously_too(kind: str, desk: Any, toolkit: Any) -> None:
    watcher = Watcher()
    tools = [*desk.tools, *toolkit(routine("help_user", FIND, ORDERS, NOTE)).get_tools()]
    agent = new_agent(kind, model_of(call("help_user", email="a@b"), "done"), tools)
    await agent.ainvoke(ask(), {"callbacks": [watcher]})
    check_children(watcher, INNER)


def test_the_tree_that_tracers_build_has_them_below_the_meta_tool(kind: str, desk: Any, toolkit: Any) -> None:
    collector = RunCollectorCallbackHandler()  # builds the tree that LangSmith's tracer sends
    tools = [*desk.tools, *toolkit(routine("help_user", FIND, ORDERS, NOTE)).get_tools()]
    agent = new_agent(kind, model_of(call("help_user", email="a@b"), "done"), tools)
    agent.invoke(ask(), {"callbacks": [collector]})
    (root,) = collector.traced_runs
    (outer,) = _below(root, "help_user")
    assert [run.name for run in outer.child_runs] == INNER
    assert [run.run_type for run in outer.child_runs] == ["tool"] * 4
    assert {run.trace_id for run in outer.child_runs} == {root.id}
    assert [run.extra["metadata"]["awo_step"] for run in outer.child_runs] == [1, 2, 2, 3]
    assert all("awo:replayed" in run.tags for run in outer.child_runs)


def _below(run: Any, name: str) -> list[Any]:
    found = [each for child in run.child_runs for each in _below(child, name)]
    return [run, *found] if run.name == name else found


def test_they_are_children_outside_a_graph_too(toolkit: Any) -> None:
    watcher = Watcher()
    (tool_,) = toolkit(routine("help_user", FIND, ORDERS, NOTE)).get_tools()
    tool_.invoke({"email": "a@b"}, {"callbacks": [watcher]})
    check_children(watcher, INNER)


def _injected(kind: str, toolkit: Any, desk: Any) -> tuple[Any, InMemoryStore]:
    store = InMemoryStore()
    store.put(("users",), "7", {"name": "Ada"})
    steps = (FIND, step("whoami", args=SEVEN), step("remembered", args=SEVEN))
    tools = [*desk.tools, *toolkit(routine("help_user", *steps)).get_tools()]
    model = model_of(call("help_user", email="a@b"), "done")
    return new_agent(kind, model, tools, store=store), store


def _check_injected(state: dict[str, Any]) -> None:
    (message,) = tool_messages(state)
    outputs = [each["output"] for each in json.loads(message.content)["steps"]]
    call_id = f"{message.tool_call_id}__2"
    assert outputs[1] == {"messages": 2, "call_id": call_id, "same": True, "user": 7}
    assert outputs[2] == "Ada"


def test_state_store_runtime_and_call_id_are_filled(kind: str, desk: Any, toolkit: Any) -> None:
    agent, _ = _injected(kind, toolkit, desk)
    _check_injected(agent.invoke(ask()))


async def test_they_are_filled_asynchronously_too(kind: str, desk: Any, toolkit: Any) -> None:
    agent, _ = _injected(kind, toolkit, desk)
    _check_injected(await agent.ainvoke(ask()))


def test_outside_a_graph_a_tool_that_needs_the_state_is_handed_back(toolkit: Any) -> None:
    (tool_,) = toolkit(routine("help_user", FIND, step("whoami", args=SEVEN))).get_tools()
    told = json.loads(tool_.invoke({"email": "a@b"}))
    assert told["failed"]["tool"] == "whoami"
    assert "LangGraph" in told["failed"]["error"]


def test_a_tool_with_arguments_that_nobody_can_fill_disables_its_meta_tool() -> None:
    @tool
    def secret(user: int, key: Annotated[str, InjectedToolArg]) -> str:
        """Needs a key that only the application has."""
        return key + str(user)

    meta_tool = routine("m", step("secret", Effect.READ, args={"user": Constant(value=1)}))
    toolkit = MetaToolkit(plan=plan_of([secret], meta_tool), tools=[secret])
    assert "'key'" in toolkit.disabled["m"]
    assert toolkit.get_tools() == []


async def test_a_tool_of_an_mcp_adapter_gets_the_runtime_inside_an_agent_and_none_outside() -> None:
    """Adapters of 0.3 mark `runtime` as injected without saying that it is a `ToolRuntime`; LangGraph goes by the name."""
    seen: list[Any] = []

    async def track(runtime: Annotated[object | None, InjectedToolArg()] = None, **args: Any) -> str:
        seen.append(runtime)
        return f"{args['parcel']} is in the depot"

    schema = {"type": "object", "properties": {"parcel": {"type": "string"}}, "required": ["parcel"]}
    mcp = StructuredTool(name="track", description="Tracks.", args_schema=schema, coroutine=track)
    meta_tool = routine("m", step("track", Effect.READ, args={"parcel": Constant(value="P-1")}))
    toolkit = MetaToolkit(plan=plan_of([mcp], meta_tool), tools=[mcp])
    (tool_,) = toolkit.get_tools()
    assert "P-1 is in the depot" in await tool_.ainvoke({"email": "a@b"})
    agent = new_agent("create_agent", model_of(call("m", email="a@b"), "Done."), [mcp, tool_])
    (message,) = tool_messages(await agent.ainvoke(ask()))
    assert json.loads(message.text)["status"] == "completed"
    outside, inside = seen
    assert outside is None
    assert inside.tool_call_id


def test_artifacts_and_content_blocks_of_inner_tools_are_kept() -> None:
    async def search(query: str) -> Any:
        blocks = [{"type": "text", "text": "found it", "id": "lc_random"}]
        return blocks, {"structured_content": {"result": [{"id": 5, "query": query}]}}

    schema = {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]}
    mcp = StructuredTool(
        name="search",
        description="As an MCP adapter makes it.",
        args_schema=schema,
        coroutine=search,
        response_format="content_and_artifact",
    )

    @tool
    def open_page(page: int) -> str:
        """Opens a page."""
        return f"page {page}"

    steps = (
        step("search", Effect.READ, args={"query": Constant(value="q")}),
        step("open_page", Effect.READ, args={"page": Output(step=1, path="/0/id")}),
    )
    lowered = lower(routine("m", *steps), [mcp, open_page])
    with pytest.raises(NotImplementedError, match="does not support sync"):
        lowered.invoke({"email": "x"})
    import asyncio

    request = {"name": "m", "args": {"email": "x"}, "id": "c", "type": "tool_call"}
    message = asyncio.run(lowered.ainvoke(request))
    assert [each["output"] for each in json.loads(message.content)["steps"]] == [
        [{"id": 5, "query": "q"}],
        "page 5",
    ]
    kept = message.artifact["messages"][0]
    assert kept.content[0]["id"] == "lc_random"
    assert kept.artifact["structured_content"]["result"][0]["id"] == 5


def test_an_error_that_an_inner_tool_handled_is_still_a_failure() -> None:
    def look(email: str) -> str:
        raise ToolException(f"nobody is called {email}")

    inner = StructuredTool.from_function(look, name="look", description="Looks.", handle_tool_error=True)
    meta_tool = routine("m", step("look", Effect.READ, args={"email": Constant(value="x")}))
    message = lower(meta_tool, [inner]).invoke(
        {"name": "m", "args": {"email": "x"}, "id": "c", "type": "tool_call"}
    )
    assert isinstance(message, ToolMessage)
    assert message.status == "error"
    assert json.loads(message.content)["failed"]["error"] == "nobody is called x"


def test_a_command_of_an_inner_tool_is_handed_back() -> None:
    @tool
    def transfer(to: str) -> Command:
        """Hands over to another agent."""
        return Command(goto=to)

    meta_tool = routine("m", step("transfer", Effect.READ, args={"to": Constant(value="sales")}))
    told = json.loads(lower(meta_tool, [transfer]).invoke({"email": "x"}))
    assert "Command" in told["failed"]["error"]


def test_of_a_write_that_returned_a_command_the_truth_is_told_and_it_is_not_made_again() -> None:
    made: list[str] = []

    @tool
    def transfer(to: str) -> Command:
        """Hands over to another agent."""
        made.append(to)
        return Command(goto=to)

    meta_tool = routine("m", step("transfer", Effect.WRITE, args={"to": Constant(value="sales")}))
    lowered = lower(meta_tool, [transfer])
    first = json.loads(lowered.invoke({"email": "x"}))
    again = json.loads(lowered.invoke({"email": "x", "resume_token": first["resume_token"]}))
    assert "was dropped" in first["failed"]["error"]
    assert "took effect" not in first["failed"]["error"]
    assert again["failed"]["tool"] == "transfer"
    assert made == ["sales"]


@pytest.mark.parametrize("answer", [Command, Command[str], list[Command | ToolMessage]])
def test_a_tool_that_says_it_returns_a_command_disables_its_meta_tool(answer: Any) -> None:
    def transfer(to: str) -> Any:
        return Command(goto=to)

    transfer.__annotations__["return"] = answer
    tool_ = StructuredTool.from_function(transfer, description="Hands over.")
    meta_tool = routine("m", step("transfer", Effect.READ, args={"to": Constant(value="sales")}))
    toolkit = MetaToolkit(plan=plan_of([tool_], meta_tool), tools=[tool_])
    assert toolkit.disabled == {"m": "the tool 'transfer' returns a Command, which a routine cannot pass on"}


@pytest.mark.parametrize("answer", [str, Command[str] | str, tuple[ToolMessage | Command, Any]])
def test_a_tool_that_may_also_answer_otherwise_is_taken_as_it_was_recorded(answer: Any) -> None:
    def transfer(to: str) -> Any:
        return to

    transfer.__annotations__["return"] = answer
    tool_ = StructuredTool.from_function(transfer, description="Hands over.")
    meta_tool = routine("m", step("transfer", Effect.READ, args={"to": Constant(value="sales")}))
    assert not MetaToolkit(plan=plan_of([tool_], meta_tool), tools=[tool_]).disabled


def test_parameters_may_have_names_that_langchain_needs_for_itself(desk: Any) -> None:
    from langchain_awo.model.ir.binding import Parameter
    from langchain_awo.model.ir.metatool import MetaTool, ParameterSpec

    names = ("config", "runtime", "copy", "_id", "user-id", "class")
    args = {"user": Constant(value=1), "text": Parameter(name="config")}
    steps = tuple(step("note", args={**args, "text": Parameter(name=name)}) for name in names)
    specs = tuple(ParameterSpec(name=name, schema={"type": "string"}) for name in names)
    lowered = lower(MetaTool(name="m", description="", parameters=specs, steps=steps), desk.tools)
    shown = list(lowered.args)
    assert shown == ["config_", "runtime_", "copy_", "id", "user_id", "class_", "resume_token"]
    lowered.invoke({name: name for name in shown[:-1]})
    assert [text for _, text in desk.calls()] == [f"1:{name}" for name in shown[:-1]]
