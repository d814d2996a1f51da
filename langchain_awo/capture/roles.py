"""Which model calls are the agent's, and which only help it: selectors of tools, guards, graders, summarisers, routers.

LangChain marks those that it makes itself. Others are told by the tools that ran because of them, by the tools they were offered and
by the node they ran in. The helpers get scopes of their own, as agents inside tools have: they end no routine of the agent.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from langchain_awo.capture.state import Recording, Seat

_HOOKS: Final = (".before_model", ".after_model", ".before_agent", ".after_agent")
"""How nodes end that `create_agent` makes of the hooks of a middleware."""


def find_helper_seats(recording: Recording) -> frozenset[Seat]:
    """Where model calls come from that are not the agent's."""
    called = {run.name for run in recording.tool_runs}
    places: dict[str, list[Seat]] = {}
    for seat in recording.seats.values():
        places.setdefault(seat.scope, []).append(seat)
    return frozenset(
        seat for seats in places.values() for seat in set(seats) - set(_select_agents(seats, called))
    )


def get_scope(seat: Seat, beside: Collection[Seat]) -> str:
    """The scope of calls that come from a seat."""
    return f"{seat.scope}>{seat.source or seat.node or 'beside'}" if seat in beside else seat.scope


def _select_agents(seats: Sequence[Seat], called: set[str]) -> Sequence[Seat]:
    """Of the seats of one scope those that most tells to be an agent's; one that is not marked if nothing does."""
    own = [seat for seat in seats if not seat.source]
    acting = [seat for seat in own if seat.ran or (seat.offered & called and not seat.structured)]
    equipped = [seat for seat in own if seat.offers and not seat.structured]
    main = [seat for seat in own if not seat.node.endswith(_HOOKS)]
    return acting or equipped or main or own
