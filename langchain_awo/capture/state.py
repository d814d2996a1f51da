"""What a run did so far: the mutable state that callbacks fill and `assembly` turns into a `Trace`.

Everything in here is already a copy in JSON form; nothing refers to a live object of the agent.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

from langchain_awo.model.trace import JSONValue, Message, Replay, Status, TokenUsage, ToolCallRecord, ToolSpec


@dataclass(slots=True, eq=False, kw_only=True)
class ModelRun:
    """One call of a model."""

    index: int
    model: str
    scope: str
    offered: tuple[str, ...]
    started_at: float
    text: str = ""
    usage: TokenUsage | None = None
    ended_at: float | None = None
    error: str | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class IssuedCall:
    """A tool call as a model asked for it, whether or not it was ever executed.

    Attributes:
        position: place among the calls of its model call.
        answer: what a later model call was told about it; only looked at when no execution gave an output.
        answered: how that answer was marked, `None` when there was none.
    """

    call_id: str
    name: str
    args: dict[str, JSONValue]
    model_call: int
    position: int
    scope: str
    answer: JSONValue = None
    answered: Status | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class ToolRun:
    """One execution of a tool.

    Attributes:
        order: counts the executions of a recording by their start.
        call_id: `None` when the tool was not invoked with a tool call.
        after: index of the last model call that had started by then, -1 if none had.
        place: agent scope as the graph reports it, before `scope` sets the inside of a tool apart.
        inside: the execution that this one ran inside of.
    """

    order: int
    run_id: UUID
    call_id: str | None
    name: str
    args: dict[str, JSONValue]
    started_at: float
    after: int
    place: str
    scope: str
    inside: ToolRun | None
    issued: IssuedCall | None
    replay: Replay | None
    status: Status = "abandoned"
    output: JSONValue = None
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
        open_runs: ids of the LangChain runs that started and did not end.
        refused: calls that an earlier run issued and that this run reports as refused.
        unanswered: issued calls that have no output yet, by call id.
        lasting: it outlives its root runs, because a session or a run that was never seen holds them together.
        in_session: that is a session; it is not to be ended before the session is.
        ending: the session is over; the recording ends with its last root run.
        in_graph: whether LangGraph runs it; then its root run says when it is over.
        interrupted: whether a graph stopped to ask somebody.
    """

    trace_id: str
    started_at: float
    label: Label = field(default_factory=Label)
    ended_at: float | None = None
    model_runs: list[ModelRun] = field(default_factory=list)
    tool_runs: list[ToolRun] = field(default_factory=list)
    refused: list[ToolCallRecord] = field(default_factory=list)
    issued: list[IssuedCall] = field(default_factory=list)
    latest_issue: dict[str | tuple[str, str], IssuedCall] = field(default_factory=dict)
    unanswered: dict[str, IssuedCall] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    seen_ids: set[str] = field(default_factory=set)
    seen_prompts: set[str] = field(default_factory=set)
    seen_texts: Counter[str] = field(default_factory=Counter)
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
        self.latest_issue[call.call_id] = self.latest_issue[call.scope, call.call_id] = call
        self.unanswered[call.call_id] = call

    def issue_of(self, call_id: str | None, scope: str) -> IssuedCall | None:
        """The call that an execution is of: agents may use each other's ids, their own come first."""
        if call_id is None:
            return None
        return self.latest_issue.get((scope, call_id)) or self.latest_issue.get(call_id)

    def read_user(self, text: str, message_id: str | None, *, repeats: int, before: int) -> None:
        """Notes a user's message unless it was seen before.

        Args:
            text: what the user said.
            message_id: the message's id, if it has one; else the text decides whether it was seen.
            repeats: how often this text occurred among the messages without an id that were just sent; so the second "yes" of a
                conversation counts although it looks like the first.
            before: index of the model call that reads it.
        """
        if message_id is not None:
            if message_id in self.seen_ids:
                return
            self.seen_ids.add(message_id)
        elif repeats <= self.seen_texts[text]:
            return
        else:
            self.seen_texts[text] += 1
        self.messages.append(Message(role="user", text=text, before=before))

    def read_system(self, text: str, *, before: int) -> None:
        """Notes a system prompt unless it was seen before."""
        if text not in self.seen_prompts:
            self.seen_prompts.add(text)
            self.messages.append(Message(role="system", text=text, before=before))
