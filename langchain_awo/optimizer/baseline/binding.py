"""The first version of binding: constant, parameter, or an exact value from an earlier step.

The arguments of the first step are parameters, save those that select its action. An argument of a later step is bound
to a place if all recorded calls agree on it, to a constant if they all have the same value; else it is a parameter.
`consensus` asks the data-flow analysis first, which lets nearly all calls decide and knows simple transforms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias

from langchain_awo.model.ir.binding import Argument, Binding, Constant, Frame, Output, Parameter, list_leaves
from langchain_awo.model.ir.canonical import CanonicalCall
from langchain_awo.model.ir.filler import find_fillers
from langchain_awo.model.ir.metatool import BindingEvidence, Evidence, MetaTool, ParameterSpec, Step
from langchain_awo.model.ir.pointer import escape
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.effect import Effect
from langchain_awo.optimizer.baseline.windows import Window
from langchain_awo.optimizer.dataflow.consensus import SAMPLE, Example, collect_votes
from langchain_awo.optimizer.dataflow.value_index import derive_value_key
from langchain_awo.optimizer.log.corpus import Corpus

Bindings: TypeAlias = Literal["exact", "consensus"]

AGREEMENT: Final = 0.85
"""Share of the recorded calls that must agree on a binding, with consensus."""

MAX_PLACES: Final = 20_000
"""Places of one output that are looked at."""

Found: TypeAlias = tuple[Binding, BindingEvidence]


def bind(
    routine: Sequence[CanonicalCall], windows: Sequence[Window], corpus: Corpus, *, bindings: Bindings
) -> MetaTool:
    """A routine with its arguments bound by what its occurrences show; its name is not chosen here."""
    sample = _draw_sample(windows)
    tools = [_find_usual_tool(position, sample) for position in range(len(routine))]
    builder = _BindingBuilder(corpus)
    for position, call in enumerate(routine):
        examples = list(_collect_examples(position, tools, sample))
        selecting = {name for name, _ in call.selectors}
        if position == 0:
            binder = _bind_selectors(selecting, examples)
        else:
            binder = _bind_exactly(examples) if bindings == "exact" else _bind_by_consensus(examples)
        builder.add(tools[position], examples, binder)
    return MetaTool(
        name="routine",
        description="",
        steps=tuple(builder.steps),
        parameters=tuple(builder.parameters),
        evidence=_measure_evidence(windows),
    )


def _draw_sample(windows: Sequence[Window]) -> Sequence[Window]:
    return windows[:: max(1, len(windows) // SAMPLE)]


def _find_usual_tool(position: int, windows: Sequence[Window]) -> str:
    """The tool that was really called there most; an alias may stand for several."""
    tools = [window.calls[position].call.tool for window in windows]
    return min(set(tools), key=lambda tool: (-tools.count(tool), tool))


def _collect_examples(position: int, tools: Sequence[str], windows: Sequence[Window]) -> Iterator[Example]:
    for window in windows:
        call = window.calls[position].call
        if call.tool == tools[position]:
            earlier = {
                number: each.call
                for number, each in enumerate(window.calls[:position], start=1)
                if each.call.tool == tools[number - 1]
            }
            arguments = {number: each.args for number, each in earlier.items()}
            outputs = {number: each.output for number, each in earlier.items()}
            yield Example(window.run.task, Frame(arguments=arguments, outputs=outputs), call.args)


@dataclass(slots=True)
class _BindingBuilder:
    corpus: Corpus
    steps: list[Step] = field(default_factory=list)
    parameters: list[ParameterSpec] = field(default_factory=list)

    def add(self, tool: str, examples: Sequence[Example], binder: Callable[[str], Found | None]) -> None:
        """Adds a step; arguments that some calls lack are optional parameters."""
        args: dict[str, Binding] = {}
        evidence: dict[str, BindingEvidence] = {}
        optional = []
        for name in sorted({name for example in examples for name in example.args}):
            always = all(name in example.args for example in examples)
            found = binder(name) if always else None
            if found is None:
                passed = (example.args[name] for example in examples if name in example.args)
                meant = () if always else find_fillers(passed)
                args[name] = self._parameter(tool, name, required=always, meant=meant)
                optional += [] if always else [name]
            else:
                args[name], evidence[f"/{escape(name)}"] = found
        effect = self.corpus.effects.get(tool, Effect.UNKNOWN)
        step = Step(tool=tool, args=args, optional=tuple(optional), effect=effect, evidence=evidence)
        self.steps.append(replace(step, eager=self._is_eager(step)))

    def _is_eager(self, step: Step) -> bool:
        """Whether a read could follow the first step unasked: everything it needs exists by then."""
        bound = not any(isinstance(leaf, Parameter) for each in step.bindings for leaf in list_leaves(each))
        fed = all(number == 1 or self.steps[number - 1].eager for number in step.depends_on)
        return bool(step.depends_on) and bound and fed and step.effect.is_read

    def _parameter(self, tool: str, name: str, *, required: bool, meant: tuple[JSONValue, ...]) -> Parameter:
        taken = {spec.name for spec in self.parameters}
        names = [name, *(f"{name}_{number}" for number in range(2, len(taken) + 3))]
        free = next(each for each in names if each not in taken)
        spec = self.corpus.specs.get(tool)
        members = spec.parameters.get("properties") if spec else None
        schema = members.get(name) if isinstance(members, dict) else None
        schema = schema if isinstance(schema, dict) else {}
        self.parameters.append(ParameterSpec(name=free, schema=schema, required=required, meant=meant))
        return Parameter(name=free)


def _bind_selectors(selecting: set[str], examples: Sequence[Example]) -> Callable[[str], Found | None]:
    return lambda name: _bind_constant(name, examples) if name in selecting else None


def _bind_exactly(examples: Sequence[Example]) -> Callable[[str], Found | None]:
    indexes = [_index_values(example.frame) for example in examples]

    def find(name: str) -> Found | None:
        keys = [derive_value_key(example.args[name]) for example in examples]
        agreed: Mapping[_Where, None] = indexes[0].get(keys[0], {})
        for index, key in zip(indexes[1:], keys[1:], strict=True):
            places = index.get(key, {})
            agreed = {where: None for where in agreed if where in places}
        if agreed and len(set(keys)) > 1:
            return min(agreed, key=_rank_place).binding(), BindingEvidence(agree=len(examples))
        return _bind_constant(name, examples)

    return find


def _bind_constant(name: str, examples: Sequence[Example]) -> Found | None:
    if len({derive_value_key(example.args[name]) for example in examples}) > 1:
        return None
    return Constant(value=examples[0].args[name]), BindingEvidence(agree=len(examples))


def _bind_by_consensus(examples: Sequence[Example]) -> Callable[[str], Found | None]:
    flow, exact = collect_votes(examples), _bind_exactly(examples)

    def find(name: str) -> Found | None:
        bound = flow.place(name, agreement=AGREEMENT) or flow.constant(name, agreement=AGREEMENT)
        return (bound.binding, bound.evidence) if bound else exact(name)

    return find


@dataclass(frozen=True, slots=True, order=True)
class _Where:
    """An exact place in an earlier step."""

    step: int
    path: str
    in_output: bool

    def binding(self) -> Binding:
        if self.in_output:
            return Output(step=self.step, path=self.path)
        return Argument(step=self.step, path=self.path)


def _rank_place(where: _Where) -> tuple[object, ...]:
    """Outputs before arguments, the nearest step, then the shortest path."""
    return (not where.in_output, -where.step, where.path.count("/"), where.path)


def _index_values(frame: Frame) -> dict[str, dict[_Where, None]]:
    """The exact places of every value that exists before a step."""
    index: dict[str, dict[_Where, None]] = {}
    sources = [(step, value, True) for step, value in frame.outputs.items()]
    sources += [(step, value, False) for step, value in frame.arguments.items()]
    for step, document, in_output in sources:
        for path, value in _iterate_places(document):
            index.setdefault(derive_value_key(value), {})[_Where(step, path, in_output)] = None
    return index


def _iterate_places(document: JSONValue) -> Iterator[tuple[str, JSONValue]]:
    """Every scalar of a document with its pointer, up to a bound."""
    stack: list[tuple[str, JSONValue]] = [("", document)]
    seen = 0
    while stack and seen < MAX_PLACES:
        path, value = stack.pop()
        if isinstance(value, dict):
            stack.extend((f"{path}/{escape(key)}", member) for key, member in value.items())
        elif isinstance(value, list):
            stack.extend((f"{path}/{index}", element) for index, element in enumerate(value))
        else:
            seen += 1
            yield path, value


def _measure_evidence(windows: Sequence[Window]) -> Evidence:
    saved = sum(window.model_calls - 1 for window in windows)
    return Evidence(
        tasks=len({window.run.task for window in windows}),
        occurrences=len(windows),
        calls_saved=round(saved / len(windows), 3),
    )
