"""Prefetch mode: while the model thinks, the reads that usually follow its last call are made in the background.

The model is shown nothing of it. When it asks for exactly one of them, the answer is there or on its way; whatever else it does
goes on as if nothing had been read. So no model call is saved, only the time that tools take::

    model | find_customer | model ............ | list_orders (0 ms) | model ...
                          | list_orders | get_shipment             |
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool
from langgraph.config import get_config
from langgraph.errors import GraphBubbleUp

from langchain_awo.model.ir.eager import select_eager_part
from langchain_awo.model.secrets.failures import describe_kind_and_place
from langchain_awo.model.stepping.outcome import (
    MAX_CALLS_AHEAD,
    Failed,
    OriginalCall,
    Outcome,
    Succeeded,
)
from langchain_awo.model.text.encoding import same
from langchain_awo.model.trace.call_key import call_key
from langchain_awo.model.trace.handback import split_fetched
from langchain_awo.runtime.approval.guarding import Arrival, Arrived, Chain, build_inner_request
from langchain_awo.runtime.continuing.held import Held
from langchain_awo.runtime.continuing.readings import get_kept
from langchain_awo.runtime.continuing.start import Start, start_of
from langchain_awo.runtime.executor.drivers import adrive, drive
from langchain_awo.runtime.inner.calling import (
    BoundTool,
    Guards,
    Surroundings,
    acall_tool,
    call_tool,
    read_reply,
)
from langchain_awo.runtime.inner.injection import find_injected
from langchain_awo.runtime.inner.waiting import Wait, Waiting, await_call, await_future, block_on, wait_for
from langchain_awo.runtime.journal.identity import list_asked_calls, list_messages
from langchain_awo.runtime.outcome import Limits
from langchain_awo.runtime.prefetch.flights import Flight, Flights, is_resumed
from langchain_awo.runtime.tool.installing import Installed
from langchain_awo.runtime.use_counter import UseCounter

_log = logging.getLogger(__name__)


PREFETCH_LIMITS: Final = Limits(calls=MAX_CALLS_AHEAD, concurrency=4)
"""Bounds of what is read ahead: calls in one turn of the model, and calls at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trip:
    """What is read ahead after one call of the model.

    Attributes:
        anchor: the call, as it was answered.
        since: the moment it was answered at.
        asked: all calls that the model asked for together with it; these are being made.
    """

    request: Any
    start: Start
    anchor: Held
    since: int
    asked: frozenset[str]
    flights: Flights

    def known(self, call: OriginalCall) -> Outcome | None:
        """The outcome of a call that need not or must not be made."""
        if call.step == 1:
            return Succeeded(output=self.anchor.output)
        key = call_key(call.tool, call.args)
        if (held := self.flights.readings.known().get(key)) is not None:
            return Succeeded(output=held.output)
        return _ASKED if key in self.asked else None

    def flight(self, call: OriginalCall) -> tuple[Flight | None, bool]:
        """The flight of a call, and whether it is to be made."""
        key = call_key(call.tool, call.args)
        return self.flights.start(self.start.meta_tool.name, key, self.since)

    def landed(
        self, flight: Flight, call: OriginalCall, outcome: Outcome, arrival: Arrival | None
    ) -> Outcome:
        """What to go on from once a call was made; what the model may be answered is what arrived for these very arguments."""
        is_good = isinstance(outcome, Succeeded) and arrival is not None and same(arrival.args, call.args)
        reply = arrival.reply if is_good and arrival else None
        flight.land(reply if isinstance(reply, ToolMessage) else None)
        return outcome if self.flights.is_good(flight) else _OVER


class Prefetcher:
    """Reads ahead after the calls that routines begin with, and answers calls of the model from it."""

    def __init__(self, installed: Installed, *, limits: Limits, usage: UseCounter) -> None:
        tools = installed.toolkit.tools
        informed = {tool.name for tool in tools if _is_told_of_the_run(tool)}
        forbidden = installed.unfit_unasked | informed
        parts = (select_eager_part(meta_tool, forbidden) for meta_tool in installed.meta_tools("prefetch"))
        self._parts = [part for part in parts if part is not None]
        self._tools = {tool.name: BoundTool(tool=tool) for tool in tools}
        meta_tools = {meta_tool.name: meta_tool.effect for meta_tool in installed.toolkit.meta_tools}
        self._effects = {**installed.effects, **meta_tools}
        self._limits = limits
        self._new_flights = partial(Flights, limits=limits, usage=usage)

    def call(self, request: Any, make: Callable[[], Any], chain: Chain) -> Any:
        """Answers a call of an original tool from what was read ahead, or makes it, and reads ahead from there.

        Args:
            request: the call.
            make: makes the call as it would be made without this.
            chain: makes the handler of calls that are read ahead.
        """
        return block_on(self._calling(request, make, partial(self._start_thread, chain)))

    async def acall(self, request: Any, make: Callable[[], Awaitable[Any]], chain: Chain) -> Any:
        """Async form of `call`."""
        return await wait_for(self._calling(request, make, partial(self._start_task, chain)))

    def _calling(self, request: Any, make: Callable[[], Any], start: Callable[[_Trip], None]) -> Waiting[Any]:
        flights = self._flights(request)
        if flights is None or not self._is_quiet(request):
            with self.around(request):
                return (yield await_call(make))
        since = flights.readings.moment
        with _dropping_on_failure(flights):
            flight = flights.take(_derive_key(request))
            reply = (
                _serve_flight(request, flight, (yield await_future(flight.reply)), flights)
                if flight
                else None
            )
            reply = (yield await_call(make)) if reply is None else reply
        for trip in self._trips(request, reply, flights, since):
            start(trip)
        return reply

    def _start_thread(self, chain: Chain, trip: _Trip) -> None:
        fly = partial(copy_context().run, block_on, self._flying(trip, chain))
        threading.Thread(target=fly, daemon=True, name="awo-prefetch").start()

    def _start_task(self, chain: Chain, trip: _Trip) -> None:
        task = asyncio.get_running_loop().create_task(wait_for(self._flying(trip, chain)))
        trip.flights.follow(task)

    def around(self, request: Any) -> AbstractContextManager[None]:
        """The context of any call: nothing that was read ahead outlives one that may change something."""
        flights = self._flights(request)
        return nullcontext() if flights is None or self._reads(request.tool_call) else flights.change()

    @contextmanager
    def ending_on_failure(self, runtime: Any) -> Iterator[None]:
        """Around a call of the model: where it fails or is cancelled, nobody will ask for what was read ahead."""
        try:
            yield
        except BaseException:
            self.end(runtime)
            raise

    def end(self, runtime: Any) -> None:
        """Ends the run of an agent, from one of its nodes: cancels and counts what nobody asked for."""
        flights = get_kept(runtime, get_config(), self, self._new_flights) if self._parts else None
        if flights is not None:
            flights.end()

    def _flights(self, request: Any) -> Flights | None:
        if not self._parts:
            return None
        flights = get_kept(request.runtime, request.runtime.config, self, self._new_flights)
        if flights is not None:
            flights.turn_to(list_messages(request))
        return flights

    def _reads(self, call: Any) -> bool:
        """Whether a call changes nothing, as far as anybody knows."""
        effect = self._effects.get(call["name"])
        return effect is not None and effect.is_read

    def _is_quiet(self, request: Any) -> bool:
        """Whether nothing that the model asked for at once may change anything."""
        return all(map(self._reads, [request.tool_call, *list_asked_calls(request)]))

    def _trips(self, request: Any, reply: Any, flights: Flights, since: int | None) -> list[_Trip]:
        anchor = _hold_anchor(request, reply)
        if anchor is None or since is None:
            return []
        flights.readings.keep(anchor, since)
        if is_resumed(request.runtime.config):
            return []
        starts = (start_of(part, anchor.tool, anchor.args) for part in self._parts)
        asked = frozenset(call_key(call["name"], call["args"]) for call in list_asked_calls(request))
        shared = {"request": request, "anchor": anchor, "since": since, "asked": asked, "flights": flights}
        return [_Trip(start=start, **shared) for start in starts if start is not None]

    def _flying(self, trip: _Trip, chain: Chain) -> Waiting[None]:
        arrived: Arrived = {}
        around = self._surroundings(trip, chain(arrived))

        def perform(call: OriginalCall) -> Outcome:
            return block_on(_perform_in_flight(call, trip, around, arrived))

        async def aperform(call: OriginalCall) -> Outcome:
            return await wait_for(_perform_in_flight(call, trip, around, arrived))

        meta_tool, parameters, limits = trip.start.meta_tool, trip.start.parameters, self._limits
        try:
            yield Wait(
                lambda: drive(meta_tool, parameters, perform, limits=limits),
                lambda: adrive(meta_tool, parameters, aperform, limits=limits),
            )
        except Exception as error:  # noqa: BLE001  # nobody asked for it: it may not break what somebody asked for
            _log.error(  # what the error says may be a secret
                "what %s reads ahead could not be read: %s", meta_tool.name, describe_kind_and_place(error)
            )

    def _surroundings(self, trip: _Trip, handler: Callable[[Any], Any]) -> Surroundings:
        request = trip.request
        by_middleware = _build_inner_handler(request, handler)
        return Surroundings(
            meta_tool=trip.start.meta_tool.name,
            tools=self._tools,
            call_id=request.tool_call["id"],
            config=request.runtime.config,
            runtime=request.runtime,
            guards=Guards(call_id="", invoke=by_middleware, ainvoke=by_middleware),
            marks={"awo_prefetched": True},
        )


_ASKS: Final = Failed(error="needs approval; not prefetched")
_ASKED: Final = Failed(error="the model requested it at the same time")
_OVER: Final = Failed(error="discarded: the budget is used up, or something may have changed")


def _perform_in_flight(
    call: OriginalCall, trip: _Trip, around: Surroundings, arrived: Arrived
) -> Waiting[Outcome]:
    if (earlier := trip.known(call)) is not None:
        return earlier
    yield trip.flights.enter
    try:
        flight, is_mine = trip.flight(call)
        if flight is None:
            return _OVER
        if is_mine:
            try:
                outcome = yield Wait(lambda: call_tool(call, around), lambda: acall_tool(call, around))
                return trip.landed(flight, call, outcome, arrived.get(around.inner_id(call)))
            except GraphBubbleUp:
                return _ASKS
            finally:
                flight.land(None)  # unless it landed well
        return _to_outcome((yield await_future(flight.reply)))
    finally:
        yield trip.flights.leave


def _is_told_of_the_run(tool: BaseTool) -> bool:
    """Whether a tool sees the messages, its own call or the like: it would not answer later as it did ahead."""
    injected = find_injected(tool)
    return bool(injected.names.difference(injected.store, injected.handed_on))


@contextmanager
def _dropping_on_failure(flights: Flights) -> Iterator[None]:
    """A call that raises ends the run, unless middleware before ours tries it again."""
    try:
        yield
    except BaseException:
        flights.drop()
        raise


def _serve_flight(
    request: Any, flight: Flight, read: ToolMessage | None, flights: Flights
) -> ToolMessage | None:
    """The answer to the call that a flight was made for, as the tool itself would give it now; `None` where it failed."""
    if read is None or not flights.is_good(flight):
        flights.waste(flight)
        return None
    call = request.tool_call
    flights.count(call["name"], "served")
    return read.model_copy(update={"tool_call_id": call["id"], "name": call["name"], "id": None})


def _hold_anchor(request: Any, reply: Any) -> Held | None:
    """What an answer says, if it is one to go on from; without what another mode put below it."""
    if not isinstance(reply, ToolMessage) or reply.status == "error":
        return None
    call = request.tool_call
    content, _ = split_fetched(reply.content)
    return Held(tool=call["name"], args=call["args"], content=content, artifact=reply.artifact)


def _build_inner_handler(request: Any, handler: Callable[[Any], Any]) -> Callable[..., Any]:
    """Makes inner calls through the rest of the agent's middleware."""
    return lambda tool_call, tool, _: handler(build_inner_request(request, tool_call, tool))


def _to_outcome(reply: ToolMessage | None) -> Outcome:
    return Failed(error="failed elsewhere") if reply is None else read_reply(reply)


def _derive_key(request: Any) -> str:
    return call_key(request.tool_call["name"], request.tool_call["args"])
