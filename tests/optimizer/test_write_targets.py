"""Whom a write is for, and what came before it: never a position in a list, and never past another write."""

from __future__ import annotations

import json
import random

import pytest

from langchain_awo.model.ir.binding import Argument, Constant, Output, Parameter
from langchain_awo.model.ir.metatool import Step
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.trace.trace import Message, ModelCallRecord, ToolCallRecord, Trace
from langchain_awo.optimizer.mining.forms import is_positional
from langchain_awo.optimizer.pipeline import Options, compile_plan

GUARDED = Options(writes="guarded")


def run(number, *rounds):
    """A run in which each round is one model call that asks for its calls `(tool, args, output)` side by side."""
    calls = [(turn, *call) for turn, each in enumerate(rounds) for call in each]
    return Trace(
        trace_id=f"run {number}",
        task_id=f"task {number}",
        messages=(Message(role="user", text=said(rounds), before=0),),
        model_calls=tuple(ModelCallRecord(model="m") for _ in range(len(rounds) + 1)),
        tool_calls=tuple(
            ToolCallRecord(
                call_id=f"{number}-{place}", name=name, args=args, output=json.dumps(output), model_call=turn
            )
            for place, (turn, name, args, output) in enumerate(calls)
        ),
    )


def said(rounds):
    return " ".join(str(value) for _, args, _ in rounds[0] for value in args.values())


def writes_of(traces):
    plan = compile_plan(traces, options=GUARDED)
    return [step for each in plan.meta_tools for step in each.steps if not step.effect.is_read]


def moved(number, *, side_by_side):
    order = f"O-{number * 7919:06}"
    lock = ("lock_order", {"order_id": order}, "locked")
    update = ("update_address", {"order_id": order}, "moved")
    found = ("find_order", {"email": f"p{number}@x.test"}, {"order_id": order})
    return run(number, [found], *([[lock, update]] if side_by_side else [[lock], [update]]))


@pytest.mark.parametrize("side_by_side", [False, True])
def test_a_write_that_always_came_before_another_is_never_left_out(side_by_side):
    plan = compile_plan([moved(number, side_by_side=side_by_side) for number in range(30)], options=GUARDED)
    routines = [*(each.tools for each in plan.meta_tools), *(each.routine for each in plan.refused)]
    assert ("find_order", "lock_order") in [tuple(routine[:2]) for routine in routines]
    for routine in routines:
        assert "update_address" not in routine or "lock_order" in routine[: routine.index("update_address")]


def booked(number):
    chance = random.Random(number)  # noqa: S311  # made up
    hotels = [{"hotel_id": f"H-{chance.randrange(10**9):09}"} for _ in range(3)]
    first = hotels[0]["hotel_id"]
    return run(
        number,
        [("find_hotels", {"city": f"City {number}"}, {"hotels": hotels})],
        [("get_hotel", {"hotel_id": first}, {"id": first, "stars": 3})],
        [("book_hotel", {"hotel_id": first}, "booked")],
    )


def test_what_stands_first_in_a_list_is_no_target_also_where_it_was_looked_up_first():
    traces = [booked(number) for number in range(30)]
    found = writes_of(traces)
    anchors = {each.name: each.steps[0].tool for each in compile_plan(traces, options=GUARDED).meta_tools}
    assert all(not isinstance(step.args["hotel_id"], Output) for step in found), anchors


FIRST_HOTEL = (
    Step(tool="find_hotels", effect=Effect.READ, args={"city": Parameter(name="city")}),
    Step(tool="get_hotel", effect=Effect.READ, args={"hotel_id": Output(step=1, path="/hotels/0/hotel_id")}),
    Step(tool="get_rooms", effect=Effect.READ, args={"hotel": Output(step=2, path="/id")}),
)


@pytest.mark.parametrize(
    ("binding", "positional"),
    [
        (Output(step=1, path="/hotels/0/hotel_id"), True),
        (Output(step=2, path="/id"), True),
        (Argument(step=3, path="/hotel"), True),
        (Argument(step=1, path="/city"), False),
        (Constant(value="0"), False),
    ],
)
def test_a_position_is_seen_through_earlier_steps(binding, positional):
    assert is_positional(binding, FIRST_HOTEL) is positional
