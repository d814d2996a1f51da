"""The stepping core, driven by hand."""

from dataclasses import replace
from typing import Any

import pytest

from langchain_awo.model.ir.binding import Constant, Item, ListOf, Output, Parameter
from langchain_awo.model.ir.metatool import Filter, Guard, Map, MetaTool, Step
from langchain_awo.model.stepping.execution import execute
from langchain_awo.model.stepping.outcome import MAX_CALLS, Failed, Result, Succeeded
from tests.runtime.desk import FIND, NOTE, ORDERS, REFUND, routine, step

USER = {"id": 7, "orders": ["A", "B", "A"]}


def run(meta_tool: MetaTool, outputs: dict[str, Any], **parameters: Any) -> tuple[list[list[str]], Result]:
    """Drives the core with fixed outputs by tool, or by tool and first argument; returns groups and result."""
    stepping = execute(meta_tool, parameters, budget=parameters.pop("budget", MAX_CALLS))
    groups, outcomes = [], None
    try:
        while True:
            group = next(stepping) if outcomes is None else stepping.send(outcomes)
            groups.append([f"{call.tool} {next(iter(call.args.values()), '')}" for call in group])
            found = [outputs.get(groups[-1][at], outputs.get(call.tool)) for at, call in enumerate(group)]
            outcomes = [
                Failed(error=str(each)) if isinstance(each, Exception) else Succeeded(output=each)
                for each in found
            ]
    except StopIteration as end:
        return groups, end.value


def test_a_mapped_step_makes_one_call_for_each_distinct_item_in_order() -> None:
    groups, result = run(routine("m", FIND, ORDERS), {"find_user": USER, "get_order": {}}, email="a@b")
    assert groups == [["find_user a@b"], ["get_order A", "get_order B"]]
    assert result.stop is None


def test_the_output_of_a_mapped_step_is_the_list_of_its_outputs() -> None:
    meta_tool = routine("m", FIND, ORDERS, REFUND)
    outputs = {"find_user": USER, "get_order A": {"id": "X"}, "get_order B": {"id": "Y"}, "refund": "ok"}
    groups, _ = run(meta_tool, outputs, email="a@b")
    assert groups[-1] == ["refund X"]


def test_reads_that_do_not_depend_on_each_other_are_ready_together() -> None:
    other = step("get_order", args={"order_id": Constant(value="Z")})
    groups, _ = run(routine("m", FIND, other), {"find_user": USER, "get_order": {}}, email="a@b")
    assert groups == [["find_user a@b", "get_order Z"]]


def test_a_write_waits_for_every_earlier_step_and_nothing_goes_past_it() -> None:
    late = step("get_order", args={"order_id": Constant(value="Z")})
    meta_tool = routine("m", FIND, NOTE, late)
    groups, _ = run(meta_tool, {"find_user": USER, "note": "ok", "get_order": {}}, email="a@b")
    assert groups == [["find_user a@b"], ["note 7"], ["get_order Z"]]


def test_writes_of_a_mapped_step_are_made_one_by_one_and_stop_at_a_failure() -> None:
    each = step("refund", args={"order_id": Item()}, over=Map(source=Output(step=1, path="/orders/*")))
    user = {"orders": ["A", "B", "C"]}
    outputs = {"find_user": user, "refund A": "ok", "refund B": ValueError("no")}
    groups, result = run(routine("m", FIND, each), outputs, email="a@b")
    assert groups == [["find_user a@b"], ["refund A"], ["refund B"]]
    assert [done.call.args for done in result.done][1:] == [{"order_id": "A"}]
    assert result.stop
    assert result.stop.args == {"order_id": "B"}


def test_a_failure_leaves_the_steps_after_it_with_what_is_known_of_their_arguments() -> None:
    outputs = {"find_user": USER, "get_order": RuntimeError("down")}
    _, result = run(routine("m", FIND, ORDERS, REFUND), outputs, email="a@b")
    assert result.stop
    assert (result.stop.kind, result.stop.step, result.stop.reason) == ("failed", 2, "down")
    left = [(left.step, left.args) for left in result.remaining]
    assert left == [(2, {"order_id": "B"}), (3, {"reason": "late"})]  # the other order was not read either


def test_an_optional_argument_that_resolves_to_nothing_is_left_out() -> None:
    args = {"order_id": Output(step=1, path="/orders/0"), "reason": Output(step=1, path="/nowhere")}
    meta_tool = routine("m", FIND, step("refund", args=args, optional=("reason",)))
    groups, result = run(meta_tool, {"find_user": USER, "refund": "ok"}, email="a@b")
    assert result.done[-1].call.args == {"order_id": "A"}
    assert groups[-1] == ["refund A"]


def test_a_required_argument_that_resolves_to_nothing_stops_before_the_step() -> None:
    groups, result = run(routine("m", FIND, NOTE), {"find_user": {}}, email="a@b")
    assert groups == [["find_user a@b"]]
    assert result.stop
    assert result.stop.kind == "unresolved"
    assert "#1/id" in result.stop.reason


def test_a_missing_list_stops_a_map_and_an_empty_one_runs_nothing() -> None:
    items = step("get_order", args={"order_id": Item()}, over=Map(source=Output(step=1, path="/orders")))
    _, missing = run(routine("m", FIND, items), {"find_user": {}}, email="a@b")
    _, empty = run(routine("m", FIND, items), {"find_user": {"orders": []}}, email="a@b")
    assert missing.stop
    assert missing.stop.kind == "unresolved"
    assert empty.stop is None
    assert len(empty.done) == 1


def test_a_read_is_not_made_for_a_null_and_what_depends_on_it_is_left_out() -> None:
    """An order without a shipment has no shipment to get; where there always was one, nothing is written."""
    shipment = step("get_order", args={"order_id": Output(step=1, path="/shipment")})
    further = step("get_order", args={"order_id": Output(step=2, path="/id")})
    refund = step("refund", args={"order_id": Output(step=1, path="/id")})
    found = {"find_user": {"shipment": None, "id": 7}, "refund": {}}
    groups, result = run(routine("m", FIND, shipment, further, refund), found, email="a@b")
    assert groups == [["find_user a@b"], ["refund 7"]]
    assert result.notes == (
        "get_order was not called: there is nothing to call it for",
        "get_order was not called: it needs step 2 (get_order), which was skipped",
    )
    always = replace(shipment, never_empty=True)
    groups, result = run(routine("m", FIND, always, refund), found, email="a@b")
    assert groups == [["find_user a@b"]]
    assert result.stop
    assert result.stop.kind == "suspicious"


def test_a_write_is_not_made_for_a_null_but_stops_the_routine() -> None:
    refund = step("refund", args={"order_id": Output(step=1, path="/last")})
    groups, result = run(routine("m", FIND, refund), {"find_user": {"last": None}}, email="a@b")
    assert groups == [["find_user a@b"]]
    assert result.stop
    assert (result.stop.kind, result.stop.reason) == (
        "guard",
        "refund was not called: #1/last is null, so there is nothing to call it with",
    )
    groups, _ = run(
        routine("m", FIND, replace(refund, optional=("order_id",))),
        {"find_user": {"last": None}, "refund": {}},
        email="a@b",
    )
    assert groups[1] == ["refund None"]


def test_items_beyond_the_limit_are_not_looked_at() -> None:
    """A list that somebody made very long costs no more than the limit."""
    args = {"order_id": Item(path="/id"), "of": Item(path="/of")}
    over = Map(source=Constant(value=[{"id": 1, "of": 1}, {"id": 2, "of": 2}, {"id": 3}]), limit=1)
    groups, result = run(routine("m", step("get_order", args=args, over=over)), {"get_order": {}})
    assert groups == [["get_order 1"]]
    assert result.notes == ("get_order was called for the first 1 of 3 items; the limit is 1",)


def test_what_is_told_of_a_limit_is_what_was_made() -> None:
    """A budget that is used up, or a call that fails, leaves fewer than the limit."""
    over = Map(source=Constant(value=["A", "B", "C", "D"]), limit=3)
    each = routine("m", step("get_order", args={"order_id": Item()}, over=over))
    _, no_budget = run(each, {"get_order": {}}, budget=2)
    assert no_budget.notes == ()
    assert no_budget.stop
    assert no_budget.stop.kind == "budget"
    _, failed = run(each, {"get_order": RuntimeError("down"), "get_order A": {}})
    assert failed.notes == ("get_order was called for the first 1 of 4 items; the limit is 3",)
    _, nothing = run(each, {"get_order": RuntimeError("down")})
    assert nothing.notes == ("get_order was called for none of 4 items; the limit is 3",)


def test_a_filter_keeps_the_items_it_names() -> None:
    over = Map(source=Output(step=1, path="/orders/*"), filter=Filter(path="/state", values=("open", True)))
    meta_tool = routine("m", FIND, step("get_order", args={"order_id": Item(path="/id")}, over=over))
    orders = [{"id": 1, "state": "open"}, {"id": 2, "state": 1}, {"id": 3, "state": True}, {"id": 4}]
    groups, _ = run(meta_tool, {"find_user": {"orders": orders}, "get_order": {}}, email="a@b")
    assert groups[1] == ["get_order 1", "get_order 3"]


NAMED = Map(
    source=Output(step=1, path="/orders/*"), filter=Filter(path="/title", named=Parameter(name="title"))
)
TITLED = {"orders": [{"id": 1, "title": "Desk"}, {"id": 2, "title": "Lamp"}, {"id": 3}]}


def test_only_the_item_that_the_caller_names_is_read_whatever_its_case() -> None:
    meta_tool = routine("m", FIND, step("get_order", args={"order_id": Item(path="/id")}, over=NAMED))
    groups, result = run(meta_tool, {"find_user": TITLED, "get_order": {}}, email="a@b", title=" lamp")
    assert groups[1] == ["get_order 2"]
    assert result.notes == ()


KEYED = Map(
    source=Output(step=1, path="/kinds/*entries"), filter=Filter(path="/key", named=Parameter(name="title"))
)


def test_what_stands_under_the_key_that_the_caller_names_is_read() -> None:
    meta_tool = routine("m", FIND, step("get_order", args={"order_id": Item(path="/value/id")}, over=KEYED))
    kinds = {"kinds": {"Desk": {"id": 1}, "Lamp": {"id": 2}, "Sofa": {}}}
    groups, _ = run(meta_tool, {"find_user": kinds, "get_order": {}}, email="a@b", title="lamp")
    assert groups[1] == ["get_order 2"]
    groups, result = run(meta_tool, {"find_user": kinds, "get_order": {}}, email="a@b", title="Rug")
    assert len(groups) == 1
    assert result.notes == (
        'get_order was not called: #1/kinds/*entries has no item called "Rug", but ["Desk","Lamp","Sofa"]',
    )


def test_where_nothing_has_keys_nothing_is_read() -> None:
    meta_tool = routine("m", FIND, step("get_order", args={"order_id": Item(path="/value/id")}, over=KEYED))
    groups, _ = run(meta_tool, {"find_user": {"kinds": ["Desk"]}, "get_order": {}}, email="a@b", title="Desk")
    assert len(groups) == 1


def test_where_no_item_has_the_name_nothing_is_read_and_the_names_there_are_are_told() -> None:
    meta_tool = routine("m", FIND, step("get_order", args={"order_id": Item(path="/id")}, over=NAMED))
    groups, result = run(meta_tool, {"find_user": TITLED, "get_order": {}}, email="a@b", title="Sofa")
    assert len(groups) == 1
    assert result.stop is None
    assert result.notes == (
        'get_order was not called: #1/orders/* has no item called "Sofa", but ["Desk","Lamp"]',
    )


def test_a_map_may_run_over_a_list_that_the_model_passes() -> None:
    meta_tool = routine(
        "m", step("get_order", args={"order_id": Item()}, over=Map(source=Parameter(name="ids")))
    )
    groups, _ = run(meta_tool, {"get_order": {}}, ids=["A", "B"])
    assert groups == [["get_order A", "get_order B"]]


def test_more_items_than_the_limit_are_left_out_of_a_read_and_forbid_a_write() -> None:
    over = Map(source=Constant(value=["A", "B", "C"]), limit=2)
    groups, read = run(
        routine("m", step("get_order", args={"order_id": Item()}, over=over)), {"get_order": {}}
    )
    assert groups == [["get_order A", "get_order B"]]
    assert "3 items" in read.notes[0]
    groups, write = run(routine("m", step("refund", args={"order_id": Item()}, over=over)), {})
    assert groups == []
    assert write.stop
    assert write.stop.kind == "budget"


def test_a_guard_skips_its_step_and_the_reads_that_depend_on_it() -> None:
    guard = Guard(source=Output(step=1, path="/orders/*"), test="nonempty")
    orders = Step(**{**_fields(ORDERS), "guard": guard})
    further = step("get_order", args={"order_id": Output(step=2, path="/0/next")})
    last = step("note", args={"user": Constant(value=1), "text": Constant(value="bye")})
    groups, result = run(
        routine("m", FIND, orders, further, last), {"find_user": {"orders": []}, "note": "ok"}, email="a@b"
    )
    assert groups == [["find_user a@b"], ["note 1"]]
    assert result.stop is None


def test_a_write_that_was_asked_for_and_needs_a_skipped_step_stops_the_routine() -> None:
    guard = Guard(source=Output(step=1, path="/orders/*"), test="nonempty")
    orders = Step(**{**_fields(ORDERS), "guard": guard})
    last = step("note", args={"user": Constant(value=1), "text": Constant(value="bye")})
    meta_tool = routine("m", FIND, orders, REFUND, last)
    groups, result = run(meta_tool, {"find_user": {"orders": []}, "note": "ok"}, email="a@b")
    assert groups == [["find_user a@b"]]
    assert result.stop
    assert result.stop.reason == "refund was not called: it needs step 2 (get_order), which was skipped"
    assert [left.tool for left in result.remaining] == ["refund", "note"]


def test_a_write_for_each_item_of_an_empty_list_is_not_called_completed() -> None:
    each = step(
        "note",
        args={"user": Item(), "text": Constant(value="hello")},
        over=Map(source=Output(step=1, path="/ids/*")),
    )
    groups, result = run(routine("m", FIND, each), {"find_user": {"ids": []}}, email="a@b")
    assert groups == [["find_user a@b"]]
    assert result.stop
    assert result.stop.reason == "note was not called: its list is empty"


@pytest.mark.parametrize(
    "told", ["Unable to lock it", {"ok": False, "orders": []}, '{"warnings": 1, "error": "slow"}']
)
def test_no_write_follows_an_answer_that_may_be_a_failure(told: Any) -> None:
    """Reads go on, and the hand-back says what was answered."""
    read = step("get_order", args={"order_id": Constant(value="A")})
    groups, result = run(routine("m", FIND, read, NOTE), {"find_user": told, "get_order": {}}, email="a@b")
    assert sorted(made for group in groups for made in group) == ["find_user a@b", "get_order A"]
    assert result.stop
    assert result.stop.kind == "suspicious"
    assert "may have failed" in result.stop.reason


def test_a_routine_that_ends_with_such_an_answer_says_so() -> None:
    _, result = run(routine("m", FIND), {"find_user": "Unable to find out"}, email="a@b")
    assert result.stop is None
    assert result.notes == ("step 1 (find_user) may have failed, it answered 'Unable to find out'",)


def test_a_guard_can_stop_the_routine_after_what_was_ready_before_it() -> None:
    guard = Guard(source=Output(step=1, path="/id"), test="equals", value=8, otherwise="stop")
    meta_tool = routine("m", FIND, Step(**{**_fields(ORDERS), "guard": guard}), NOTE)
    groups, result = run(meta_tool, {"find_user": USER}, email="a@b")
    assert groups == [["find_user a@b"]]
    assert result.stop
    assert result.stop.kind == "guard"
    assert not result.stop.is_failure
    assert [left.step for left in result.remaining] == [2, 3]


def test_a_guard_on_an_absent_parameter_is_not_given() -> None:
    guard = Guard(source=Parameter(name="extra"), test="given")
    meta_tool = routine("m", FIND, Step(**{**_fields(ORDERS), "guard": guard}))
    groups, _ = run(meta_tool, {"find_user": USER}, email="a@b")
    assert len(groups) == 1


def test_a_read_that_is_empty_where_it_never_was_stops_before_the_next_write() -> None:
    find = Step(**{**_fields(FIND), "never_empty": True})
    note = step("note", args={"user": Constant(value=1), "text": Constant(value="x")})
    look = step("get_order", args={"order_id": Constant(value="Z")})
    groups, result = run(
        routine("m", find, look, note), {"find_user": [], "get_order": {"id": 1}}, email="a@b"
    )
    assert groups == [["find_user a@b", "get_order Z"]]
    assert result.stop
    assert result.stop.kind == "suspicious"
    assert not result.stop.is_failure
    _, reads_only = run(routine("m", find, look), {"find_user": [], "get_order": {"id": 1}}, email="a@b")
    assert reads_only.stop is None


def test_a_routine_stops_before_the_step_that_exceeds_its_budget_of_calls() -> None:
    groups, result = run(routine("m", FIND, ORDERS), {"find_user": USER}, email="a@b", budget=2)
    assert groups == [["find_user a@b"]]
    assert result.stop
    assert result.stop.kind == "budget"


def test_a_list_binding_with_a_missing_element_is_missing() -> None:
    args = {"order_id": ListOf(elements=(Output(step=1, path="/id"), Output(step=1, path="/no")))}
    _, result = run(routine("m", FIND, step("get_order", args=args)), {"find_user": USER}, email="a@b")
    assert result.stop
    assert result.stop.kind == "unresolved"


def _fields(known: Step) -> dict[str, Any]:
    return {name: getattr(known, name) for name in ("tool", "args", "optional", "over", "effect")}
