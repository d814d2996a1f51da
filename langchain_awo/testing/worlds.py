"""Generated tool worlds: tools whose data flow is known, and agents that use them, for tests of what is inferred.

A world has tools that call for each other's outputs. Where every argument really comes from is part of the world, so
that bindings found in its traces can be held against the truth, see `langchain_awo.testing.judging`. Everything
depends on the seed alone::

    world = generate_world(7)
    plan = compile_plan(play(world, 40))
    found = judge(world, plan.meta_tools)
    assert found.precision > 0.98
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, cast

from langchain_awo.model.ir.transform import TransformName, apply_transform
from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.effect import Effect
from langchain_awo.testing.world_outputs import Field, Shape, make_output, render


@dataclass(frozen=True, slots=True)
class Said:
    """The user says it; nothing in the run could tell."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """The same value in every call."""

    value: JSONValue


@dataclass(frozen=True, slots=True)
class Same:
    """What an earlier tool was called with."""

    tool: str
    argument: str


@dataclass(frozen=True, slots=True)
class From:
    """A place in the decoded output of one call of an earlier tool.

    With `*` in the path, or if the earlier tool itself is called for each of something, there is one call for each.
    """

    tool: str
    path: str


@dataclass(frozen=True, slots=True)
class Made:
    """A value made of another: `("template", prefix, suffix)`, or the name of a transform and its option.

    The same words as in `langchain_awo.model.ir.transform`, so that a claim can be compared with the truth.
    """

    source: From | Same
    how: tuple[str, ...]

    def of(self, value: JSONValue) -> JSONValue:
        """What is made of a value."""
        name, *options = self.how
        if name == "template":
            return f"{options[0]}{value}{options[1]}"
        return apply_transform(cast("TransformName", name), value, *options)


Source: TypeAlias = Said | Fixed | Same | From | Made
"""Where an argument really comes from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """The truth about one argument.

    Attributes:
        argument: its name; `name/member` for a member of an object.
        present: share of the runs that give the argument at all.
    """

    argument: str
    source: Source
    present: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldTool:
    """A tool of a world.

    Attributes:
        each: source of the argument that differs between its calls, if there is one call for each of several things.
    """

    name: str
    effect: Effect
    flows: tuple[Flow, ...]
    fields: tuple[Field, ...]
    shape: Shape = "value"
    each: From | None = None

    @property
    def needs(self) -> frozenset[str]:
        """Names of the tools it takes something from."""
        sources = (flow.source for flow in self.flows)
        plain = (each.source if isinstance(each, Made) else each for each in sources)
        return frozenset(each.tool for each in plain if isinstance(each, From | Same))


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """What agents do besides the routine, each as a chance.

    Attributes:
        repeats: a call is made again with the same arguments.
        failures: a call is first made with a wrong argument and fails.
        loops: a run makes one of its calls three hundred times.
        strays: a tool that has nothing to do with the rest is called in between.
        deviations: an argument is something else than usual.
        stops: a run ends before the routine does.
        interruptions: the user says something in between.
        together: calls that do not depend on each other are issued by one model call.
        partial: only some elements of a list are looked at.
    """

    repeats: float = 0.08
    failures: float = 0.08
    loops: float = 0.002
    strays: float = 0.12
    deviations: float = 0.02
    stops: float = 0.08
    interruptions: float = 0.03
    together: float = 0.2
    partial: float = 0.15


QUIET = Noise(
    repeats=0, failures=0, loops=0, strays=0, deviations=0, stops=0, interruptions=0, together=0, partial=0
)
"""Agents that do the routine and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolWorld:
    """Tools, the truth about their arguments, and agents at work.

    Attributes:
        tools: in an order in which every tool comes after those it takes something from; the first starts the routine.
    """

    seed: int
    tools: tuple[WorldTool, ...]
    noise: Noise = field(default_factory=Noise)

    def tool(self, name: str) -> WorldTool:
        """The tool with a name.

        Raises:
            KeyError: there is none.
        """
        return {tool.name: tool for tool in self.tools}[name]

    def document(self, name: str, args: Mapping[str, JSONValue]) -> JSONValue:
        """What a tool returns, as a value; the same arguments always give the same."""
        return make_output(self.tool(name).fields, args, seed=f"{self.seed}/{name}")

    def output(self, name: str, args: Mapping[str, JSONValue]) -> JSONValue:
        """What a tool returns, in the shape in which it hands it over."""
        return render(self.document(name, args), self.tool(name).shape)

    def origin(self, source: Source, *, tool: str = "", argument: str = "") -> tuple[str, ...]:
        """What a source comes down to: places that always hold the same value have the same origin.

        Args:
            source: where something comes from.
            tool: whose argument it is, needed for what the user says.
            argument: name of that argument.
        """
        match source:
            case Fixed(value=value):
                return ("fixed", dumps(value))
            case Same(tool=other, argument=name):
                return self._origin_of_argument(other, name)
            case From(tool=other, path=path):
                return self._origin_of_place(other, path)
            case Made(source=inner, how=how):
                return ("made", *how, *self.origin(inner))
            case Said():
                return ("said", tool, argument)

    def _origin_of_argument(self, tool: str, argument: str) -> tuple[str, ...]:
        for flow in self.tool(tool).flows:
            if flow.argument == argument:
                return self.origin(flow.source, tool=tool, argument=argument)
        return ("nowhere", tool, argument)

    def _origin_of_place(self, tool: str, path: str) -> tuple[str, ...]:
        """The origin of a place, that of the argument where the output only echoes it."""
        for each in self.tool(tool).fields:
            if each.kind == "echo" and each.pointer == path:
                return self._origin_of_argument(tool, each.of)
        return ("place", tool, path)
