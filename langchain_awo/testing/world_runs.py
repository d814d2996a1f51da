"""Agents at work in a generated world, as traces: the routine, and all that gets in its way."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, TypeAlias

from langchain_awo.model.ir.pointer import expand, lookup
from langchain_awo.model.text.encoding import decode
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import Message, ModelCallRecord, ToolCallRecord, ToolSpec, Trace
from langchain_awo.testing.world_outputs import WORDS
from langchain_awo.testing.worlds import (
    Fixed,
    Flow,
    From,
    Made,
    Said,
    Same,
    ToolWorld,
    WorldTool,
)

STRAY: Final = "search_notes"
"""A tool that every agent has and that has nothing to do with the rest; its argument is always made up."""

LOOP: Final = 300
"""How often a degenerate run makes one call."""

Arguments: TypeAlias = dict[str, JSONValue]


def play(world: ToolWorld, count: int) -> list[Trace]:
    """Recorded runs, each a task of its own; a larger count begins with the same runs."""
    return [_Player(world, number).trace() for number in range(count)]


@dataclass(slots=True)
class _Player:
    """One agent doing one task."""

    world: ToolWorld
    number: int
    chance: random.Random = field(init=False)
    said: dict[tuple[str, str], str] = field(default_factory=dict)
    arguments: dict[str, Arguments] = field(default_factory=dict)
    outputs: dict[str, JSONValue] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    model_calls: list[ModelCallRecord] = field(default_factory=list)
    calls: list[ToolCallRecord] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(f"{self.world.seed} run {self.number}")  # noqa: S311  # made-up data

    def trace(self) -> Trace:
        self._ask()
        self._work()
        self.model_calls.append(ModelCallRecord(text="done"))
        name = f"world-{self.world.seed}-{self.number:04}"
        names = sorted([STRAY, *(tool.name for tool in self.world.tools)])
        return Trace(
            trace_id=name,
            task_id=name,
            success=self.chance.random() > 0.1,  # noqa: PLR2004  # one in ten fails for other reasons
            messages=tuple(self.messages),
            model_calls=tuple(self.model_calls),
            tool_calls=tuple(self.calls),
            tools=tuple(ToolSpec(name=each) for each in names),
        )

    def _ask(self) -> None:
        for tool in self.world.tools:
            for flow in tool.flows:
                if isinstance(flow.source, Said):
                    self.said[tool.name, flow.argument] = f"{flow.argument}_{self._fresh()}"
        spare = [f"spare_{self._fresh()}" for _ in range(2)]
        self.said["", ""] = spare[0]
        text = f"please, with {' and '.join([*self.said.values(), *spare])}"
        self.messages.append(Message(role="user", text=text, before=0))

    def _fresh(self) -> int:
        return self.chance.randrange(10**6, 10**7)

    def _work(self) -> None:
        left = list(self.world.tools)
        while left and not (len(left) < len(self.world.tools) and self._happens("stops")):
            ready = [tool for tool in left if not tool.needs & {other.name for other in left}]
            reads = [tool for tool in ready if tool.effect.is_read]
            chosen = [self.chance.choice(reads or ready)]
            others = [tool for tool in reads if tool not in chosen and not tool.each and not chosen[0].each]
            if others and self._happens("together"):
                chosen.append(self.chance.choice(others))
            self._disturb()
            self._use(chosen)
            left = [tool for tool in left if tool not in chosen]

    def _happens(self, what: str) -> bool:
        share: float = getattr(self.world.noise, what)
        return self.chance.random() < share

    def _disturb(self) -> None:
        if self._happens("strays"):
            query = f"{self.chance.choice(WORDS)} {self._fresh()}"
            self._issue([(STRAY, {"query": query}, "nothing found", "ok")])
        if self.calls and self._happens("interruptions"):
            self.model_calls.append(ModelCallRecord(text="shall I go on?"))
            self.messages.append(Message(role="user", text="go on", before=len(self.model_calls)))

    def _use(self, tools: Sequence[WorldTool]) -> None:
        calls = [(tool, args) for tool in tools for args in self._calls(tool)]
        if self._happens("failures"):
            tool, args = calls[0]
            wrong = {**args, tool.flows[0].argument: f"wrong_{self._fresh()}"}
            self._issue([(tool.name, wrong, "Error: not found", "error")])
        rounds = [calls] if len(tools) > 1 or self._happens("together") else [[call] for call in calls]
        done = []
        for each in rounds:
            issued = [(tool.name, args, self.world.output(tool.name, args), "ok") for tool, args in each]
            times = LOOP if self._happens("loops") else 1 + self._happens("repeats")
            for _ in range(times):
                self._issue(issued)
            done += [
                (tool, args, decode(output))
                for (tool, args), (_, _, output, _) in zip(each, issued, strict=True)
            ]
        for tool in tools:
            own = [(args, output) for used, args, output in done if used is tool]
            self.arguments[tool.name] = own[0][0]
            self.outputs[tool.name] = [output for _, output in own] if tool.each else own[0][1]

    def _calls(self, tool: WorldTool) -> list[Arguments]:
        """The calls of a tool: one, or one for each element of a list."""
        shared: Arguments = {}
        for flow in tool.flows:
            if flow.source != tool.each and self.chance.random() < flow.present:
                _put(shared, flow.argument.split("/"), self._value(tool, flow))
        if tool.each is None:
            return [shared]
        (name,) = (flow.argument for flow in tool.flows if flow.source == tool.each)
        nested = self.world.tool(tool.each.tool).each
        found = expand(self.outputs[tool.each.tool], f"{'/*' if nested else ''}{tool.each.path}")
        items = list(dict.fromkeys(found))
        if self._happens("partial"):
            items = items[: max(1, len(items) // 2)]
        elif self._happens("partial"):
            self.chance.shuffle(items)
        return [{name: item, **shared} for item in items]

    def _value(self, tool: WorldTool, flow: Flow) -> JSONValue:
        if self._happens("deviations"):
            return self.said["", ""]
        match flow.source:
            case Fixed(value=value):
                return value
            case Same() | From() as place:
                return self._held(place)
            case Made(source=place):
                return flow.source.of(self._held(place))
            case Said():
                return self.said[tool.name, flow.argument]

    def _held(self, place: Same | From) -> JSONValue:
        if isinstance(place, Same):
            return self.arguments[place.tool][place.argument]
        value = lookup(self.outputs[place.tool], place.path)
        return _as_taken(value, self.world.tool(place.tool), place.path)

    def _issue(self, calls: Sequence[tuple[str, Arguments, JSONValue, str]]) -> None:
        for name, args, output, status in calls:
            self.calls.append(
                ToolCallRecord(
                    call_id=f"call-{len(self.calls)}",
                    name=name,
                    args=args,
                    output=output,
                    status="ok" if status == "ok" else "error",
                    error=None if status == "ok" else str(output),
                    model_call=len(self.model_calls),
                )
            )
        self.model_calls.append(ModelCallRecord())


def _as_taken(value: JSONValue, tool: WorldTool, path: str) -> JSONValue:
    """Numbers are numbers to the agent, also where the text that shows them has only text."""
    number = any(each.pointer == path and each.kind == "number" for each in tool.fields)
    return int(value) if number and isinstance(value, str) else value


def _put(arguments: JSONValue, path: Sequence[str], value: JSONValue) -> None:
    """Sets a member of objects and lists that are made on the way."""
    for name, below in pairwise(path):
        made: JSONValue = [] if below == "0" else {}
        if isinstance(arguments, list):
            arguments.extend([made] if not arguments else [])
            arguments = arguments[0]
        else:
            arguments = arguments.setdefault(name, made)
    arguments[path[-1]] = value
