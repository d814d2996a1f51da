"""Traces as the optimizer sees them: runs of segments of rounds of calls.

A *round* is a model call that called tools, with those calls. A *segment* is a stretch of rounds of one agent scope
with no user message and no model call without tools inside. A *run* is one trace, with all the text that the agent
could have read so far, so that it can be asked from when on a value was known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from langchain_awo.ledger.settle import PlainTurn
from langchain_awo.ledger.tokens import estimate_bound_tokens
from langchain_awo.model.ir.reach import Reach, reach_of
from langchain_awo.model.text.encoding import decode, dumps
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.text.tokens import CHARACTERS_PER_TOKEN
from langchain_awo.model.trace.call_key import call_key
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.trace.trace import ModelCallRecord, TokenUsage, ToolCallRecord, ToolSpec, Trace
from langchain_awo.optimizer.log.effects import classify_effects
from langchain_awo.optimizer.log.specs import merge_specs
from langchain_awo.optimizer.log.words_in_text import as_word, find_word, iterate_scalars

MOST_TEXTS: Final = 200
"""So many distinct texts show what an argument holds."""

AUTHOR_KEYS: Final = (
    "user_id", "userId", "user.id", "enduser.id", "langfuse_user_id", "author", "user", "username",
)  # fmt: skip
"""Where callers and tracing backends write down who a run was for, in the metadata."""

UNSEEN_SCHEMA_TOKENS: Final = 80
"""What a tool takes of a prompt if its schema was not recorded either: about what the tools of the demo take."""


@dataclass(frozen=True, slots=True)
class Call:
    """One successful or failed tool call of a round.

    Attributes:
        key: equal for calls of the same tool with equal arguments, and for no others.
        output: decoded; `None` for a failed call.
        raw: the output as it was recorded, which tells whether it may be the report of a failure.
        end: position in the run's text just after this call's output.
        seconds: how long it took; 0 if nobody knows.
    """

    tool: str
    args: dict[str, JSONValue]
    output: JSONValue
    ok: bool
    effect: Effect
    key: str
    end: int
    raw: JSONValue = None
    seconds: float = 0.0


@dataclass(frozen=True)  # without slots, so that its keys are put together once
class Round:
    """A model call and the tool calls it issued.

    Attributes:
        start: position in the run's text just before these calls: what the model could have read.
        usage: what the model call cost, as recorded, else estimated.
    """

    index: int
    calls: tuple[Call, ...]
    start: int
    end: int
    usage: TokenUsage

    @property
    def tokens(self) -> int:
        """What the model call cost, input and output together."""
        return self.usage.total_tokens

    @cached_property
    def keys(self) -> frozenset[str]:
        """Keys of its calls."""
        return frozenset(call.key for call in self.calls)


@dataclass(frozen=True, slots=True)
class Segment:
    """Rounds that no user message separates."""

    rounds: tuple[Round, ...]
    scope: str = ""


@dataclass(slots=True, eq=False)
class Run:
    """One trace.

    Attributes:
        text: everything said, called and returned, lower case, in order.
        model_calls: all of them, also those that called no tool.
        usage: what they cost, as recorded, else estimated.
        turns: the same one by one, in order.
        words: what the agent itself said besides calling tools, with the position in `text` at which it said it.
        asked: what users said, lower case, with its position in `text`.
        author: who the run was for, as its metadata says; `""` if nobody knows.
    """

    trace_id: str
    task: str
    success: bool | None
    model_calls: int
    usage: TokenUsage
    text: str
    segments: tuple[Segment, ...]
    turns: tuple[PlainTurn, ...] = ()
    words: tuple[tuple[int, str], ...] = ()
    asked: tuple[tuple[int, str], ...] = ()
    author: str = ""
    _first: dict[str, int] = field(default_factory=dict, repr=False)

    def first_occurrence(self, value: JSONValue) -> int:
        """End position of the first occurrence of a scalar as a whole word in the run's text, or `NEVER`."""
        word = as_word(value)
        if word not in self._first:
            self._first[word] = find_word(self.text, word, 0)
        return self._first[word]

    def known(self, value: JSONValue, *, before: int) -> bool:
        """Whether every scalar of a value occurs before a position."""
        return all(self.first_occurrence(leaf) <= before for leaf in iterate_scalars(value))

    def occurs_between(self, value: JSONValue, start: int, end: int) -> bool:
        """Whether every scalar of a value occurs between two positions."""
        return all(find_word(self.text, as_word(leaf), start) <= end for leaf in iterate_scalars(value))


@dataclass(frozen=True)
class Corpus:
    """Runs and what is known of their tools.

    Attributes:
        runs: sorted by trace id, so that the order of the traces does not matter.
        trusted: tools that reach nowhere, because the user says so.
        fair: ids of the runs that are a fair sample of what agents do; `None` if all are. The others show rare tools.
        calling: for each tool, ids of the runs that are a fair sample of those that call it.
    """

    runs: tuple[Run, ...]
    specs: Mapping[str, ToolSpec]
    effects: Mapping[str, Effect]
    trusted: frozenset[str] = frozenset()
    fair: frozenset[str] | None = None
    calling: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def fair_part(self) -> Corpus:
        """The runs in which everything is as frequent as in the whole log: what is worth something is measured on them."""
        if self.fair is None:
            return self
        return self._only(self.fair)

    def around(self, tool: str) -> Corpus:
        """The runs to judge a routine by that starts with a tool: those that call it are a fair sample of all that do."""
        if self.fair is None or tool not in self.calling:
            return self
        return self._only(self.fair | self.calling[tool])

    @cached_property
    def callers(self) -> dict[str, list[tuple[Run, Segment]]]:
        """By tool, the segments in which it was called with success, in order."""
        segments: dict[str, list[tuple[Run, Segment]]] = {}
        for run, segment in self.segments():
            for tool in {call.tool for current in segment.rounds for call in current.calls if call.ok}:
                segments.setdefault(tool, []).append((run, segment))
        return segments

    def _only(self, ids: frozenset[str]) -> Corpus:
        runs = tuple(run for run in self.runs if run.trace_id in ids)
        return replace(self, runs=runs, fair=None, calling={})

    @cached_property
    def tasks(self) -> tuple[str, ...]:
        """Distinct tasks, sorted."""
        return tuple(sorted({run.task for run in self.runs}))

    @cached_property
    def reach(self) -> dict[str, Reach]:
        """The arguments of each tool that reach out, of tools that are not trusted."""
        texts: dict[str, dict[str, dict[str, None]]] = {}
        for _, segment in self.segments():
            for call in (call for current in segment.rounds for call in current.calls):
                for name, value in call.args.items():
                    argument_texts = texts.setdefault(call.tool, {}).setdefault(name, {})
                    if len(argument_texts) < MOST_TEXTS:
                        argument_texts.update(
                            (leaf, None) for leaf in iterate_scalars(value) if isinstance(leaf, str)
                        )
        untrusted = {tool: spec for tool, spec in self.specs.items() if tool not in self.trusted}
        return {tool: reach_of(spec, texts.get(tool)) for tool, spec in untrusted.items()}

    @cached_property
    def has_authors(self) -> bool:
        """Whether the runs are known to be of several authors."""
        return len({run.author for run in self.runs}) > 1

    @cached_property
    def output_tokens(self) -> dict[str, float]:
        """Mean size of a tool's successful outputs, in tokens, by tool."""
        sizes: dict[str, list[int]] = {}
        for _, segment in self.segments():
            for call in (call for current in segment.rounds for call in current.calls if call.ok):
                sizes.setdefault(call.tool, []).append(len(dumps(call.output)))
        return {tool: sum(lengths) / len(lengths) / CHARACTERS_PER_TOKEN for tool, lengths in sizes.items()}

    @cached_property
    def model_calls(self) -> int:
        """All model calls of all runs."""
        return sum(run.model_calls for run in self.runs)

    @cached_property
    def _shown(self) -> int:
        return _estimate_shown_tokens(self.specs)

    def build_run(self, trace: Trace, *, outputs: bool = True) -> Run:
        """A further trace as a run, by what is known of the tools.

        Args:
            outputs: whether they are looked at; if not, all of them are `None`.
        """
        return _build_run(trace, self.effects, self._shown, outputs=outputs)

    def segments(self) -> Iterator[tuple[Run, Segment]]:
        """Every segment with its run, in order."""
        return ((run, segment) for run in self.runs for segment in run.segments)

    def of_tasks(self, tasks: Iterable[str]) -> Corpus:
        """The part of the corpus that belongs to the given tasks."""
        kept_tasks = frozenset(tasks)
        return replace(self, runs=tuple(run for run in self.runs if run.task in kept_tasks))


def build_corpus(
    traces: Iterable[Trace],
    *,
    tools: Sequence[ToolSpec] = (),
    declared: Mapping[str, Effect] | None = None,
    recorded: Iterable[ToolSpec] = (),
) -> Corpus:
    """The optimizer's view of some traces; live tool specifications override recorded ones.

    Args:
        recorded: what traces that are not looked at say of the tools.
    """
    ordered = sorted(traces, key=lambda trace: trace.trace_id)
    specs = merge_specs(ordered, tools, recorded)
    effects = classify_effects(specs.values(), declared)
    shown = _estimate_shown_tokens(specs)
    return Corpus(tuple(_build_run(trace, effects, shown) for trace in ordered), specs, effects)


def measure_seconds(started: float | None, ended: float | None) -> float:
    """How long something took; 0 if nobody knows."""
    return 0.0 if started is None or ended is None else max(0.0, ended - started)


def _estimate_shown_tokens(specs: Mapping[str, ToolSpec]) -> int:
    """What the tools' schemas take of every prompt; used where no usage was recorded."""
    return sum(estimate_spec_tokens(spec) for spec in specs.values())


def estimate_spec_tokens(spec: ToolSpec) -> int:
    """What a tool's schema takes of a prompt, estimated."""
    if not spec.parameters:
        return UNSEEN_SCHEMA_TOKENS
    return estimate_bound_tokens(spec.name, spec.description, spec.parameters)


def _build_run(trace: Trace, effects: Mapping[str, Effect], shown: int, *, outputs: bool = True) -> Run:
    builder = _RunBuilder(effects, shown, outputs=outputs)
    calls_of = _group_issued(trace)
    messages = sorted(trace.messages, key=lambda message: message.before)
    position = 0
    for index, model_call in enumerate(trace.model_calls):
        while position < len(messages) and messages[position].before <= index:
            builder.say(messages[position].text, boundary=messages[position].role == "user")
            position += 1
        builder.model_call(index, model_call, calls_of.get(index, ()))
    builder.cut()
    return Run(
        trace_id=trace.trace_id,
        task=trace.task_key,
        success=trace.success,
        model_calls=len(trace.model_calls),
        usage=sum((turn.usage for turn in builder.turns), TokenUsage()),
        turns=tuple(builder.turns),
        text="".join(builder.text),
        segments=tuple(builder.segments),
        words=tuple(builder.words),
        asked=tuple(builder.asked),
        author=_find_author(trace),
    )


def _find_author(trace: Trace) -> str:
    authors = (trace.metadata.get(key) for key in AUTHOR_KEYS)
    return next((str(author) for author in authors if isinstance(author, str | int) and author != ""), "")


def _group_issued(trace: Trace) -> dict[int, list[ToolCallRecord]]:
    issued: dict[int, list[ToolCallRecord]] = {}
    for call in trace.tool_calls:
        if call.model_call is not None and call.replay is None:
            issued.setdefault(call.model_call, []).append(call)
    return issued


class _RunBuilder:
    """Lays the text of a run out and cuts it into segments."""

    def __init__(self, effects: Mapping[str, Effect], shown: int, *, outputs: bool) -> None:
        self.effects = effects
        self.shown = shown
        self.outputs = outputs
        self.text: list[str] = []
        self.words: list[tuple[int, str]] = []
        self.asked: list[tuple[int, str]] = []
        self.length = 0
        self.turns: list[PlainTurn] = []
        self.segments: list[Segment] = []
        self.open: dict[str, list[Round]] = {}

    def say(self, text: str, *, boundary: bool) -> None:
        if boundary:
            self.asked.append((self.length, text.lower()))
            self.cut()
        self._write(text)

    def cut(self, scope: str | None = None) -> None:
        """Ends the open segments, or the one of a scope."""
        for name in sorted(self.open) if scope is None else [scope]:
            rounds = self.open.pop(name, [])
            if rounds:
                self.segments.append(Segment(tuple(rounds), name))

    def model_call(self, index: int, record: ModelCallRecord, calls: Sequence[ToolCallRecord]) -> None:
        start = self.length
        if record.text:
            self.words.append((start, record.text))
        read = self.shown + start // CHARACTERS_PER_TOKEN
        done = tuple(self._call(call) for call in calls)
        spoken = sum(len(dumps(call.args)) for call in calls) + len(record.text)
        usage = record.usage or TokenUsage(input_tokens=read, output_tokens=spoken // CHARACTERS_PER_TOKEN)
        has_usage, seconds = record.usage is not None, measure_seconds(record.started_at, record.ended_at)
        self.turns.append(PlainTurn(usage, record.scope, has_usage, seconds))
        if done:
            self.open.setdefault(record.scope, []).append(Round(index, done, start, self.length, usage))
        else:
            self.cut(record.scope)

    def _call(self, call: ToolCallRecord) -> Call:
        raw = call.output if self.outputs else None
        shown = raw if isinstance(raw, str) else dumps(raw)
        self._write(f"{dumps(call.args)}\n{shown}")
        ok = call.status == "ok"
        return Call(
            tool=call.name,
            args=call.args,
            output=decode(raw) if ok else None,
            ok=ok,
            effect=self.effects.get(call.name, Effect.UNKNOWN),
            key=call_key(call.name, call.args),
            end=self.length,
            raw=raw,
            seconds=measure_seconds(call.started_at, call.ended_at),
        )

    def _write(self, text: str) -> None:
        piece = f"{text.lower()}\n"
        self.text.append(piece)
        self.length += len(piece)
