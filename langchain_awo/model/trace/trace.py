"""What an agent did: one `Trace` for each root run, in the order of its model calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from langchain_awo.model.text.json_value import JSONValue

Status: TypeAlias = Literal["ok", "error", "interrupted", "cancelled", "abandoned"]
"""How an attempt ended; `abandoned` means that its end was never seen."""

TRACE_SCHEMA_VERSION = 1
"""Version of the stored form of everything in this module."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenUsage:
    """Tokens of one model call as the provider reported them."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    """Part of `input_tokens` that was read from the provider's cache."""

    @property
    def total_tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: TokenUsage) -> TokenUsage:
        return TokenUsage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """A tool as the model was shown it.

    Attributes:
        parameters: JSON Schema of the arguments, without injected ones; `{}` when it is not known.
        hints: what the tool's metadata claims about its effects (MCP spelling, such as `readOnlyHint`).
    """

    name: str
    description: str = ""
    parameters: dict[str, JSONValue] = field(default_factory=dict)
    hints: dict[str, JSONValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Words that reached the agent from outside; a user's message is a boundary no routine crosses.

    Attributes:
        before: index of the first model call that could read it.
    """

    role: Literal["user", "system"]
    text: str
    before: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCallRecord:
    """One call of a chat model.

    Attributes:
        model: name of the model, empty when unknown.
        usage: `None` when the provider reported nothing.
        scope: agent scope; calls of a sub-agent have another scope than those of its caller.
        text: what the model said besides calling tools.
        offered: names of the tools that were bound to this call, when known.
        started_at: seconds since the epoch.
    """

    model: str = ""
    usage: TokenUsage | None = None
    scope: str = ""
    text: str = ""
    offered: tuple[str, ...] = ()
    started_at: float | None = None
    ended_at: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One execution of a logical tool call; retries and resumes add attempts."""

    status: Status
    error: str | None = None
    started_at: float | None = None
    ended_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayMark:
    """Marks a tool call that a meta-tool made; such calls are watched but never mined."""

    meta_tool: str
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallRecord:
    """One logical tool call.

    Attributes:
        call_id: the id the model gave it, or one made up when no model issued it.
        args: as the model wrote them, before validation, without injected arguments.
        output: what the agent could read of the result, as a JSON value; text stays text.
        error: what went wrong, such as `"ValueError: no such user"`; also for handled errors.
        model_call: index into `Trace.model_calls` of the call that issued it, `None` if none did.
        parent_id: `call_id` of the tool call this one ran inside of.
        attempts: empty when it ran once and nothing more is known than `status`.
    """

    call_id: str
    name: str
    args: dict[str, JSONValue] = field(default_factory=dict)
    output: JSONValue = None
    status: Status = "ok"
    error: str | None = None
    model_call: int | None = None
    scope: str = ""
    parent_id: str | None = None
    attempts: tuple[Attempt, ...] = ()
    started_at: float | None = None
    ended_at: float | None = None
    replay: ReplayMark | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Everything one root run did.

    Attributes:
        task_id: what was asked for; runs with one task id are trials of one task and are never split
            between training and held-out data.
        thread_id: joins the turns of one conversation and the resumes of one run.
        domain: a label to select by; empty when there is none.
        success: the outcome, `None` when nobody said.
        messages: user and system messages, in order.
        model_calls: in the order they started.
        tool_calls: in the order the model calls issued them; calls that none issued stand behind those of the model call
            before them, calls inside a tool behind that tool.
        tools: the tools that were called or offered, sorted by name.
        metadata: anything else the caller attached.
    """

    trace_id: str
    task_id: str | None = None
    thread_id: str | None = None
    trial: int | None = None
    domain: str = ""
    model: str = ""
    success: bool | None = None
    tags: tuple[str, ...] = ()
    started_at: float | None = None
    ended_at: float | None = None
    messages: tuple[Message, ...] = ()
    model_calls: tuple[ModelCallRecord, ...] = ()
    tool_calls: tuple[ToolCallRecord, ...] = ()
    tools: tuple[ToolSpec, ...] = ()
    metadata: dict[str, JSONValue] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Bounded, whatever the run said."""
        calls = f"{len(self.model_calls)} model calls, {len(self.tool_calls)} tool calls"
        return f"<Trace {self.trace_id!r:.80} of task {self.task_key!r:.80}: {calls}>"

    @property
    def task_key(self) -> str:
        """What held-out splits go by: domain and task id, else the thread, else this run alone."""
        return derive_task_key(self.trace_id, self.task_id, self.thread_id, self.domain)

    def tool_calls_of(self, model_call: int) -> tuple[ToolCallRecord, ...]:
        """The tool calls that the given model call issued."""
        return tuple(call for call in self.tool_calls if call.model_call == model_call)


def derive_task_key(trace_id: str, task_id: str | None, thread_id: str | None, domain: str) -> str:
    """`Trace.task_key` of a trace with these ids."""
    if task_id is not None:
        return f"{domain}/{task_id}" if domain else task_id
    return thread_id or trace_id
