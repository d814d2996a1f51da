"""One meta-tool over its live tools: from the arguments of a call to the answer, sync and async."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import uuid4

from langchain_core.callbacks import Callbacks
from langchain_core.runnables import RunnableConfig
from langgraph.errors import GraphBubbleUp
from langgraph.prebuilt import ToolRuntime
from langgraph.store.base import BaseStore

from langchain_awo.model.encoding import digest
from langchain_awo.model.metatool import MetaTool
from langchain_awo.model.trace import JSONValue
from langchain_awo.runtime.answer import answer, artifact, hand_back
from langchain_awo.runtime.calling import BoundTool, Surroundings, guards, inner_config
from langchain_awo.runtime.drivers import adrive, drive
from langchain_awo.runtime.execution import sources_of
from langchain_awo.runtime.memory import Ledger, Memory, RunKey, new_ledger, routine_digest
from langchain_awo.runtime.outcome import Limits, Result, Stop
from langchain_awo.runtime.performing import Performer
from langchain_awo.runtime.shelf import aload, asave_run, load, save_run
from langchain_awo.runtime.unfinished import unfinished_token


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a run says: the text for the model, the artifact, and whether a step failed."""

    content: str
    artifact: dict[str, Any]
    is_failure: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call of a meta-tool as LangChain delivers it.

    Attributes:
        parameters: by their own names, without the absent ones.
        token: continues the stopped run that gave it.
    """

    parameters: Mapping[str, JSONValue]
    config: RunnableConfig | None = None
    callbacks: Callbacks = None
    runtime: ToolRuntime | None = None
    token: str | None = None

    def key(self) -> RunKey:
        """What the run is known by; where LangGraph gives no task, nothing is ever run again by itself."""
        configurable = (self.config or {}).get("configurable", {})
        task = configurable.get("checkpoint_ns", "")
        call_id = self.runtime.tool_call_id if self.runtime else None
        if not task or not call_id:
            call_id = f"{call_id or 'call'}_{uuid4().hex[:12]}"
        return RunKey(thread=str(configurable.get("thread_id", "")), task=task, call_id=call_id)

    def store(self, key: RunKey) -> BaseStore | None:
        """Where the run outlives the process, if it belongs to a thread that could be resumed."""
        return self.runtime.store if self.runtime and key.thread else None


class Routine:
    """A meta-tool bound to live tools; holds nothing of a single run."""

    def __init__(
        self, meta_tool: MetaTool, tools: Mapping[str, BoundTool], *, limits: Limits, memory: Memory
    ) -> None:
        self.meta_tool = meta_tool
        self.tools = tools
        self.limits = limits
        self.memory = memory
        self.digest = routine_digest(meta_tool)
        self.sources = sources_of(meta_tool)

    def run(self, request: Request) -> Answered:
        """Runs it and says what came of it."""
        request = self._taken_up(request)
        key = request.key()
        store = request.store(key)
        token = request.token or key.token
        ledger = self.memory.find(token) or (load(store, token) if store else None)
        if problem := self._cannot_go_on(ledger, request, key):
            return self._refused(problem, token)
        if ledger is None:
            ledger = new_ledger(key, self.meta_tool, self.digest, request.parameters)
            if store:
                save_run(store, ledger)
        ledger = self.memory.keep(ledger)
        performer = self._performer(request, key, ledger, store)
        try:
            result = drive(
                self.meta_tool,
                _parameters(ledger, request),
                performer.perform,
                limits=self.limits,
                order=performer.order,
                sources=self.sources,
            )
        except GraphBubbleUp as error:
            performer.passed(error)
            raise
        return self._ended(result, ledger, token)

    async def arun(self, request: Request) -> Answered:
        """Async form of `run`."""
        request = self._taken_up(request)
        key = request.key()
        store = request.store(key)
        token = request.token or key.token
        ledger = self.memory.find(token) or (await aload(store, token) if store else None)
        if problem := self._cannot_go_on(ledger, request, key):
            return self._refused(problem, token)
        if ledger is None:
            ledger = new_ledger(key, self.meta_tool, self.digest, request.parameters)
            if store:
                await asave_run(store, ledger)
        ledger = self.memory.keep(ledger)
        performer = self._performer(request, key, ledger, store)
        try:
            result = await adrive(
                self.meta_tool,
                _parameters(ledger, request),
                performer.aperform,
                limits=self.limits,
                order=performer.order,
                sources=self.sources,
            )
        except GraphBubbleUp as error:
            await performer.apassed(error)
            raise
        return self._ended(result, ledger, token)

    def _taken_up(self, request: Request) -> Request:
        """The request, with the token of the run that it repeats."""
        if request.token or self.meta_tool.effect.is_read:
            return request
        return replace(request, token=unfinished_token(self.meta_tool, request.runtime))

    def _cannot_go_on(self, ledger: Ledger | None, request: Request, key: RunKey) -> str:
        """Why what is known of the run forbids to run it now, or `""`."""
        if ledger is None or (request.token and ledger.thread != digest(key.thread)):
            unknown = (
                f"nothing is known of the resume token {request.token!r}, so nothing was run; "
                "find out what was done before starting again without it"
            )
            return unknown if request.token else ""
        if ledger.meta_tool != self.meta_tool.name:
            return f"this resume token belongs to {ledger.meta_tool}; call that"
        if ledger.entries and ledger.routine != self.digest:
            return "the routine was compiled anew since this run began; make the remaining calls one by one"
        return ""

    def _performer(self, request: Request, key: RunKey, ledger: Ledger, store: BaseStore | None) -> Performer:
        guarded = guards.get()
        if ledger.questions_in(key.token):  # of another process
            self.memory.asks_first(key.place, key.token)
        around = Surroundings(
            meta_tool=self.meta_tool.name,
            tools=self.tools,
            call_id=key.call_id,
            config=inner_config(request.config, request.callbacks),
            runtime=request.runtime,
            guards=guarded if guarded and guarded.call_id == key.call_id else None,
        )
        return Performer(
            around=around,
            ledger=ledger,
            limits=self.limits,
            task=key.token,
            store=store,
            asks_first=partial(self.memory.asks_first, key.place, key.token),
            is_beside=self.memory.is_asked_beside(key.place, key.token),
        )

    def _refused(self, problem: str, token: str) -> Answered:
        stop = Stop(kind="failed", step=1, reason=problem)
        return self._answered(Result(done=(), stop=stop), token)

    def _ended(self, result: Result, ledger: Ledger, token: str) -> Answered:
        if result.stop is None:
            self.memory.complete(ledger)
        return self._answered(result, token)

    def _answered(self, result: Result, token: str) -> Answered:
        told = hand_back(self.meta_tool, result, resume_token=token)
        return Answered(
            content=answer(self.meta_tool, told, result, limits=self.limits),
            artifact=artifact(self.meta_tool, told, result),
            is_failure=result.stop is not None and result.stop.is_failure,
        )


def _parameters(ledger: Ledger, request: Request) -> dict[str, JSONValue]:
    return {**ledger.parameters, **request.parameters}
