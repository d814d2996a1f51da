"""One meta-tool over its live tools: from the arguments of a call to the answer, sync and async."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from langchain_core.callbacks import Callbacks
from langchain_core.runnables import RunnableConfig
from langgraph.errors import GraphBubbleUp
from langgraph.prebuilt import ToolRuntime
from langgraph.store.base import BaseStore

from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.secrets.failures import describe_error
from langchain_awo.model.stepping.execution import find_sources
from langchain_awo.model.stepping.outcome import Result, Stop
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.runtime.answer.answer import build_artifact, build_hand_back, write_answer
from langchain_awo.runtime.executor.drivers import adrive, drive
from langchain_awo.runtime.executor.performing import Performer
from langchain_awo.runtime.inner.calling import BoundTool, Surroundings, build_inner_config, guards
from langchain_awo.runtime.inner.schemas import index_specs_by_field
from langchain_awo.runtime.journal import journal_store
from langchain_awo.runtime.journal.asking import Asking, asettle, settle
from langchain_awo.runtime.journal.identity import RunKey, derive_key, list_asked_calls
from langchain_awo.runtime.journal.journal import Journal, RunMemory, digest_routine
from langchain_awo.runtime.journal.opening import Opened, Opening
from langchain_awo.runtime.journal.resume import WISH
from langchain_awo.runtime.journal.signing import check_environment, sign
from langchain_awo.runtime.outcome import Limits

_log = logging.getLogger(__name__)


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

    def store(self, key: RunKey) -> BaseStore | None:
        """Where the run outlives the process, if it belongs to a thread that could be resumed."""
        return self.runtime.store if self.runtime and key.thread else None


class Routine:
    """A meta-tool bound to live tools; holds nothing of a single run."""

    def __init__(
        self, meta_tool: MetaTool, tools: Mapping[str, BoundTool], *, limits: Limits, memory: RunMemory
    ) -> None:
        self.meta_tool = meta_tool
        self.tools = tools
        self.limits = limits
        self.memory = memory
        self.digest = digest_routine(meta_tool)
        self.sources = find_sources(meta_tool)
        self.is_read = meta_tool.effect.is_read
        self.specs = index_specs_by_field(meta_tool.parameters)
        check_environment()

    def run(self, request: Request) -> Answered:
        """Runs it and says what came of it."""
        key = self._key(request)
        store = request.store(key)
        opened = settle(self._opening(request, key, store).open(), store)
        if isinstance(opened, str):
            return self._refused(opened, key, request)
        performer = self._performer(request, key, opened.journal, store)
        try:
            result = drive(
                self.meta_tool,
                _merge_parameters(opened.journal, request),
                performer.perform,
                limits=self.limits,
                order=performer.order,
                sources=self.sources,
            )
            return settle(self._ended(result, opened, key, performer), store)
        except GraphBubbleUp as error:
            settle(performer.passed(error), store)
            raise
        finally:
            opened.journal.going.release()

    async def arun(self, request: Request) -> Answered:
        """Async form of `run`."""
        key = self._key(request)
        store = request.store(key)
        opened = await asettle(self._opening(request, key, store).open(), store)
        if isinstance(opened, str):
            return self._refused(opened, key, request)
        performer = self._performer(request, key, opened.journal, store)
        try:
            result = await adrive(
                self.meta_tool,
                _merge_parameters(opened.journal, request),
                performer.aperform,
                limits=self.limits,
                order=performer.order,
                sources=self.sources,
            )
            return await asettle(self._ended(result, opened, key, performer), store)
        except GraphBubbleUp as error:
            await asettle(performer.passed(error), store)
            raise
        finally:
            opened.journal.going.release()

    def _key(self, request: Request) -> RunKey:
        return derive_key(
            self.meta_tool.name,
            request.parameters,
            specs=self.specs,
            config=request.config,
            runtime=request.runtime,
        )

    def _opening(self, request: Request, key: RunKey, store: BaseStore | None) -> Opening:
        return Opening(
            meta_tool=self.meta_tool,
            routine=self.digest,
            memory=self.memory,
            key=key,
            parameters=request.parameters,
            token=request.token,
            runtime=request.runtime,
            is_read=self.is_read,
            has_store=store is not None,
        )

    def _performer(
        self, request: Request, key: RunKey, journal: Journal, store: BaseStore | None
    ) -> Performer:
        guarded = guards.get()
        asked_as = (request.runtime.tool_call_id if request.runtime else None) or ""
        if journal.questions_in(key.run):  # of another process
            self.memory.asks_first(key.place, key.run)
        around = Surroundings(
            meta_tool=self.meta_tool.name,
            tools=self.tools,
            call_id=_choose_call_id(asked_as, key, request),
            config=build_inner_config(request.config, request.callbacks),
            runtime=request.runtime,
            guards=guarded if guarded and request.runtime and guarded.call_id == asked_as else None,
        )
        return Performer(
            around=around,
            journal=journal,
            limits=self.limits,
            task=key.run,
            store=store,
            opens=partial(self.memory.open, journal),
            asks_first=partial(self.memory.asks_first, key.place, key.run),
            is_beside=self.memory.is_asked_beside(key.place, key.run),
        )

    def _refused(self, problem: str, key: RunKey, request: Request) -> Answered:
        stop = Stop(kind="failed", step=1, reason=problem)
        token = request.token or self._token(key.run, key)
        return self._answered(Result(done=(), stop=stop), token, key)

    def _ended(self, result: Result, opened: Opened, key: RunKey, performer: Performer) -> Asking[Answered]:
        journal = opened.journal
        if result.stop is None:
            if journal.is_open and performer.store is not None:
                yield from _close_journal(journal)
            self.memory.complete(journal)
        if opened.takes_up and performer.recalled:
            recalled = ", ".join(performer.recalled)
            note = f"continues where an earlier call with these arguments stopped; not repeated: {recalled}"
            result = replace(result, notes=(note, *result.notes))
        token = self._token(journal.run, key) if result.stop else ""
        return self._answered(result, token, key)

    def _token(self, run: str, key: RunKey) -> str:
        return sign(run, key.thread, key.user, self.meta_tool.name)

    def _answered(self, result: Result, token: str, key: RunKey) -> Answered:
        hand_back = build_hand_back(self.meta_tool, result, resume_token=token)
        kept = {**build_artifact(self.meta_tool, hand_back, result), WISH: key.wish}
        return Answered(
            content=write_answer(self.meta_tool, hand_back, result, limits=self.limits),
            artifact=kept,
            is_failure=result.stop is not None and result.stop.is_failure,
        )


def _merge_parameters(journal: Journal, request: Request) -> dict[str, JSONValue]:
    return {**journal.parameters, **request.parameters}


def _choose_call_id(asked_as: str, key: RunKey, request: Request) -> str:
    """What the ids of inner calls begin with: the id of the call, unless it is none or another call has the same."""
    same = sum(call["id"] == asked_as for call in list_asked_calls(request.runtime))
    return asked_as if asked_as and same < 2 else f"{asked_as or 'call'}_{key.run}"  # noqa: PLR2004


def _close_journal(journal: Journal) -> Asking[None]:
    try:
        yield from journal_store.close_run(journal)
    except Exception as error:  # noqa: BLE001  # a store may fail in any way; what was done is told all the same
        _log.warning(
            "the end of a run of %s could not be stored: %s", journal.meta_tool, describe_error(error)
        )
