"""What a run did so far: the mutable state that callbacks fill and `assembly` turns into a `Trace`.

Everything in here is already a copy; nothing refers to a live object of the agent.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from langchain_awo.capture.frozen import NOTHING, Frozen
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import Message, ReplayMark, Status, TokenUsage, ToolCallRecord, ToolSpec

OVERHEAD: Final = 500
"""Bytes that a call takes of memory beside its values."""

KEPT_CALLS: Final = 64
"""Issued calls of an agent that are kept in mind for executions that do not say which call they are of."""


@dataclass(slots=True, eq=False, kw_only=True)
class Seat:
    """Where model calls come from: one place in the code of an agent, as far as its events tell places apart.

    Attributes:
        node: the node of the graph that the calls are made in, empty outside of graphs.
        source: the part of LangChain that makes them for itself, such as `summarization`; empty for others.
        offers: whether tools are bound to the calls.
        structured: whether they ask for an answer in a given form; that its form may be sent as a tool makes no agent of it.
        offered: names of all tools that were bound so far.
        ran: whether a tool ran because one of the calls asked for it.
        begins: whether its first prompt began a conversation or continued one, as `model.thread` calls it; `None` if it does not tell.
        length: messages in the latest prompt; `last` tells the last of them.
        repeats: how often each text without an id occurs in the latest prompt, `heard` the most that it ever did.
    """

    scope: str
    node: str = ""
    source: str = ""
    offers: bool = False
    structured: bool = False
    offered: set[str] = field(default_factory=set)
    ran: bool = False
    begins: str | None = None
    length: int = 0
    last: Hashable = None
    repeats: Counter[Hashable] = field(default_factory=Counter)
    heard: Counter[Hashable] = field(default_factory=Counter)
    seen_ids: set[str] = field(default_factory=set)


@dataclass(slots=True, frozen=True, eq=False, kw_only=True)
class Heard:
    """A message from outside in a prompt.

    Attributes:
        seat: where it was read; what is told to another model than the agent's is no word of the user.
        message_id: `None` for a message without one, which is known by its text.
        nth: occurrences of that text up to here; so the second "yes" of a conversation counts although it looks like the first.
    """

    seat: Seat
    message: Message
    message_id: str | None
    nth: int = 1


@dataclass(slots=True, eq=False, kw_only=True)
class ModelRun:
    """One call of a model."""

    index: int
    model: str
    seat: Seat
    offered: tuple[str, ...]
    started_at: float
    text: str = ""
    usage: TokenUsage | None = None
    ended_at: float | None = None
    error: str | None = None

    @property
    def scope(self) -> str:
        """Agent scope."""
        return self.seat.scope


@dataclass(slots=True, eq=False, kw_only=True)
class IssuedCall:
    """A tool call as a model asked for it, whether or not it was ever executed.

    Attributes:
        call_id: empty when the model gave none.
        position: place among the calls of its model call.
        problem: why it could not be executed, when its arguments could not be read.
        latest: its latest execution.
        answer: what a later model call was told about it; only looked at when no execution gave an output.
        answered: how that answer was marked, `None` when there was none.
    """

    call_id: str
    name: str
    args: bytes
    model_run: ModelRun
    position: int
    problem: str | None = None
    latest: ToolRun | None = None
    answer: Frozen = NOTHING
    answered: Status | None = None

    @property
    def model_call(self) -> int:
        """Index of the model call that issued it."""
        return self.model_run.index

    @property
    def scope(self) -> str:
        """Agent scope."""
        return self.model_run.seat.scope


@dataclass(slots=True, eq=False, kw_only=True)
class ToolRun:
    """One execution of a tool.

    Attributes:
        order: counts the executions of a recording by their start.
        call_id: empty when the tool was not invoked with a tool call.
        after: index of the last model call that had started by then, -1 if none had.
        place: agent scope as the graph reports it, before `scope` sets the inside of a tool apart.
        inside: the execution that this one ran inside of.
    """

    order: int
    run_id: UUID
    call_id: str
    name: str
    args: bytes
    started_at: float
    after: int
    place: str
    scope: str
    inside: ToolRun | None
    issued: IssuedCall | None
    replay: ReplayMark | None
    status: Status = "abandoned"
    output: Frozen = NOTHING
    error: str | None = None
    ended_at: float | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class Label:
    """What the caller said about a run."""

    task_id: str | None = None
    thread_id: str | None = None
    trial: int | None = None
    domain: str = ""
    tags: tuple[str, ...] = ()
    success: bool | None = None
    metadata: dict[str, JSONValue] = field(default_factory=dict)


@dataclass(slots=True, eq=False, kw_only=True)
class Recording:
    """Everything seen of one root run, or of the several root runs of a session or a hand-written loop.

    Attributes:
        key: what finds it while it goes on: the id of its root run, of its session or of a parent that was never seen.
        size: bytes that it takes of memory, about; `weighed` what it took when that was last looked at.
        parts: how much of a long run was handed on already.
        open_runs: ids of the LangChain runs that started and did not end.
        refused: calls that an earlier run issued and that this run reports as refused.
        recent: the latest calls that were issued in each scope.
        named: calls of the latest model call that used an id, by scope and id, and by the id alone.
        unanswered: issued calls that no later prompt told of, by scope and id.
        lasting: it outlives its root runs, because a session or a run that was never seen holds them together.
        in_session: that is a session; it is not to be ended before the session is.
        ending: the session is over; the recording ends with its last root run.
        in_graph: whether LangGraph runs it; then its root run says when it is over.
        interrupted: whether a graph stopped to ask somebody.
    """

    key: str
    trace_id: str
    started_at: float
    label: Label = field(default_factory=Label)
    ended_at: float | None = None
    size: int = 0
    weighed: int = 0
    parts: int = 0
    seats: dict[Hashable, Seat] = field(default_factory=dict)
    model_runs: list[ModelRun] = field(default_factory=list)
    tool_runs: list[ToolRun] = field(default_factory=list)
    refused: list[ToolCallRecord] = field(default_factory=list)
    issued: list[IssuedCall] = field(default_factory=list)
    recent: dict[str, deque[IssuedCall]] = field(default_factory=dict)
    named: dict[str | tuple[str, str], list[IssuedCall]] = field(default_factory=dict)
    unanswered: dict[tuple[str, str], deque[IssuedCall]] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
    seen_prompts: set[Hashable] = field(default_factory=set)
    specs: dict[str, ToolSpec] = field(default_factory=dict)
    hints: dict[str, dict[str, JSONValue]] = field(default_factory=dict)
    open_runs: set[UUID] = field(default_factory=set)
    lasting: bool = False
    in_session: bool = False
    ending: bool = False
    in_graph: bool = False
    interrupted: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether no model and no tool was called."""
        return not self.model_runs and not self.tool_runs

    @property
    def in_loop(self) -> bool:
        """Whether a hand-written loop will call the model again: its last call that worked asked for tools."""
        if self.in_graph or not self.issued:
            return False
        return all(run.error is not None for run in self.model_runs[self.issued[-1].model_call + 1 :])

    def issue(self, call: IssuedCall) -> None:
        """Notes a call that a model asked for; an id used before now means the new call."""
        self.issued.append(call)
        self.size += OVERHEAD + len(call.args)
        self.recent.setdefault(call.scope, deque(maxlen=KEPT_CALLS)).append(call)
        waiting = self.unanswered.setdefault((call.scope, call.call_id), deque())
        if waiting and waiting[0].model_run is not call.model_run:
            waiting.clear()  # nobody will be told of the older ones any more
        waiting.append(call)
        if call.call_id:
            _replace_older(self.named, call.call_id, call)
            _replace_older(self.named, (call.scope, call.call_id), call)


@dataclass(slots=True, eq=False, kw_only=True)
class Node:
    """One open LangChain run.

    Attributes:
        tool: the innermost tool run that this run is or is inside of.
        run: what is recorded of it, if it is a call of a model or a tool.
    """

    recording: Recording
    parent_id: UUID | None
    is_root: bool
    tool: ToolRun | None = None
    run: ModelRun | ToolRun | None = None


def _replace_older(
    named: dict[str | tuple[str, str], list[IssuedCall]], key: str | tuple[str, str], call: IssuedCall
) -> None:
    known = named.get(key)
    if known is None or known[0].model_run is not call.model_run:
        named[key] = [call]
    else:
        known.append(call)
