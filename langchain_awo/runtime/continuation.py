"""Calls of original tools under the middleware: served from what is known, and continued."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, ToolMessage
from langgraph.errors import GraphBubbleUp

from langchain_awo.model.eager import eager_part
from langchain_awo.model.metatool import MetaTool
from langchain_awo.runtime.calling import BoundTool, Guards, Surroundings, acall_tool, call_tool
from langchain_awo.runtime.claims import Claims
from langchain_awo.runtime.continuing import Start, fetched_data, start_of, with_fetched
from langchain_awo.runtime.conversation import Held, call_key, held_reads
from langchain_awo.runtime.drivers import adrive, drive
from langchain_awo.runtime.guarding import inner_request
from langchain_awo.runtime.installing import Installed
from langchain_awo.runtime.outcome import Call, Failed, Limits, Outcome, Result, Succeeded
from langchain_awo.runtime.telling import Told, tell_steps

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Going:
    """What continues one anchor call.

    Attributes:
        known: results that the conversation holds, by call.
        fetched: what was made here, by call, as the answers came.
        shown: the same in the order of the steps.
        told: the same as the model is told it.
    """

    request: Any
    anchor: Held
    turn: str
    known: dict[str, Held]
    fetched: dict[str, Held] = field(default_factory=dict)
    shown: dict[str, Held] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)


class Continuer:
    """Runs the eager rest of routines after the calls they begin with."""

    def __init__(self, installed: Installed, *, limits: Limits, usage: Counter[tuple[str, str]]) -> None:
        forbidden = frozenset(installed.protection.tools) | installed.reaching
        parts = (eager_part(each, forbidden) for each in installed.meta_tools("continue"))
        self._parts: list[MetaTool] = [part for part in parts if part is not None]
        self._tools = {tool.name: BoundTool(tool=tool) for tool in installed.toolkit.tools}
        self._effects = installed.effects
        self._limits = limits
        self._shape = limits.shape and installed.toolkit.limits.shape
        self._usage = usage
        self._claims = Claims()

    def call(self, request: Any, handler: Callable[[Any], Any]) -> Any:
        """Makes a call of an original tool, or serves it, and goes on from it."""
        if not self._reads(request):
            return handler(request)
        known = held_reads(_messages(request), self._effects)
        if served := self._served(request, known):
            return served
        future, is_mine = self._claims.claim(_turn(request), _key(request))
        if not is_mine and (other := future.result()):
            return self._serve(request, other)
        try:
            reply = handler(request)
        except BaseException:
            _settle(future, None)
            raise
        _settle(future, going := _held(request, reply))
        if going is None:
            return reply
        state = _Going(request, going, _turn(request), known)
        for start in self._starts(request):
            self._go(start, state, handler)
        return self._with_fetched(reply, state)

    async def acall(self, request: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:
        """Async form of `call`."""
        if not self._reads(request):
            return await handler(request)
        known = held_reads(_messages(request), self._effects)
        if served := self._served(request, known):
            return served
        future, is_mine = self._claims.claim(_turn(request), _key(request))
        if not is_mine and (other := await asyncio.shield(asyncio.wrap_future(future))):
            return self._serve(request, other)
        try:
            reply = await handler(request)
        except BaseException:
            _settle(future, None)
            raise
        _settle(future, going := _held(request, reply))
        if going is None:
            return reply
        state = _Going(request, going, _turn(request), known)
        for start in self._starts(request):
            await self._ago(start, state, handler)
        return self._with_fetched(reply, state)

    def _reads(self, request: Any) -> bool:
        """Whether a call is any of our business: a read, where something is continued at all."""
        effect = self._effects.get(request.tool_call["name"])
        return bool(self._parts) and effect is not None and effect.is_read

    def _starts(self, request: Any) -> list[Start]:
        call = request.tool_call
        found = (start_of(part, call["name"], call["args"]) for part in self._parts)
        return [start for start in found if start is not None]

    def _served(self, request: Any, known: dict[str, Held]) -> ToolMessage | None:
        """The answer to a call that was fetched already; a call the model itself made before is made again."""
        held = known.get(_key(request))
        return self._serve(request, held) if held is not None and held.unasked else None

    def _serve(self, request: Any, held: Held) -> ToolMessage:
        call = request.tool_call
        self._usage[call["name"], "served"] += 1
        return ToolMessage(held.content, artifact=held.artifact, name=call["name"], tool_call_id=call["id"])

    def _go(self, start: Start, state: _Going, handler: Callable[[Any], Any]) -> None:
        around = self._surroundings(start, state, Guards(call_id="", invoke=_by(state.request, handler)))

        def perform(call: Call) -> Outcome:
            if (outcome := _first(call, state)) is not None:
                return outcome
            future, is_mine = self._claims.claim(state.turn, call_key(call.tool, call.args))
            if not is_mine:
                return _of(future.result())
            try:
                outcome = call_tool(call, around)
            except GraphBubbleUp:
                outcome = _ASKS
            except BaseException:
                _settle(future, None)
                raise
            _settle(future, _kept(call, outcome, state))
            return outcome

        try:
            result = drive(start.meta_tool, start.parameters, perform, limits=self._limits)
        except Exception:  # noqa: BLE001  # nobody asked for it: it may not break what somebody asked for
            _log.exception("%s could not be continued", start.meta_tool.name)
        else:
            self._note(start, result, state)

    async def _ago(self, start: Start, state: _Going, handler: Callable[[Any], Awaitable[Any]]) -> None:
        around = self._surroundings(start, state, Guards(call_id="", ainvoke=_by(state.request, handler)))

        async def perform(call: Call) -> Outcome:
            if (outcome := _first(call, state)) is not None:
                return outcome
            future, is_mine = self._claims.claim(state.turn, call_key(call.tool, call.args))
            if not is_mine:
                return _of(await asyncio.shield(asyncio.wrap_future(future)))
            try:
                outcome = await acall_tool(call, around)
            except GraphBubbleUp:
                outcome = _ASKS
            except BaseException:
                _settle(future, None)
                raise
            _settle(future, _kept(call, outcome, state))
            return outcome

        try:
            result = await adrive(start.meta_tool, start.parameters, perform, limits=self._limits)
        except Exception:  # noqa: BLE001  # nobody asked for it: it may not break what somebody asked for
            _log.exception("%s could not be continued", start.meta_tool.name)
        else:
            self._note(start, result, state)

    def _surroundings(self, start: Start, state: _Going, guards: Guards) -> Surroundings:
        return Surroundings(
            meta_tool=start.meta_tool.name,
            tools=self._tools,
            call_id=state.request.tool_call["id"],
            config=state.request.runtime.config,
            runtime=state.request.runtime,
            guards=guards,
        )

    def _note(self, start: Start, result: Result, state: _Going) -> None:
        """Keeps what was fetched in the order of the steps, not in that in which the answers came."""
        if len(result.done) > 1:
            self._usage[start.meta_tool.name, "continued"] += 1
        new = {call_key(done.call.tool, done.call.args): done for done in result.done}
        new = {key: done for key, done in new.items() if key in state.fetched and key not in state.shown}
        state.shown |= {key: state.fetched[key] for key in new}
        state.told += tell_steps(start.meta_tool, list(new.values()), shape=self._shape)

    def _with_fetched(self, reply: ToolMessage, state: _Going) -> ToolMessage:
        if not state.shown:
            return reply
        content = with_fetched(reply.content, state.told, characters=self._limits.output_chars)
        extra = {**reply.additional_kwargs, **fetched_data(list(state.shown.values()))}
        return reply.model_copy(update={"content": content, "additional_kwargs": extra})


_ASKS = Failed(error="asks a person; not run unasked")


def _by(request: Any, handler: Callable[[Any], Any]) -> Callable[..., Any]:
    """Makes inner calls through the rest of the agent's middleware."""
    return lambda tool_call, tool, _: handler(inner_request(request, tool_call, tool))


def _first(call: Call, state: _Going) -> Outcome | None:
    """The outcome of a call that need not be made: the anchor itself, and what the conversation holds."""
    if call.step == 1:
        return Succeeded(output=state.anchor.output)
    held = state.known.get(call_key(call.tool, call.args))
    return None if held is None else Succeeded(output=held.output)


def _kept(call: Call, outcome: Outcome, state: _Going) -> Held | None:
    if isinstance(outcome, Failed) or not isinstance(outcome.reply, ToolMessage):
        return None
    reply = outcome.reply
    held = Held(tool=call.tool, args=call.args, content=reply.content, artifact=reply.artifact, unasked=True)
    state.fetched[call_key(call.tool, call.args)] = held
    return held


def _of(held: Held | None) -> Outcome:
    return Failed(error="failed elsewhere") if held is None else Succeeded(output=held.output)


def _held(request: Any, reply: Any) -> Held | None:
    """What an answer says, if it is an answer to go on from."""
    if not isinstance(reply, ToolMessage) or reply.status == "error":
        return None
    call = request.tool_call
    return Held(tool=call["name"], args=call["args"], content=reply.content, artifact=reply.artifact)


def _settle(future: Any, held: Held | None) -> None:
    if not future.done():
        future.set_result(held)


def _key(request: Any) -> str:
    return call_key(request.tool_call["name"], request.tool_call["args"])


def _messages(request: Any) -> list[Any]:
    state = request.state
    return list(state.get("messages", ()) if isinstance(state, dict) else state)


def _turn(request: Any) -> str:
    """What the calls of one model call have in common."""
    last = next((each for each in reversed(_messages(request)) if isinstance(each, AIMessage)), None)
    calls = last.tool_calls if last else [request.tool_call]
    thread = request.runtime.config.get("configurable", {}).get("thread_id", "")
    return "|".join([str(thread), last.id or "" if last else "", *(call["id"] or "" for call in calls)])
