"""Meta-tools: plain data that a fixed executor interprets, and the plan that carries them to disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, TypeAlias

from langchain_awo.model.ir.binding import Argument, Binding, Output, Parameter, list_leaves, renumber
from langchain_awo.model.ir.decision import Choice, HumanDecision
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.text.phrasing import format_count
from langchain_awo.model.trace.effect import Effect, find_most_suspicious

PLAN_SCHEMA_VERSION: Final = 2
"""Version of the stored form of everything in this module; the second brought decisions."""

OLDEST_READ: Final = 1
"""Oldest version of the stored form that is read."""

MOST_NAMED: Final = 8
"""So many meta-tools are named in the short form of a plan."""

Mode: TypeAlias = Literal["append", "replace", "continue", "entry", "prefetch"]
"""How a meta-tool is installed; see the glossary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Keeps the items of a map whose value at `path` is one of `values`, or what `named` is.

    Attributes:
        named: the parameter in which the caller says what the items that are meant are called; texts are compared whatever their
            case. There are no `values` then.
    """

    path: str
    values: tuple[JSONValue, ...] = ()
    named: Parameter | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """Runs a step once for each distinct item of a list.

    Attributes:
        source: resolves to a list: an `Output` with `*` in its path, or a list `Parameter`.
        limit: at most this many items.
    """

    source: Binding
    limit: int = 20
    filter: Filter | None = None

    @property
    def bindings(self) -> list[Binding]:
        """Every binding of the map: its source, then what its filter goes by."""
        return [self.source, *([self.filter.named] if self.filter and self.filter.named else [])]

    def mapped(self, change: Callable[[Binding], Binding]) -> Map:
        """The same map with every binding changed."""
        kept = self.filter
        if kept and kept.named and isinstance(named := change(kept.named), Parameter):
            kept = replace(kept, named=named)
        return replace(self, source=change(self.source), filter=kept)


Test: TypeAlias = Literal["given", "empty", "nonempty", "equals", "one_of", "at_least", "at_most"]
"""What a condition asks of a value; `langchain_awo.model.ir.guard` has their meaning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One test of one place.

    Attributes:
        value: what is compared with: any value for `equals`, a list for `one_of`, a number or an ISO 8601 date for
            `at_least` and `at_most`.
    """

    source: Binding
    test: Test
    value: JSONValue = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardEvidence:
    """How well a guard explained whether recorded agents made the step, counted on held-out places only.

    Attributes:
        held: places where the guard holds.
        followed: of these, the ones where the agent made the step.
        others: places where the guard does not hold.
        others_followed: of these, the ones where the agent made the step all the same.
    """

    held: int = 0
    followed: int = 0
    others: int = 0
    others_followed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A condition on what exists before a step.

    Attributes:
        also: further conditions; the step is made only if all hold.
        otherwise: `skip` leaves out this step and what depends on it, `stop` ends the routine.
    """

    source: Binding
    test: Test
    value: JSONValue = None
    also: tuple[Condition, ...] = ()
    otherwise: Literal["skip", "stop"] = "skip"
    evidence: GuardEvidence = field(default_factory=GuardEvidence)

    def mapped(self, change: Callable[[Binding], Binding]) -> Guard:
        """The same guard with every source changed."""
        also = tuple(replace(condition, source=change(condition.source)) for condition in self.also)
        return replace(self, source=change(self.source), also=also)


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingEvidence:
    """How often a binding gave the recorded argument, or, for a step as a whole, how often it made the recorded call.

    The held-out counts are of a cross-validation: the tasks are dealt into folds, and at a place of one fold only a step counts
    that is found again, bindings and all, from the tasks of the others. A step of an earlier toolkit is taken as it is.

    Attributes:
        agree: recorded calls, among those it was found in, whose argument it gives.
        contradict: those whose argument it does not give.
        held_out_agree: held-out places, at which agents went on with the tool of the step, where it gave what was recorded.
        held_out_contradict: held-out places where it did not, and all those of a fold without which the step is not found.
        tied: other places that explained exactly the same calls, in notation; nothing tells them apart.
        missed: of a step as a whole, the folds without which it is not found.
        outputs: of a step that is never empty, how many recorded outputs were looked at.
    """

    agree: int = 0
    contradict: int = 0
    held_out_agree: int = 0
    held_out_contradict: int = 0
    tied: tuple[str, ...] = ()
    missed: tuple[int, ...] = ()
    outputs: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UseEvidence:
    """How often recorded agents went on to use a place of an output.

    Attributes:
        outputs: recorded outputs that had something there.
        tasks: distinct tasks of these.
        used: outputs of which something there was in a later call or in the agent's own words.
    """

    outputs: int = 0
    tasks: int = 0
    used: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One call of an original tool, or one call for each item of a list.

    Attributes:
        args: argument name to binding; an argument that resolves to nothing is left out if it is in `optional`.
        never_empty: a read whose recorded outputs were never empty, in a routine that writes; an empty one stops the routine
            before any write. How many outputs that were stands in the evidence of the step.
        eager: in continue mode it is run unasked after the anchor; a read that is bound without parameters.
        evidence: by JSON Pointer of the argument; `""` is the step as a whole.
        effect: effect class of the tool.
        hide: places of each output that the model is not shown, by JSON Pointer; empty shows everything.
    """

    tool: str
    args: dict[str, Binding] = field(default_factory=dict)
    optional: tuple[str, ...] = ()
    over: Map | None = None
    guard: Guard | None = None
    effect: Effect = Effect.UNKNOWN
    never_empty: bool = False
    eager: bool = False
    evidence: dict[str, BindingEvidence] = field(default_factory=dict)
    hide: dict[str, UseEvidence] = field(default_factory=dict)

    @property
    def bindings(self) -> list[Binding]:
        """Every binding of the step: the map's source, the guard's, then the arguments'."""
        sources = self.over.bindings if self.over else []
        guards = (
            [self.guard.source, *(condition.source for condition in self.guard.also)] if self.guard else []
        )
        return [*sources, *guards, *self.args.values()]

    @property
    def depends_on(self) -> frozenset[int]:
        """Numbers of the steps whose outputs or arguments this one uses."""
        used = (leaf for binding in self.bindings for leaf in list_leaves(binding))
        return frozenset(leaf.step for leaf in used if isinstance(leaf, Output | Argument))

    @property
    def is_lookup(self) -> bool:
        """Whether it only asks for what its caller says: nothing flows to it from an earlier step."""
        return self.over is None and not self.depends_on

    @property
    def reads_from(self) -> frozenset[int]:
        """Numbers of the steps whose outputs this one uses."""
        used = (leaf for binding in self.bindings for leaf in list_leaves(binding))
        return frozenset(leaf.step for leaf in used if isinstance(leaf, Output))

    def renumbered(self, numbers: Mapping[int, int]) -> Step:
        """The same step where the steps it refers to have other numbers."""
        args = {name: renumber(binding, numbers) for name, binding in self.args.items()}
        over = self.over and self.over.mapped(lambda source: renumber(source, numbers))
        guard = self.guard and self.guard.mapped(lambda source: renumber(source, numbers))
        return replace(self, args=args, over=over, guard=guard)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterSpec:
    """A parameter of a meta-tool as the model is shown it.

    Attributes:
        schema: JSON Schema of the value, with its description.
        meant: of the values that models fill in for "nothing", such as `0`, `""` and `"none"`, those that recorded calls
            really passed; an optional parameter with any other of them counts as not given.
    """

    name: str
    schema: dict[str, JSONValue] = field(default_factory=dict)
    required: bool = True
    meant: tuple[JSONValue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Why a meta-tool was compiled; all counts are of the traces it was compiled from, of a large log of a sample.

    Attributes:
        tasks: distinct tasks in which the first step occurred.
        occurrences: in how many places it occurred.
        held_out: in how many of these places agents went on with the tools of the routine.
        held_out_exact: in how many of those the whole routine, run by the executor's own rules on recorded calls, made every call
            that agents made with its tools; none of a fold of tasks without which one of its steps is not found.
        lower_bound: Beta lower confidence bound of the share of exact replays.
        calls_saved: mean model calls saved in one use.
        over_fetch: tool calls the recorded agents did not make, for each model call saved.
        net_tokens: expected tokens saved in one run of the corpus, less what the schema costs; without prompt caching.
        net_tokens_cached: the same with prompt caching; `None` where nobody counted it.
        run_calls: expected model calls saved in one run, as it is installed; `None` in files of before.
        run_over_fetch: expected calls in one run that the recorded agents did not make.
    """

    tasks: int = 0
    occurrences: int = 0
    held_out: int = 0
    held_out_exact: int = 0
    lower_bound: float = 0.0
    calls_saved: float = 0.0
    over_fetch: float = 0.0
    net_tokens: float = 0.0
    net_tokens_cached: float | None = None
    run_calls: float | None = None
    run_over_fetch: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaTool:
    """A verified routine.

    Attributes:
        mode: how it is installed unless the user says otherwise, and `mode_reason` why.
        decision: what a person decided about it, if anyone did.
        chosen: what of it a person chose; compiling again leaves that alone.
        approval: tools it calls that a person is asked about before each call, even if the agent does not ask.
    """

    name: str
    description: str
    steps: tuple[Step, ...]
    parameters: tuple[ParameterSpec, ...] = ()
    mode: Mode = "append"
    mode_reason: str = ""
    evidence: Evidence = field(default_factory=Evidence)
    decision: HumanDecision | None = None
    chosen: tuple[Choice, ...] = ()
    approval: tuple[str, ...] = ()

    @property
    def effect(self) -> Effect:
        """Effect class of the whole."""
        return find_most_suspicious(step.effect for step in self.steps)

    @property
    def tools(self) -> tuple[str, ...]:
        """Names of the tools it calls, in order of first use."""
        return tuple(dict.fromkeys(step.tool for step in self.steps))

    def to_mermaid(self) -> str:
        """The steps as boxes with the flow of values between them, as Mermaid text, which GitHub and GitLab draw.

        A thick border marks a step that may write, a double one a step called once for each item of a list. A dashed
        arrow only decides whether to go on.
        """
        from langchain_awo.model.views.mermaid import to_mermaid  # noqa: PLC0415  # views are made of meta-tools

        return to_mermaid(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A candidate that was not compiled.

    Attributes:
        routine: its canonical calls.
        reason: one sentence for a person.
        code: a stable word for programs.
        nearness: how much of what it needed was there, from 0 to 1; a candidate at 1 fell short of nothing but permission.
        covered_by: name of the meta-tool that already does what it would do.
    """

    routine: tuple[str, ...]
    code: str
    reason: str
    occurrences: int = 0
    nearness: float = 0.0
    covered_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSignature:
    """What a meta-tool relies on of a tool's shape.

    Attributes:
        source: `tool` if `parameters` is the tool's own schema, `traces` if it was inferred from recorded calls.
        digest: of name and parameters, compared at load when the source is `tool`.
    """

    parameters: dict[str, JSONValue] = field(default_factory=dict)
    source: Literal["tool", "traces"] = "tool"
    digest: str = ""
    effect: Effect = Effect.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolkitPlan:
    """A compiled toolkit as it is saved: everything but the live tools.

    Attributes:
        rejected: what a person rejected: it is never installed, and compiling again leaves it out.
        tools: signatures of the original tools that the meta-tools call, by name.
        corpus: counts and digest of the traces it was compiled from.
        settings: the options it was compiled with, rules included.
    """

    schema_version: int = PLAN_SCHEMA_VERSION
    strategy: str = "default"
    meta_tools: tuple[MetaTool, ...] = ()
    rejected: tuple[MetaTool, ...] = ()
    refused: tuple[Refused, ...] = ()
    tools: dict[str, ToolSignature] = field(default_factory=dict)
    corpus: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Bounded, whatever the plan holds."""
        names = ", ".join(meta_tool.name for meta_tool in self.meta_tools[:MOST_NAMED])
        more = f" and {len(self.meta_tools) - MOST_NAMED} more" if len(self.meta_tools) > MOST_NAMED else ""
        return f"<ToolkitPlan: {format_count(len(self.meta_tools), 'meta-tool')}, {len(self.refused)} refused: {names}{more}>"
