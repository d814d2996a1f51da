"""The scalar arguments of recorded calls, each with what existed before its call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from langchain_awo.model.ir.binding import Frame
from langchain_awo.model.ir.pointer import escape
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.optimizer.log.corpus import Call, Corpus, Round, Run


@dataclass(frozen=True, slots=True)
class Sources:
    """Numbers of the steps that places refer to: two for each tool, its latest call and all its calls so far."""

    tools: tuple[str, ...]

    def latest(self, tool: str) -> int:
        """The step that is the latest call of a tool."""
        return 2 * self.tools.index(tool) + 1

    def each(self, tool: str) -> int:
        """The step whose output is the list of the outputs of all calls of a tool so far."""
        return self.latest(tool) + 1

    def name(self, step: int) -> str:
        """The tool of a step, with `*` if it stands for all its calls."""
        return f"{self.tools[(step - 1) // 2]}{'*' if is_each(step) else ''}"


def is_each(step: int) -> bool:
    """Whether a step of `Sources` stands for all calls of its tool."""
    return step % 2 == 0


@dataclass(frozen=True, slots=True)
class Leaf:
    """One scalar argument of a recorded call.

    Attributes:
        group: the list elements of the arguments that it stands in; leaves of one group can share an item.
    """

    path: str
    group: str
    value: JSONValue


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """A recorded call, what existed before it, and the tool called directly before it.

    Attributes:
        current: the round of the call.
    """

    run: Run
    current: Round
    call: Call
    frame: Frame
    after: str
    leaves: tuple[Leaf, ...]


def collect_sights(corpus: Corpus, sources: Sources) -> Iterator[Sight]:
    """Every successful call that has a call in a round before it, in order."""
    for run in corpus.runs:
        history = _History(sources)
        for current in (current for segment in run.segments for current in segment.rounds):
            done = [call for call in current.calls if call.ok]
            if history.after:
                frame = history.frame()
                for call in done:
                    yield Sight(run, current, call, frame, history.after, tuple(scalar_leaves(call.args)))
            for call in done:
                history.add(call)


def number_sources(corpus: Corpus) -> Sources:
    """Numbers for the tools of a corpus."""
    return Sources(tuple(sorted(corpus.specs)))


@dataclass(slots=True)
class _History:
    sources: Sources
    after: str = ""
    latest: dict[str, Call] = field(default_factory=dict)
    outputs: dict[str, dict[str, JSONValue]] = field(default_factory=dict)

    def add(self, call: Call) -> None:
        self.after = call.tool
        self.latest[call.tool] = call
        self.outputs.setdefault(call.tool, {})[call.key] = call.output

    def frame(self) -> Frame:
        frame = Frame()
        for tool, call in self.latest.items():
            frame.arguments[self.sources.latest(tool)] = call.args
            frame.outputs[self.sources.latest(tool)] = call.output
            frame.outputs[self.sources.each(tool)] = list(self.outputs[tool].values())
        return frame


def scalar_leaves(value: JSONValue, path: str = "", group: str = "") -> Iterator[Leaf]:
    """The scalars of arguments with their patterns: `{"flights": [{"date": d}]}` has `/flights/*/date`."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from scalar_leaves(member, f"{path}/{escape(key)}", group)
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from scalar_leaves(element, f"{path}/*", f"{group}{path}/{index}")
    else:
        yield Leaf(path, group, value)
