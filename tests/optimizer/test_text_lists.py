"""Each item of a list becomes a call, in whatever text a tool answers; and a list as a whole becomes one argument."""

from __future__ import annotations

import pytest

from langchain_awo.model.ir.binding import Item, ObjectOf, Output
from langchain_awo.model.trace.trace import Message, ModelCallRecord, ToolCallRecord, Trace
from langchain_awo.optimizer.log.corpus import build_corpus
from langchain_awo.optimizer.pipeline import Options, compile_corpus

SHAPES = {
    "lines": lambda rows: "\n".join(key for key, _ in rows),
    "lines after a header": lambda rows: "Rooms found:\n" + "\n".join(key for key, _ in rows),
    "two lines after a header": lambda rows: (
        "Rooms in the house: " + "\n".join(key for key, _ in rows[:2]) + f"\n{rows[2][0]}"
    ),
    "comma list under a key": lambda rows: "house: it\nrooms: " + ", ".join(key for key, _ in rows),
    "pairs on one line each": lambda rows: "\n".join(
        f"Room: {key}, Long Name: {name}, At: 9:00" for key, name in rows
    ),
    "bullets": lambda rows: "\n".join(f"- {key}" for key, _ in rows),
    "comma list": lambda rows: ", ".join(key for key, _ in rows),
    "markdown table": lambda rows: (
        "| room | name |\n|---|---|\n" + "\n".join(f"| {k} | {n} |" for k, n in rows)
    ),
    "csv": lambda rows: "room,name\n" + "\n".join(f"{key},{name}" for key, name in rows),
    "fixed columns": lambda rows: "room      name\n" + "\n".join(f"{key:<10}{name}" for key, name in rows),
    "python repr": lambda rows: repr([{"room": key, "name": name, "free": True} for key, name in rows]),
    "dataclass reprs": lambda rows: repr([key for key, _ in rows]).replace("'", '"'),
    "json blocks": lambda rows: "\n".join(f'{{"room": "{key}", "name": "{name}"}}' for key, name in rows),
    "rows of columns": lambda rows: repr([list(row) for row in rows]),
    "rows of several kinds": lambda rows: repr([(*row, place) for place, row in enumerate(rows)]),
    "xml": lambda rows: (
        "<rooms>" + "".join(f"<room><id>{k}</id><name>{n}</name></room>" for k, n in rows) + "</rooms>"
    ),
    "html list": lambda rows: "<ul>" + "".join(f"<li>{key}</li>" for key, _ in rows) + "</ul>",
}


def rooms(number):
    """Three rooms of a house, each house with others."""
    return [(f"R-{number}{place}7", f"{word} {number}") for place, word in enumerate(("Oak", "Elm", "Ash"))]


def house(number, shape, calls):
    """A run that lists the rooms of a house and goes on with what it read."""
    rows = rooms(number)
    later = {
        "each": [("get_room", {"room": key}) for key, _ in rows],
        "each as an object": [("get_room", {"at": {"room": key, "name": name}}) for key, name in rows],
        "whole": [("get_prices", {"rooms": [key for key, _ in rows]})],
    }[calls]
    records = [
        ToolCallRecord(
            call_id="0",
            name="list_rooms",
            args={"house": f"house-{number}"},
            output=shape(rows),
            model_call=0,
        )
    ]
    records += [
        ToolCallRecord(call_id=str(place), name=tool, args=args, output=f"price {number}", model_call=place)
        for place, (tool, args) in enumerate(later, start=1)
    ]
    said = Message(role="user", text=f"What do the rooms of house-{number} cost?", before=0)
    model_calls = (*(ModelCallRecord() for _ in records), ModelCallRecord(text="done"))
    return Trace(
        trace_id=f"t{number}",
        task_id=f"t{number}",
        messages=(said,),
        model_calls=model_calls,
        tool_calls=tuple(records),
    )


def found(shape, calls):
    corpus = build_corpus([house(number, shape, calls) for number in range(10, 24)])
    meta_tools, _ = compile_corpus(corpus, Options())
    return meta_tools


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_one_call_for_each_item(shape):
    (routine,) = found(shape, "each")
    assert [step.tool for step in routine.steps] == ["list_rooms", "get_room"]
    assert routine.steps[1].over is not None


def test_two_columns_of_each_row_as_one_object():
    (routine,) = found(SHAPES["rows of several kinds"], "each as an object")
    members = {"name": Item(path="/1"), "room": Item(path="/0")}
    assert routine.steps[1].args == {"at": ObjectOf(members=members)}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_list_as_one_argument(shape):
    (routine,) = found(shape, "whole")
    (source,) = routine.steps[1].args.values()
    assert isinstance(source, Output)
    assert source.step == 1
