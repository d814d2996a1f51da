"""One meta-tool over its live tools: from the arguments of a call to the answer, sync and async."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from langchain_core.callbacks import Callbacks
from langchain_core.runnables import RunnableConfig
from langgraph.prebuilt import ToolRuntime

from langchain_awo.model.encoding import digest
from langchain_awo.model.metatool import MetaTool
from langchain_awo.model.trace import JSONValue
from langchain_awo.runtime.answer import answer, artifact
from langchain_awo.runtime.calling import BoundTool, Surroundings, acall_tool, call_tool
from langchain_awo.runtime.drivers import adrive, drive
from langchain_awo.runtime.memory import Memory
from langchain_awo.runtime.outcome import Call, Limits, Outcome, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a run says: the text for the model, the artifact, and whether a step failed."""

    content: str
    artifact: dict[str, Any]
    is_failure: bool


class Routine:
    """A meta-tool bound to live tools; holds nothing of a single run."""

    def __init__(
        self, meta_tool: MetaTool, tools: Mapping[str, BoundTool], *, limits: Limits, memory: Memory
    ) -> None:
        self.meta_tool = meta_tool
        self.tools = tools
        self.limits = limits
        self.memory = memory

    def run(
        self,
        parameters: Mapping[str, JSONValue],
        *,
        config: RunnableConfig | None = None,
        callbacks: Callbacks = None,
        runtime: ToolRuntime | None = None,
        token: str | None = None,
    ) -> Answered:
        """Runs it and says what came of it."""
        around = self._surroundings(config, callbacks, runtime)

        def perform(call: Call) -> Outcome:
            return call_tool(call, around, retries=self._retries(call))

        return self._answered(drive(self.meta_tool, parameters, perform, limits=self.limits), around)

    async def arun(
        self,
        parameters: Mapping[str, JSONValue],
        *,
        config: RunnableConfig | None = None,
        callbacks: Callbacks = None,
        runtime: ToolRuntime | None = None,
        token: str | None = None,
    ) -> Answered:
        """Async form of `run`."""
        around = self._surroundings(config, callbacks, runtime)

        async def perform(call: Call) -> Outcome:
            return await acall_tool(call, around, retries=self._retries(call))

        return self._answered(await adrive(self.meta_tool, parameters, perform, limits=self.limits), around)

    def _surroundings(
        self, config: RunnableConfig | None, callbacks: Callbacks, runtime: ToolRuntime | None
    ) -> Surroundings:
        call_id = runtime.tool_call_id if runtime else None
        return Surroundings(
            meta_tool=self.meta_tool.name,
            tools=self.tools,
            call_id=call_id or f"{self.meta_tool.name}_{uuid4().hex[:12]}",
            config=config or RunnableConfig(),
            callbacks=callbacks,
            runtime=runtime,
        )

    def _retries(self, call: Call) -> int:
        return self.limits.read_retries if call.effect.is_read else 0

    def _answered(self, result: Result, around: Surroundings) -> Answered:
        token = digest(around.call_id)
        return Answered(
            content=answer(self.meta_tool, result, resume_token=token, limits=self.limits),
            artifact=artifact(self.meta_tool, result, resume_token=token),
            is_failure=result.stop is not None and result.stop.is_failure,
        )
