"""The picture of a meta-tool: boxes, arrows and how these pass each other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from langchain_awo.model.ir.binding import Argument, Constant, Item, Output, Parameter, Template, Transform
from langchain_awo.model.ir.metatool import Guard, Map, ParameterSpec, Step
from langchain_awo.reporting.flow import draw_flow
from tests.reporting.material import meta_tool


def with_steps(*steps, parameters=("name",)):
    specs = tuple(ParameterSpec(name=name) for name in parameters)
    return replace(meta_tool(), steps=steps, parameters=specs)


def arrows(flow):
    return [(each.source, each.place, each.target, each.argument) for each in flow.arrows]


def test_parameters_and_outputs_lead_to_the_arguments_they_are_bound_to():
    """Box 0 holds the parameters, the others the steps."""
    assert arrows(draw_flow(meta_tool())) == [(0, "name", 1, "id"), (1, "/next", 2, "id")]


@pytest.mark.parametrize(
    ("binding", "made"),
    [
        (Template(prefix="Bearer ", source=Output(step=1, path="/token")), '"Bearer {#1/token}"'),
        (Transform(name="lower", source=Output(step=1, path="/token")), "lower(#1/token)"),
    ],
)
def test_what_is_made_of_a_value_is_said_at_its_arrow(binding, made):
    """The arrow comes from the value, and the argument shows how it is changed."""
    flow = draw_flow(with_steps(Step(tool="login", args={}), Step(tool="orders", args={"auth": binding})))
    (arrow,) = flow.arrows
    assert (arrow.source, arrow.place, arrow.made) == (1, "/token", made)
    assert flow.boxes[-1].inputs[0].value == made


def test_a_constant_stands_in_its_box_and_has_no_arrow():
    """Nothing flows."""
    flow = draw_flow(with_steps(Step(tool="search", args={"limit": Constant(value=5)}), parameters=()))
    assert flow.arrows == ()
    assert [(port.name, port.value) for port in flow.boxes[0].inputs] == [("limit", "5")]


def test_the_list_of_a_mapped_step_has_an_arrow_of_its_own_kind():
    """The item that an argument takes is named in the box."""
    mapped = Step(
        tool="get", args={"id": Item(path="/id")}, over=Map(source=Output(step=1, path="/orders/*"))
    )
    flow = draw_flow(with_steps(Step(tool="find", args={"name": Parameter(name="name")}), mapped))
    assert arrows(flow)[-1] == (1, "/orders/*", 2, "for each")
    assert flow.arrows[-1].each
    assert flow.boxes[-1].inputs[-1].value == "item/id"
    assert flow.boxes[-1].note == "each item, at most 20"


def test_a_guard_that_asks_for_an_argument_has_no_second_arrow():
    """One that tests something else has."""
    given = Guard(source=Parameter(name="name"), test="given")
    equals = Guard(source=Argument(step=1, path="/kind"), test="equals", value="gold", otherwise="stop")
    first = Step(tool="find", args={"name": Parameter(name="name")}, guard=given)
    flow = draw_flow(with_steps(first, Step(tool="gift", guard=equals)))
    assert arrows(flow) == [(0, "name", 1, "name"), (1, "args/kind", 2, "if")]
    assert flow.boxes[1].note == "if $name is given"
    assert flow.boxes[2].note == 'else stop, if #1.args/kind == "gold"'


def test_an_arrow_that_passes_a_column_runs_between_its_boxes():
    """No arrow is hidden behind a box, and no two run on the same line."""
    steps = (
        Step(tool="a", args={"x": Parameter(name="p")}),
        Step(tool="b", args={"x": Output(step=1, path="/x")}),
        Step(tool="c", args={"x": Output(step=1, path="/y")}),
        Step(
            tool="d",
            args={
                "x": Output(step=3, path="/x"),
                "y": Output(step=1, path="/z"),
                "z": Parameter(name="q"),
                "w": Parameter(name="r"),
            },
        ),
    )
    flow = draw_flow(with_steps(*steps, parameters=("p", "q", "r")))
    by_number = {box.number: box for box in flow.boxes}
    seen = set()
    for arrow in flow.arrows:
        first = by_number[arrow.source].column + 1
        for column, height in enumerate(arrow.passes, start=first):
            assert (column, height) not in seen
            seen.add((column, height))
            inside = [box for box in flow.boxes if box.column == column]
            assert not any(box.y <= height <= box.y + box.height for box in inside)
    assert len(seen) == 5
