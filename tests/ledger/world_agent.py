"""Real agents at work in generated worlds, with and without a toolkit: what they want is fixed, what it takes them is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain.agents import create_agent
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import BaseTool, StructuredTool
from langgraph.checkpoint.memory import InMemorySaver

import langchain_awo as awo
from langchain_awo.model.ir.metatool import MetaTool, Mode, ToolkitPlan
from langchain_awo.model.text.encoding import compute_digest, decode
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.call_key import call_key
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.trace.handback import HandBack, ToldCall, split_fetched
from langchain_awo.model.trace.trace import Trace
from langchain_awo.optimizer.log.corpus import Corpus, build_corpus
from langchain_awo.optimizer.log.words_in_text import iterate_scalars
from langchain_awo.optimizer.replay.counterfactual import choose_best_by_anchor
from langchain_awo.optimizer.replay.simulate import simulate
from langchain_awo.runtime.inner.schemas import assign_field_names
from langchain_awo.testing import ScriptedChatModel, ToolWorld, ask_tools, play
from langchain_awo.testing.world_outputs import render

NOTES = "search_notes"


def tools_of(world: ToolWorld) -> list[BaseTool]:
    """The tools of a world, as an agent has them."""
    notes = StructuredTool(
        name=NOTES,
        description="Search notes that have nothing to do with the rest.",
        args_schema=_schema(["query"]),
        func=lambda **_: "nothing found",
        metadata={"readOnlyHint": True},
    )
    return [notes, *(_tool(world, each.name) for each in world.tools)]


def _tool(world: ToolWorld, name: str) -> BaseTool:
    own = world.tool(name)
    arguments = dict.fromkeys(flow.argument.split("/")[0] for flow in own.flows)
    return StructuredTool(
        name=name,
        description=f"{name.replace('_', ' ').capitalize()} by {' and '.join(arguments)}.",
        args_schema=_schema(arguments),
        func=lambda **args: _output(world, name, args),
        metadata={"readOnlyHint": own.effect.is_read},
    )


def _output(world: ToolWorld, name: str, args: dict[str, Any]) -> JSONValue:
    """As the world says it, with something in it that tells this answer from any other."""
    document = world.document(name, args)
    if isinstance(document, dict):
        document = {**document, "serial": f"{name}-{compute_digest(args)[:8]}"}
    return render(document, world.tool(name).shape)


def _schema(names) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {"title": name} for name in names}, "required": []}


@dataclass(slots=True)
class Office:
    """The agents of one world.

    Attributes:
        tasks: what each task wants, by its first message: the rounds of calls of each turn.
    """

    world: ToolWorld
    folder: Any
    tasks: dict[str, Trace] = field(default_factory=dict)
    tools: list[BaseTool] = field(default_factory=list)

    def without(self, count: int) -> list[Trace]:
        """What agents without a toolkit do in so many tasks, recorded."""
        self.tools = tools_of(self.world)
        self.tasks = {trace.messages[0].text: trace for trace in play(self.world, count)}
        return self._recorded("without", _Wishes(self.tasks), [])

    def with_toolkit(self, recorded: Sequence[Trace], plan: ToolkitPlan, mode: Mode | None) -> list[Trace]:
        """What the same agents do in the same tasks with a toolkit.

        Args:
            recorded: what they did without, in all of the tasks or in some.
        """
        toolkit = awo.MetaToolkit(plan=plan, tools=self.tools, effects={NOTES: Effect.READ})
        wishes = _Wishes({trace.messages[0].text: trace for trace in recorded}, plan.meta_tools)
        middleware = awo.MetaToolMiddleware(toolkit, mode=mode, entry=wishes.known_to_the_host)
        return self._recorded(f"with_{mode}", wishes, [middleware])

    def _recorded(self, name: str, wishes: _Wishes, middleware) -> list[Trace]:
        model = ScriptedChatModel(policy=wishes.next_turn)
        agent = create_agent(model, self.tools, middleware=middleware, checkpointer=InMemorySaver())
        path = self.folder / f"{name}_{len(list(self.folder.iterdir()))}.db"
        with awo.TraceRecorder(path, mask=False) as recorder:  # the agent goes on by what is recorded
            asked = [
                each for each in enumerate(self.tasks.values()) if each[1].messages[0].text in wishes.tasks
            ]
            for number, task in asked:
                config = {
                    "callbacks": [recorder],
                    "configurable": {"thread_id": f"t{number:03}"},
                    "metadata": {"task_id": f"t{number:03}"},
                    "recursion_limit": 200,
                }
                for message in task.messages:
                    agent.invoke({"messages": [HumanMessage(message.text)]}, config)
        return awo.load_traces(path)


class _Wishes:
    """An agent that wants certain calls made, in order, and takes whatever shows it what it wants."""

    def __init__(self, tasks: dict[str, Trace], meta_tools: Sequence[MetaTool] = ()) -> None:
        self.tasks = tasks
        self.meta_tools = {each.name: each for each in meta_tools}
        self.corpora: dict[str, Corpus] = {}

    def next_turn(self, messages: Sequence[BaseMessage], bound: Sequence[dict[str, Any]]) -> AIMessage | str:
        said = [each.text for each in messages if isinstance(each, HumanMessage)]
        segment, run = self._turn(said[0], len(said))
        seen, tried = dict(_seen(messages)), _tried(messages)
        rounds = segment.rounds if segment else ()
        for position, current in enumerate(rounds):
            missing = [call for call in current.calls if call.key not in seen]
            if missing:
                return self._ask(
                    [each for each in bound if _name(each) not in tried], run, segment, position, missing
                )
        wanted = [call for each in rounds for call in each.calls]
        told = [str(leaf) for call in wanted for leaf in iterate_scalars(seen[call.key])]
        return f"Done: {' '.join(told)}" if told else "Done."

    def _turn(self, first: str, turn: int):
        """What is wanted after so many messages of the user: between that message and the next."""
        trace = self.tasks[first]
        if first not in self.corpora:
            self.corpora[first] = build_corpus([trace])
        (run,) = self.corpora[first].runs
        starts = [message.before for message in trace.messages if message.role == "user"]
        start = starts[turn - 1]
        end = starts[turn] if turn < len(starts) else len(trace.model_calls)
        own = [each for each in run.segments if start <= each.rounds[0].index < end]
        return (own[0] if own else None), run

    def _ask(self, bound, run, segment, position, missing) -> AIMessage:
        shown = [
            self.meta_tools[tool["function"]["name"]] for tool in bound if _name(tool) in self.meta_tools
        ]
        found = [(each, one) for each in shown for one in simulate(each, run, segment, position, blind=True)]
        best = choose_best_by_anchor(found)
        return ask_tools(
            *(_call_of(*best[call.key]) if call.key in best else (call.tool, call.args) for call in missing)
        )

    def known_to_the_host(self, state, _runtime) -> dict[str, Any]:
        """Parameters that a host knows when a thread begins: those with which the agent would begin."""
        segment, run = self._turn(state["messages"][0].text, 1)
        known: dict[str, Any] = {}
        for each in self.meta_tools.values():
            for position, current in enumerate(segment.rounds if segment else ()):
                if found := next(iter(simulate(each, run, segment, position)), None):
                    known |= found.parameters
                if found or not all(call.effect.is_read for call in current.calls):
                    break
        return known


def _call_of(meta_tool: MetaTool, simulation) -> tuple[str, dict[str, Any]]:
    names = assign_field_names(meta_tool.parameters)
    return meta_tool.name, {names[name]: value for name, value in simulation.parameters.items()}


def _name(tool: dict[str, Any]) -> str:
    return str(tool["function"]["name"])


def _since_the_user_spoke(messages: Sequence[BaseMessage]) -> Sequence[BaseMessage]:
    last = max(number for number, each in enumerate(messages) if isinstance(each, HumanMessage))
    return messages[last:] if last > 1 else messages


def _tried(messages: Sequence[BaseMessage]) -> set[str]:
    """Tools that stopped half-way since the user spoke."""
    recent = [each for each in _since_the_user_spoke(messages) if isinstance(each, ToolMessage)]
    return {
        str(each.name)
        for each in recent
        if '"status":"stopped"' in str(each.content) or each.status == "error"
    }


def _seen(messages: Sequence[BaseMessage]):
    """Every call of which the agent was told a result since the user spoke, with the result."""
    messages = _since_the_user_spoke(messages)
    asked = {call["id"]: call for each in messages if isinstance(each, AIMessage) for call in each.tool_calls}
    for each in messages:
        if isinstance(each, SystemMessage):
            for line in each.text.split("Known from the start ")[1:]:
                yield from _told(line.partition(": ")[2].strip())
        if isinstance(each, ToolMessage):
            own, fetched = split_fetched(each.content)
            call = asked[each.tool_call_id]
            if (told := HandBack.read(own)) is not None:
                fetched = [*_made(told), *fetched]
            else:
                yield call_key(call["name"], call["args"]), decode(own)
            yield from ((call_key(one.tool, one.args), decode(one.output)) for one in fetched)


def _told(text: str):
    told = HandBack.read(text)
    return [(call_key(one.tool, one.args), decode(one.output)) for one in _made(told)] if told else []


def _made(told: HandBack) -> list[ToldCall]:
    """The calls whose results an answer tells."""
    return [call for call in told.told_calls() if call.error is None] if told.is_whole else []
