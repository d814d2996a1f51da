"""Inner calls: `ToolCall`s to the original tools, as children of the meta-tool's run, marked as replayed."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, cast

from langchain_core.callbacks import BaseCallbackManager, Callbacks
from langchain_core.messages import ToolCall, ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import patch_config
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from langgraph import errors as langgraph_errors
from langgraph.prebuilt import ToolRuntime
from langgraph.types import Command
from pydantic import ValidationError

from langchain_awo.model.secrets.failures import describe_error
from langchain_awo.model.stepping.outcome import Failed, OriginalCall, Outcome, Succeeded
from langchain_awo.model.text.encoding import compute_digest, decode, dumps, project_output
from langchain_awo.model.text.failure import find_failure, is_silent
from langchain_awo.runtime.inner.injection import Injected, InjectionError, inject
from langchain_awo.runtime.inner.reparent_runs import adopt_tool

_log = logging.getLogger(__name__)

EDITED: Final = "awo_edited_args"
"""Where a reply keeps the arguments that a person put in place of the bound ones, in `additional_kwargs`."""

FOR_APPROVAL: Final = "awo_for_approval"
"""Attribute of an interrupt that a guard raised, and not the tool itself."""

REPLAY_TAG: Final = "awo:replayed"
"""Tag of the runs of inner calls."""

Invoke: TypeAlias = Callable[[ToolCall, BaseTool, RunnableConfig], Any]
"""Makes one inner call; middleware puts its own chain of guards here."""

AsyncInvoke: TypeAlias = Callable[[ToolCall, BaseTool, RunnableConfig], Awaitable[Any]]
"""The async form of `Invoke`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """How middleware wants the inner calls of one call of a meta-tool to be made.

    Attributes:
        asks: whether a person is asked for calls of a tool.
    """

    call_id: str
    asks: Callable[[str], bool] = lambda tool: False  # noqa: ARG005  # nobody is
    invoke: Invoke | None = None
    ainvoke: AsyncInvoke | None = None


guards: Final[ContextVar[Guards | None]] = ContextVar("awo_guards", default=None)
"""Set by middleware around the execution of a meta-tool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundTool:
    """An original tool and the hidden arguments it wants."""

    tool: BaseTool
    injected: Injected = field(default_factory=Injected)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What one run of a meta-tool knows of where it runs.

    Attributes:
        call_id: id of the meta-tool's own call.
        config: of the inner calls, see `build_inner_config`.
        guards: replace the plain call of a tool, as middleware does; the tool itself then carries the marks and
            the run it is below of, and whoever executes it fills its hidden arguments.
        marks: more metadata of the inner calls' runs.
    """

    meta_tool: str
    tools: Mapping[str, BoundTool]
    call_id: str
    config: RunnableConfig
    runtime: ToolRuntime | None = None
    guards: Guards | None = None
    marks: Mapping[str, Any] = field(default_factory=dict)

    def prepare(self, call: OriginalCall) -> tuple[ToolCall, BaseTool, RunnableConfig]:
        """The call as LangChain wants it.

        Raises:
            InjectionError: a hidden argument of the tool cannot be filled here.
        """
        bound = self.tools[call.tool]
        call_id = self.inner_id(call)
        if self.guards:
            tool_call = ToolCall(name=call.tool, args=dict(call.args), id=call_id, type="tool_call")
            return tool_call, self._adopted(bound.tool, call), self.config
        args = inject(call.args, bound.injected, self.runtime, call_id)
        tool_call = ToolCall(name=call.tool, args=args, id=call_id, type="tool_call")
        config = self.config.copy()
        config["metadata"] = {**config.get("metadata", {}), **self._marks(call)}
        return tool_call, bound.tool, config

    def inner_id(self, call: OriginalCall) -> str:
        """Id of an inner call: the same again when a run is resumed."""
        return f"{self.call_id}__{call.step}{'_' + compute_digest(call.args)[:8] if call.mapped else ''}"

    def _marks(self, call: OriginalCall) -> dict[str, Any]:
        return {"awo_meta_tool": self.meta_tool, "awo_step": call.step, **self.marks}

    def _adopted(self, tool: BaseTool, call: OriginalCall) -> BaseTool:
        below = self.config.get("callbacks")
        return adopt_tool(tool, below, tags=[REPLAY_TAG], metadata=self._marks(call))


def build_inner_config(config: RunnableConfig | None, callbacks: Callbacks) -> RunnableConfig:
    """What inner calls are configured with: as the meta-tool's own call, but children of its run, and tagged.

    Args:
        config: LangChain passes a tool the configuration of its *parent*.
        callbacks: of the meta-tool's run.
    """
    manager = cast("BaseCallbackManager", callbacks)
    if config is None or not config.keys() >= _COMPLETE:
        inner = patch_config(config, callbacks=manager)
    else:  # LangChain has merged it already, and merging it again costs as much as a step
        kept = {name: value for name, value in config.items() if name not in _OF_ONE_RUN}
        inner = cast("RunnableConfig", {**kept, "configurable": dict(config["configurable"])})
        inner["callbacks"] = manager
    inner["tags"] = [*inner.get("tags", []), REPLAY_TAG]
    return inner


_COMPLETE: Final = frozenset({"tags", "metadata", "callbacks", "recursion_limit", "configurable"})
_OF_ONE_RUN: Final = frozenset({"run_name", "run_id"})


def call_tool(call: OriginalCall, surroundings: Surroundings, *, retries: int = 0) -> Outcome:
    """Makes an inner call; every error of it becomes a `Failed`.

    Interrupts, parent commands, cancellation and resume values that do not fit pass through untouched.
    """
    for attempt in range(retries + 1):
        try:
            tool_call, tool, config = surroundings.prepare(call)
            invoke = surroundings.guards and surroundings.guards.invoke
            reply = (invoke or _invoke)(tool_call, tool, config)
        except Exception as error:  # noqa: BLE001  # whatever an inner tool raises is handed back
            if not _may_retry(error, attempt, retries):
                return describe_failure(error)
        else:
            return read_reply(reply)
    raise AssertionError  # the last attempt always returns


async def acall_tool(call: OriginalCall, surroundings: Surroundings, *, retries: int = 0) -> Outcome:
    """Async form of `call_tool`."""
    for attempt in range(retries + 1):
        try:
            tool_call, tool, config = surroundings.prepare(call)
            invoke = surroundings.guards and surroundings.guards.ainvoke
            reply = await (invoke or _ainvoke)(tool_call, tool, config)
        except Exception as error:  # noqa: BLE001  # whatever an inner tool raises is handed back
            if not _may_retry(error, attempt, retries):
                return describe_failure(error)
        else:
            return read_reply(reply)
    raise AssertionError  # the last attempt always returns


def read_reply(reply: object) -> Outcome:
    """What a reply says, through the projection and the rule for failures that were used when the traces were mined."""
    if isinstance(reply, ToolMessage):
        content = project_output(reply.content, reply.artifact)
        if reply.status == "error":
            return Failed(error=content if isinstance(content, str) else dumps(content))
        decoded = decode(content)
        told = None if is_silent(content, decoded) else find_failure(content)
        return (
            Succeeded(output=content, reply=reply, args=reply.additional_kwargs.get(EDITED), decoded=decoded)
            if told is None
            else Failed(error=told)
        )
    return Failed(error=_explain_lost_reply(reply), ended=True)


def _explain_lost_reply(reply: object) -> str:
    """What became of a call that answered with something only LangGraph can carry out: half of it, and that is said."""
    each = reply if isinstance(reply, list) else [reply]
    if any(isinstance(part, Command) for part in each):
        return (
            "returned a Command, which a routine cannot pass on: the tool ran, and what its Command asks for (to update the state, to go "
            "elsewhere) was dropped; whatever else the tool changed is changed, so find out before calling it by itself"
        )
    return f"returned a {type(reply).__name__}, which is no answer that a routine can read; it ran, so find out what it did"


def describe_failure(error: Exception) -> Failed:
    """An exception in words."""
    try:
        text = str(error).strip()
    except Exception:  # noqa: BLE001  # an exception that cannot be shown is still a failure to hand back
        text = ""
    if isinstance(error, TimeoutError):
        text = text or "took too long"
        return Failed(error=f"TimeoutError: {text}")
    return Failed(error=f"{type(error).__name__}: {text}" if text else type(error).__name__)


def must_pass(error: BaseException) -> bool:
    """Whether an exception is LangGraph's own business: interrupts, parent commands, misfit resume values."""
    is_misfit = getattr(langgraph_errors, "is_invalid_resume", None)  # older versions do not mark these
    return isinstance(error, langgraph_errors.GraphBubbleUp) or bool(is_misfit and is_misfit(error))


def _may_retry(error: Exception, attempt: int, retries: int) -> bool:
    if must_pass(error):
        raise error
    final = isinstance(error, ToolException | ValidationError | InjectionError) or attempt == retries
    if not final:
        _log.info("retrying a failed read inside a meta-tool: %s", describe_error(error))
    return not final


def _invoke(tool_call: ToolCall, tool: BaseTool, config: RunnableConfig) -> Any:
    if type(tool).invoke is BaseTool.invoke:
        return tool.run(tool_call["args"], **_build_run_options(tool_call, config))
    return tool.invoke(tool_call, config)


async def _ainvoke(tool_call: ToolCall, tool: BaseTool, config: RunnableConfig) -> Any:
    if type(tool).ainvoke is StructuredTool.ainvoke and getattr(tool, "coroutine", None):
        return await tool.arun(tool_call["args"], **_build_run_options(tool_call, config))
    return await tool.ainvoke(tool_call, config)


def _build_run_options(tool_call: ToolCall, config: RunnableConfig) -> dict[str, Any]:
    """What `invoke` would pass to `run`; merging a configuration that is complete already costs a tenth of a call."""
    return {
        "callbacks": config.get("callbacks"),
        "tags": config.get("tags"),
        "metadata": config.get("metadata"),
        "config": config,
        "tool_call_id": tool_call["id"],
    }
