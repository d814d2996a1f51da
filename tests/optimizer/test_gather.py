"""Lookups that need nothing of each other become one call, whichever of them a task needs."""

from __future__ import annotations

import pytest
from langchain_core.messages import ToolCall
from langchain_core.tools import tool

import langchain_awo.api as awo
from langchain_awo.model.notation import format_meta_tool
from langchain_awo.optimizer.log.variants import path_mix
from langchain_awo.optimizer.mining.gather import MAX_TOOLS, gather
from langchain_awo.optimizer.replay.counterfactual import replay
from langchain_awo.optimizer.selection.naming import name_all
from tests.optimizer.notation import corpus_of, traces_of

MIXED = "\n".join(
    [
        *(f'"o{n} c{n}" get_order(o{n}) | get_customer(c{n})' for n in range(10, 14)),
        *(f'"s{n} o{n}" get_stock(s{n}) | get_order(o{n})' for n in range(20, 24)),
        *(
            f'"c{n} s{n} s{n}x" get_customer(c{n}) | get_stock(s{n}) | get_stock(s{n}x)'
            for n in range(30, 34)
        ),
    ]
)


def gathered(runs, **options):
    corpus = corpus_of(runs)
    return name_all(gather(corpus, **options), corpus)


def the_one_of(runs, *tools):
    return next(each for each in gathered(runs) if each.tools == tools)


def test_each_lookup_takes_a_list_of_its_own_and_none_is_needed():
    found = the_one_of(MIXED, "get_customer", "get_order", "get_stock")
    head, *lines = format_meta_tool(found).splitlines()
    assert head.startswith("look_up_customer_order_stock(customer_ids?, order_ids?, stock_ids?) ")
    assert "12 places in 12 tasks" in head
    assert [line.split("  # ")[0].strip() for line in lines] == [
        "1  get_customer(id=$customer_ids/*)",
        "2  get_order(id=$order_ids/*)",
        "3  get_stock(id=$stock_ids/*)",
    ]
    assert all("skip unless" in line for line in lines)
    assert "For several lookups of which none needs the result of another." in found.description


def test_a_task_is_saved_whichever_lookup_comes_first():
    found = the_one_of(MIXED, "get_customer", "get_order", "get_stock")
    tally = replay([found], corpus_of('"s1 o2 c3" get_stock(s1) | get_order(o2) | get_customer(c3)')).chooser
    assert (tally.saved, tally.over_fetched, tally.uses.total()) == (2, 0, 1)
    two = '"s1" get_stock(s1) -> {"order": "o2"} | get_order(o2)'
    assert replay([found], corpus_of(two)).chooser.saved == 0, "the second needs the result of the first"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('"o{n}" get_order(o{n}) -> {{"c": "c{n}"}} | get_customer(c{n})', "one needs the other"),
        ('"o{n} c{n}" get_order(o{n}) | update_note(o{n}) | get_customer(c{n})', "a write lies between"),
        ('"o{n} c{n}" get_order(o{n}) || "go on" get_customer(c{n})', "the user speaks between"),
        ('"o{n} c{n}" get_order(o{n}) & get_customer(c{n})', "the agent asks at once already"),
        ('"o{n} c{n}" get_order(o{n}) | !get_customer(c{n})', "the second fails"),
        ('"o{n}" get_order(o{n}) | get_order(o{n})', "it is the same call again"),
    ],
)
def test_nothing_is_gathered_where_nothing_would_be_saved(line, why):
    assert gathered("\n".join(line.format(n=n) for n in range(10, 20))) == [], why


def test_one_task_is_a_coincidence_however_often_it_is_tried():
    assert gathered('20x task=same "o1 c1" get_order(o1) | get_customer(c1)') == []


def test_protected_tools_are_left_out():
    assert {each.tools for each in gathered(MIXED, avoid={"get_stock"})} == {("get_customer", "get_order")}


def test_few_lists_are_easier_to_choose_from_than_many():
    names = [f"get_{letter}" for letter in "abcdefghij"]
    runs = "\n".join(f'"x{n}" ' + " | ".join(f"{name}(x{n})" for name in names) for n in range(10, 14))
    assert max(len(each.steps) for each in gathered(runs)) == MAX_TOOLS


@tool
def get_order(id: str) -> str:  # noqa: A002  # the name that the recorded calls use
    """An order."""
    return f"order {id}"


@tool
def get_stock(id: str) -> str:  # noqa: A002
    """The stock of a product."""
    return f"stock {id}"


@tool
def get_customer(id: str) -> str:  # noqa: A002
    """A customer."""
    return f"customer {id}"


def test_it_is_compiled_and_runs_what_it_is_given():
    """Through the whole pipeline, and then for real."""
    toolkit = awo.compile_toolkit(traces_of(MIXED), tools=[get_order, get_stock, get_customer], max_tools=1)
    (found,) = toolkit.get_tools()
    assert found.name == "look_up_customer_order_stock"
    asked = {"order_ids": ["o1"], "stock_ids": ["s1", "s2"]}
    told = found.invoke(ToolCall(name=found.name, args=asked, id="1", type="tool_call")).content
    assert [f"{word} {i}" in told for word, i in (("order", "o1"), ("stock", "s1"), ("stock", "s2"))] == [
        True
    ] * 3
    assert "customer" not in told.replace("look_up_customer", "").replace("get_customer", "")
    assert found.invoke(ToolCall(name=found.name, args={}, id="2", type="tool_call")).status == "success"


def test_the_kind_of_a_run_is_the_same_with_gathered_lookups():
    """So that monitoring does not take the use of the meta-tool for a drift."""
    found = the_one_of(MIXED, "get_customer", "get_order", "get_stock")
    apart = '"o1 c1" get_order(o1) | get_customer(c1) | send_note(o1)'
    at_once = f'"o1 c1" {found.name}(o1) | send_note(o1)'
    assert path_mix(corpus_of(apart), [found]) == path_mix(corpus_of(at_once), [found]) == {"send_note": 1}
