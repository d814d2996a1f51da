"""Calls of original tools under the middleware: served from what is known, and continued."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from langchain_core.messages import ToolMessage
from langgraph.errors import GraphBubbleUp

from langchain_awo.model.ir.eager import select_eager_part
from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.ir.telling import tell_steps
from langchain_awo.model.secrets.failures import describe_kind_and_place
from langchain_awo.model.stepping.outcome import Failed, OriginalCall, Outcome, Result, Succeeded
from langchain_awo.model.text.encoding import same
from langchain_awo.model.trace.call_key import call_key
from langchain_awo.model.trace.handback import Entry, HandBack
from langchain_awo.runtime.answer.render_steps import build_told_calls
from langchain_awo.runtime.approval.guarding import Arrival, Arrived, Chain, build_inner_request
from langchain_awo.runtime.continuing.held import Held
from langchain_awo.runtime.continuing.readings import Readings, get_readings
from langchain_awo.runtime.continuing.start import Start, start_of, with_fetched
from langchain_awo.runtime.executor.drivers import adrive, drive
from langchain_awo.runtime.inner.calling import BoundTool, Guards, Surroundings, acall_tool, call_tool
from langchain_awo.runtime.inner.waiting import Wait, Waiting, await_call, await_future, block_on, wait_for
from langchain_awo.runtime.journal.identity import list_asked_calls, list_messages
from langchain_awo.runtime.outcome import Limits
from langchain_awo.runtime.tool.installing import Installed
from langchain_awo.runtime.use_counter import UseCounter

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Going:
    """What continues one anchor call.

    Attributes:
        chain: makes the handler of what is fetched.
        known: what this agent has read and is still true, by call.
        fetched: what was made here, by call, as the answers came.
        shown: the same in the order of the steps.
        told: the same as the model is told it.
    """

    request: Any
    anchor: Held
    readings: Readings
    chain: Chain
    known: dict[str, Held]
    fetched: dict[str, Held] = field(default_factory=dict)
    shown: dict[str, Held] = field(default_factory=dict)
    told: list[Entry] = field(default_factory=list)


class Continuer:
    """Runs the eager rest of routines after the calls they begin with."""

    def __init__(self, installed: Installed, *, limits: Limits, usage: UseCounter) -> None:
        forbidden = installed.unfit_unasked
        parts = (select_eager_part(meta_tool, forbidden) for meta_tool in installed.meta_tools("continue"))
        self._parts: list[MetaTool] = [part for part in parts if part is not None]
        self._tools = {tool.name: BoundTool(tool=tool) for tool in installed.toolkit.tools}
        meta_tools = {meta_tool.name: meta_tool.effect for meta_tool in installed.toolkit.meta_tools}
        self._effects = {**installed.effects, **meta_tools}
        self._limits = limits
        self._shape = limits.shape and installed.toolkit.limits.shape
        self._usage = usage

    def call(self, request: Any, handler: Callable[[Any], Any], chain: Chain) -> Any:
        """Makes a call of an original tool, or serves it, and goes on from it.

        Args:
            request: the call.
            handler: makes it; the model's own call has passed the middleware before ours.
            chain: makes the handler of calls that have not.
        """
        return block_on(self._calling(request, handler, chain))

    async def acall(self, request: Any, handler: Callable[[Any], Awaitable[Any]], chain: Chain) -> Any:
        """Async form of `call`."""
        return await wait_for(self._calling(request, handler, chain))

    def run(self, request: Any, handler: Callable[[Any], Any], arrived: Arrived) -> Any:
        """Runs a meta-tool, and takes notice of what it read or may have changed.

        Args:
            request: the call of the meta-tool.
            handler: makes it.
            arrived: its inner calls, once it has run.
        """
        return block_on(self._running(request, handler, arrived))

    async def arun(self, request: Any, handler: Callable[[Any], Awaitable[Any]], arrived: Arrived) -> Any:
        """Async form of `run`."""
        return await wait_for(self._running(request, handler, arrived))

    def _calling(self, request: Any, handler: Callable[[Any], Any], chain: Chain) -> Waiting[Any]:
        if not self._parts:
            return (yield await_call(handler, request))
        readings = self._readings(request)
        if not self._reads(request.tool_call):
            with readings.change():
                return (yield await_call(handler, request))
        if self._is_beside_a_change(request):
            return (yield await_call(handler, request))
        answers, since = readings.known(), readings.moment
        if served := self._served(request, answers, readings):
            return served
        future, is_mine = readings.claim(_derive_key(request))
        if not is_mine and (answer := (yield await_future(future))):
            return self._serve(request, answer)
        try:
            reply = yield await_call(handler, request)
        except BaseException:
            _settle(future, None)
            raise
        _settle(future, anchor := _hold_reply(request, reply))
        if anchor is None:
            return reply
        readings.keep(anchor, since)
        state = _Going(request, anchor, readings, chain, answers)
        for start in self._starts(request):
            yield from self._continuing(start, state)
        return self._with_fetched(reply, state)

    def _running(self, request: Any, handler: Callable[[Any], Any], arrived: Arrived) -> Waiting[Any]:
        if not self._parts:
            return (yield await_call(handler, request))
        readings = self._readings(request)
        if not self._reads(request.tool_call):
            with readings.change():
                return (yield await_call(handler, request))
        since = readings.moment
        reply = yield await_call(handler, request)
        _keep_inner_calls(reply, arrived, readings, since)
        return reply

    def _readings(self, request: Any) -> Readings:
        readings = get_readings(request, self)
        readings.turn_to(list_messages(request))
        return readings

    def _reads(self, call: Any) -> bool:
        """Whether a call changes nothing, as far as anybody knows."""
        effect = self._effects.get(call["name"])
        return effect is not None and effect.is_read

    def _is_beside_a_change(self, request: Any) -> bool:
        """Whether the model asked for something that may change what is read, at the same time: nobody knows which comes first."""
        return not all(self._reads(call) for call in list_asked_calls(request))

    def _starts(self, request: Any) -> list[Start]:
        call = request.tool_call
        starts = (start_of(part, call["name"], call["args"]) for part in self._parts)
        return [start for start in starts if start is not None]

    def _served(self, request: Any, answers: dict[str, Held], readings: Readings) -> ToolMessage | None:
        """The answer to a call that was fetched already; a call the model itself made before is made again."""
        held = answers.get(_derive_key(request))
        if held is None or not held.unasked:
            return None
        readings.keep(replace(held, unasked=False), readings.moment)
        return self._serve(request, held)

    def _serve(self, request: Any, held: Held) -> ToolMessage:
        call = request.tool_call
        self._usage.count(call["name"], "served")
        return ToolMessage(held.content, artifact=held.artifact, name=call["name"], tool_call_id=call["id"])

    def _continuing(self, start: Start, state: _Going) -> Waiting[None]:
        arrived: Arrived = {}
        around = self._surroundings(start, state, arrived)

        def perform(call: OriginalCall) -> Outcome:
            return block_on(_perform_once(call, state, around, arrived))

        async def aperform(call: OriginalCall) -> Outcome:
            return await wait_for(_perform_once(call, state, around, arrived))

        meta_tool, parameters, limits = start.meta_tool, start.parameters, self._limits
        try:
            result = yield Wait(
                lambda: drive(meta_tool, parameters, perform, limits=limits),
                lambda: adrive(meta_tool, parameters, aperform, limits=limits),
            )
        except Exception as error:  # noqa: BLE001  # nobody asked for it: it may not break what somebody asked for
            _log.error(  # what the error says may be a secret
                "%s could not be continued: %s", meta_tool.name, describe_kind_and_place(error)
            )
        else:
            self._note(start, result, state)

    def _surroundings(self, start: Start, state: _Going, arrived: Arrived) -> Surroundings:
        by_middleware = _build_inner_handler(state.request, state.chain(arrived))
        return Surroundings(
            meta_tool=start.meta_tool.name,
            tools=self._tools,
            call_id=state.request.tool_call["id"],
            config=state.request.runtime.config,
            runtime=state.request.runtime,
            guards=Guards(call_id="", invoke=by_middleware, ainvoke=by_middleware),
        )

    def _note(self, start: Start, result: Result, state: _Going) -> None:
        """Keeps what was fetched in the order of the steps, not in that in which the answers came."""
        if len(result.done) > 1:
            self._usage.count(start.meta_tool.name, "continued")
        new = {call_key(done.call.tool, done.call.args): done for done in result.done}
        new = {key: done for key, done in new.items() if key in state.fetched and key not in state.shown}
        state.shown |= {key: state.fetched[key] for key in new}
        state.told += tell_steps(start.meta_tool, build_told_calls(new.values()), shape=self._shape)

    def _with_fetched(self, reply: ToolMessage, state: _Going) -> ToolMessage:
        if not state.shown:
            return reply
        content = with_fetched(reply.content, state.told, characters=self._limits.output_chars)
        return reply.model_copy(update={"content": content})


_ASKS = Failed(error="needs approval; not run unasked")


def _build_inner_handler(request: Any, handler: Callable[[Any], Any]) -> Callable[..., Any]:
    """Makes inner calls through the rest of the agent's middleware."""
    return lambda tool_call, tool, _: handler(build_inner_request(request, tool_call, tool))


def _perform_once(
    call: OriginalCall, state: _Going, around: Surroundings, arrived: Arrived
) -> Waiting[Outcome]:
    if (outcome := _find_known_outcome(call, state)) is not None:
        return outcome
    future, is_mine = state.readings.claim(call_key(call.tool, call.args))
    if not is_mine:
        return _to_outcome((yield await_future(future)))
    since = state.readings.moment
    try:
        outcome = yield Wait(lambda: call_tool(call, around), lambda: acall_tool(call, around))
    except GraphBubbleUp:
        outcome = _ASKS
    except BaseException:
        _settle(future, None)
        raise
    _settle(future, _keep_reading(call, outcome, arrived.get(around.inner_id(call)), state, since))
    return outcome


def _find_known_outcome(call: OriginalCall, state: _Going) -> Outcome | None:
    """The outcome of a call that need not be made: the anchor itself, and what was read already."""
    if call.step == 1:
        return Succeeded(output=state.anchor.output)
    held = state.known.get(call_key(call.tool, call.args))
    return None if held is None else Succeeded(output=held.output)


def _keep_reading(
    call: OriginalCall, outcome: Outcome, arrival: Arrival | None, state: _Going, since: int | None
) -> Held | None:
    if isinstance(outcome, Failed) or not isinstance(outcome.reply, ToolMessage):
        return None
    held = _hold(call.tool, call.args, outcome.reply)
    state.fetched[call_key(call.tool, call.args)] = held
    if arrival is None or not isinstance(arrival.reply, ToolMessage):
        return None  # whoever stands before ours answered
    own = _hold(call.tool, arrival.args, arrival.reply)
    state.readings.keep(own, since)
    return own if same(arrival.args, call.args) else None


def _keep_inner_calls(reply: Any, arrived: Arrived, readings: Readings, since: int | None) -> None:
    """Keeps what a meta-tool read, as it arrived at our place: the model's own calls are answered from there."""
    kept = reply.artifact if isinstance(reply, ToolMessage) else None
    if not (isinstance(kept, dict) and "meta_tool" in kept and (hand_back := HandBack.read(kept))):
        return
    for done, message in zip(hand_back.calls, kept["messages"], strict=True):
        arrival = arrived.get(message.tool_call_id) if isinstance(message, ToolMessage) else None
        if arrival is not None and isinstance(arrival.reply, ToolMessage):
            readings.keep(_hold(done.tool, arrival.args, arrival.reply), since)


def _hold(tool: str, args: dict[str, Any], reply: ToolMessage) -> Held:
    return Held(tool=tool, args=args, content=reply.content, artifact=reply.artifact, unasked=True)


def _to_outcome(held: Held | None) -> Outcome:
    return Failed(error="failed elsewhere") if held is None else Succeeded(output=held.output)


def _hold_reply(request: Any, reply: Any) -> Held | None:
    """What an answer says, if it is an answer to go on from."""
    if not isinstance(reply, ToolMessage) or reply.status == "error":
        return None
    call = request.tool_call
    return Held(tool=call["name"], args=call["args"], content=reply.content, artifact=reply.artifact)


def _settle(future: Any, held: Held | None) -> None:
    if not future.done():
        future.set_result(held)


def _derive_key(request: Any) -> str:
    return call_key(request.tool_call["name"], request.tool_call["args"])
