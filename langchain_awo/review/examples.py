"""Places in recorded runs where a meta-tool applies: what the agent did there, beside what the meta-tool would have done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import Trace
from langchain_awo.optimizer.log.corpus import Call, Corpus, Run, Segment, build_corpus
from langchain_awo.optimizer.log.inline import without_echo
from langchain_awo.optimizer.replay.simulate import Simulation, simulate

Outcome: TypeAlias = Literal["same", "more", "stops", "unwanted"]
"""`same` calls as the agent made, `more` reads than it made, `stops` before a write as the agent did, or an `unwanted` write."""

PLACES: Final = 2_000
"""So many places are tried for each meta-tool."""

KEPT: Final = 2
"""Examples of each outcome that are kept."""

LONGEST: Final = 300
"""Characters of a value that are shown."""

BEYOND: Final = 4
"""Rounds of the recording that are shown where the meta-tool stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCall:
    """One call.

    Attributes:
        step: of the meta-tool that makes it; 0 for none.
        is_extra: the recorded agent did not make it.
    """

    tool: str
    args: str = ""
    output: str = ""
    step: int = 0
    is_extra: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleRun:
    """One place in one run.

    Attributes:
        recorded: the calls of each recorded model call, in order.
        parameters: what the meta-tool is called with.
        made: the calls that it makes.
        saved: model calls that are not needed any more.
    """

    trace_id: str
    task: str
    outcome: Outcome
    recorded: tuple[tuple[ShownCall, ...], ...]
    parameters: str
    made: tuple[ShownCall, ...]
    saved: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """What was found for one meta-tool.

    Attributes:
        counts: places by outcome.
    """

    counts: dict[Outcome, int]
    shown: tuple[ExampleRun, ...]


def find_examples(traces: Iterable[Trace], meta_tools: Sequence[MetaTool]) -> dict[str, Examples]:
    """Examples for each meta-tool by its name; what meta-tools did in the traces counts as if a model had asked for it."""
    own, _ = without_echo(traces, {each.name for each in meta_tools})
    corpus = build_corpus(own)
    return {each.name: _collect_examples(each, corpus) for each in meta_tools}


def _collect_examples(meta_tool: MetaTool, corpus: Corpus) -> Examples:
    counts: dict[Outcome, int] = {}
    shown: list[ExampleRun] = []
    for place in _find_places(meta_tool, corpus):
        example = _find_example(meta_tool, *place)
        if example is None:
            continue
        counts[example.outcome] = counts.get(example.outcome, 0) + 1
        if counts[example.outcome] <= KEPT:
            shown.append(example)
    order: list[Outcome] = ["unwanted", "same", "stops", "more"]
    return Examples(counts=counts, shown=tuple(sorted(shown, key=lambda each: order.index(each.outcome))))


def _find_places(meta_tool: MetaTool, corpus: Corpus) -> Iterator[tuple[Run, Segment, int]]:
    """Rounds that call the first tool, as far as they are tried."""
    first = meta_tool.steps[0].tool
    left = PLACES
    for run, segment in corpus.segments():
        for position, current in enumerate(segment.rounds):
            if any(call.tool == first and call.ok for call in current.calls):
                if left == 0:
                    return
                left -= 1
                yield run, segment, position


def _find_example(meta_tool: MetaTool, run: Run, segment: Segment, start: int) -> ExampleRun | None:
    found = next(iter(simulate(meta_tool, run, segment, start, blind=True)), None)
    if found is None:
        return None
    if found.unwanted:
        return _build_example(run, segment, found, "unwanted")
    if found.stop is not None:
        return _build_example(run, segment, found, "stops")
    if all(len(made) == 0 for number, made in found.made.items() if number > 1):
        return None
    return _build_example(run, segment, found, "more" if found.wasted() else "same")


def _build_example(run: Run, segment: Segment, found: Simulation, outcome: Outcome) -> ExampleRun:
    last = max(found.reproduced.values(), default=found.start)
    beyond = BEYOND if outcome in ("stops", "unwanted") else 0
    rounds = segment.rounds[found.start : last + 1 + beyond]
    steps = {key: number for number, keys in found.made.items() for key in keys}
    covered = [each for each in rounds if each.keys <= found.reproduced.keys()]
    by_key = {call.key: call for each in rounds for call in each.calls}
    return ExampleRun(
        trace_id=run.trace_id,
        task=run.task,
        outcome=outcome,
        recorded=tuple(tuple(_build_call(call, steps) for call in each.calls) for each in rounds),
        parameters=_shorten(dict(found.parameters)),
        made=tuple(_list_made(found, by_key)),
        saved=max(0, len(covered) - 1),
    )


def _list_made(found: Simulation, by_key: dict[str, Call]) -> Iterator[ShownCall]:
    steps = {key: number for number, keys in found.made.items() for key in keys}
    for number, keys in sorted(found.made.items()):
        for key in keys:
            tool = found.tools[number - 1]
            if key in found.reproduced and key in by_key:
                yield _build_call(by_key[key], steps)
            else:
                yield ShownCall(tool=tool, step=number, is_extra=True)
    for number in sorted(found.estimated):
        yield ShownCall(tool=found.tools[number - 1], step=number, is_extra=True)


def _build_call(call: Call, steps: dict[str, int]) -> ShownCall:
    return ShownCall(
        tool=call.tool, args=_shorten(call.args), output=_shorten(call.output), step=steps.get(call.key, 0)
    )


def _shorten(value: JSONValue) -> str:
    text = dumps(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
