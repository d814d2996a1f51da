"""Every option of every public function refuses what it cannot take, in one sentence that names it; none lets it pass in silence."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

import langchain_awo as awo
from langchain_awo.monitoring.worth import Assumptions
from tests.wrong.shop import TOOLS

VALUES = {
    "None": None,
    "a number": 3,
    "less than nothing": -1,
    "a fraction": 1.5,
    "not a number": float("nan"),
}
VALUES |= {"text": "zip", "no text": "", "a list": [3], "texts": ["zip"], "a dictionary": {"zip": "read"}}
VALUES |= {"something": object(), "yes": True, "bytes": b"x"}

PATHS = {"text", "no text"}


def all_take(options, taken):
    """Several options that take the same values."""
    return dict.fromkeys(options, taken)


ENTRIES = {
    awo.compile_toolkit: {
        "tools": {"None"},
        "strategy": {},
        "max_tools": {"a number"},
        "writes": {},
        "effects": {"None"},
        "protected": {},
        "rules": {"None"},
        "options": {"None"},
        "namer": {"None"},
        "progress": {"None"},
        "state": {"None", "text"},
        "executor": {"None"},
        "decided": {"None"},
    },
    awo.recompile: {
        "toolkit": {},
        "rules": {"None"},
        "options": {"None"},
        "progress": {"None"},
        "state": {"None", "text"},
        "executor": {"None"},
    },
    awo.estimate: {
        "runs_a_day": {"a number"},
        "prices": {"None"},
        "priced_as": {},
        "assumptions": {"None"},
        "tools": {"None"},
        "options": {"None"},
        "held_out": {},
        "split_seed": {"a number"},
        "progress": {"None"},
    },
    awo.report: {
        "toolkit": {},
        "rules": {"None"},
        "evaluated": {"yes"},
        "held_out": {},
        "split_seed": {"a number"},
        "prices": {"None"},
        "source": PATHS,
        "progress": {"None"},
    },
    awo.monitor: {
        "toolkit": {},
        "prices": {"None"},
        "since": {"None", "a number", "a fraction"},
        "progress": {"None"},
    },
    awo.workflow_graph: {"rules": {"None"}, "history": {"None", "a number"}},
    awo.load_traces: {"domain": {"None", *PATHS}, "model": {"None", *PATHS}, "on_skipped": {"None"}},
}
"""By function of traces, its options with the values that they take."""

MADE = {
    "import_traces": (lambda **given: list(awo.import_traces("traces.db", **given)), {"format": {"None", "no text"}}),
    "open_store": (
        lambda **given: awo.open_store("new.db", **given).close(),
        {"create": {"yes"}, **all_take(("project", "tenant", "environment"), {"None", *PATHS})},
    ),
    "TraceRecorder": (
        lambda **given: awo.TraceRecorder("new.db", **given).close(),
        {"mask_key": {"None"}, "capacity": {"a number"}, "capacity_bytes": {"a number"}, "defaults": {"None"}},
    ),
    "session": (
        lambda **given: awo.session("refunds", **given),
        {"trial": {"None", "a number"}, "tags": {"texts", "a dictionary"}, "metadata": {"None", "a dictionary"}},
    ),
    "MaskRules": (awo.MaskRules, {"keys": {"texts"}, "judge": {"None"}, "personal": {"yes"}, "entropy": {"yes"}}),
    "RuleSet": (awo.RuleSet, {"rules": {}}),
    "Thresholds": (awo.Thresholds, all_take(("confidence", "reads", "writes", "failure_p"), {})),
    "Limits": (
        awo.Limits,
        {
            **all_take(("calls", "concurrency", "read_retries", "output_chars", "answer_chars"), {"a number"}),
            "timeout": {"None", "a number", "a fraction"},
            "shape": {"yes"},
        },
    ),
    "Assumptions": (
        Assumptions,
        {
            "utilisation": {},
            **all_take(("setup_hours", "upkeep_hours", "payback_months"), {"a number", "a fraction"}),
        },
    ),
    "Options": (
        awo.Options,
        {
            "strategy": {},
            "max_tools": {"a number"},
            "writes": {},
            "effects": {"None", "a dictionary"},
            "protected": {"texts", "a dictionary"},
            **all_take(("prices", "thresholds", "showing", "bindings"), {}),
            "rules": {"None"},
            "threshold": {"None", "a number"},
        },
    ),
}  # fmt: skip
"""By name, how something is made, and its options with the values that they take."""

OF_A_TOOLKIT = {
    "MetaToolkit": (
        lambda own, **given: awo.MetaToolkit(**{"plan": own.plan, "tools": TOOLS, **given}),
        {
            "plan": {},
            "tools": {"None"},
            "limits": {},
            "effects": {"a dictionary"},
            "believed": {"yes"},
            "where": PATHS,
            "efects": {},
        },
    ),
    "load": (
        lambda _, **given: awo.MetaToolkit.load("toolkit.json", **{"tools": TOOLS, **given}),
        {"tools": {"None"}, "limits": {"None"}, "effects": {"None"}, "key": {"None"}, "strict": {"yes"}},
    ),
    "save": (lambda own, **given: own.save(**given), {"path": {"text"}}),
    "get_tools": (
        lambda own, **given: own.get_tools(**given),
        {"mode": {"None"}, "protected": {"a dictionary"}},
    ),
    "get_tool": (lambda own, **given: own.get_tool(**given), {"name": {}}),
    "effect_of": (lambda own, **given: own.effect_of(**given), {"tool": PATHS}),
    "accept": (lambda own, **given: own.accept(given["names"]), {"names": {}}),
    "reject": (lambda own, **given: own.reject(given["names"]), {"names": {}}),
    "undecide": (lambda own, **given: own.undecide(given["names"]), {"names": {}}),
    "rename": (lambda own, **given: own.rename("get_order_customer", **given), {"new": {"text"}}),
    "reword": (lambda own, **given: own.reword("get_order_customer", **given), {"description": {"text"}}),
    "set_mode": (lambda own, **given: own.set_mode("get_order_customer", **given), {"mode": {}}),
    "MetaToolMiddleware": (
        lambda own, **given: awo.MetaToolMiddleware(**{"toolkit": own, **given}),
        {
            "toolkit": {},
            "mode": {"None"},
            "protected": {"None", "no text", "texts", "a dictionary"},
            "allow": {},
            "hold_out": {},
            "record": {"None"},
            "entry": {"None"},
            "continue_limits": {},
            "prefetch_limits": {},
            "parallel_hint": {"yes"},
            "signing_key": {"None"},
            "protekted": {},
        },
    ),
    "tool_node": (
        lambda own, **given: awo.tool_node(**{"toolkit": own, "tools": TOOLS, **given}),
        {
            "toolkit": {},
            "tools": {"None"},
            "protected": {"a dictionary"},
            "allow": {},
            "wrap_tool_call": {"None"},
            "awrap_tool_call": {"None"},
        },
    ),
}
"""The same of what is made of a toolkit, or done with one."""


def let_through(call, options):
    """What a call says to each wrong value of each of its options, where that is no sentence of ours."""
    for option, taken in options.items():
        for name, value in VALUES.items():
            if name in taken:
                continue
            try:
                call(**{option: value})
            except awo.AwoError:
                continue
            except Exception as error:  # noqa: BLE001  # any other is what this test looks for
                yield f"{option}={name}: {type(error).__name__}: {error}"
            else:
                yield f"{option}={name} is taken in silence"


@pytest.mark.parametrize("function", ENTRIES, ids=lambda each: each.__name__)
def test_functions_of_traces_refuse_what_their_options_cannot_take(here, kit, traces, function):
    needs = [kit] if "toolkit" in inspect.signature(function).parameters else []
    given = {"tools": TOOLS} if function is awo.compile_toolkit else {}

    def call(**wrong):
        own = [] if "toolkit" in wrong else needs
        return function(traces[:4], *own, **{**given, **wrong})

    assert list(let_through(call, ENTRIES[function])) == []


@pytest.mark.parametrize("name", MADE)
def test_what_is_made_refuses_what_its_options_cannot_take(here, name):
    make, options = MADE[name]
    assert list(let_through(make, options)) == []


@pytest.mark.parametrize("name", OF_A_TOOLKIT)
def test_toolkits_refuse_what_their_options_cannot_take(here, kit, name):
    make, options = OF_A_TOOLKIT[name]
    assert list(let_through(lambda **wrong: make(kit, **wrong), options)) == []


def test_every_option_of_a_public_function_is_in_the_tables():
    for function, options in ENTRIES.items():
        known = set(inspect.signature(function).parameters) - {"traces", "source", "tools"}
        assert known <= set(options), function.__name__


def test_an_option_that_does_not_exist_is_named_with_the_nearest_that_does(here, kit):
    for make, option, near in (
        (lambda **given: awo.MetaToolkit(plan=kit.plan, **given), "efects", "effects"),
        (lambda **given: awo.MetaToolMiddleware(kit, **given), "protekted", "protected"),
        (lambda **given: awo.TraceRecorder("new.db", **given), "capacty", "capacity"),
        (lambda **given: awo.session("refunds", **given), "thread", "thread_id"),
    ):
        with pytest.raises(awo.AwoError, match=f"no option '{option}'; did you mean '{near}'"):
            make(**{option: []})
    assert not Path("new.db").exists()


def test_what_is_said_of_a_tool_that_does_not_exist_stops_recompiling_and_estimating_too(traces, kit):
    wrong = awo.Options(protected=frozenset({"refund_oder"}))
    with pytest.raises(awo.AwoError, match="did you mean 'refund_order'"):
        awo.recompile(traces, kit, options=wrong)
    with pytest.raises(awo.AwoError, match="did you mean 'refund_order'"):
        awo.estimate(traces, tools=TOOLS, options=wrong)


def test_settings_of_approvals_that_name_a_misspelled_tool_protect_nothing_and_are_refused(kit):
    with pytest.raises(awo.AwoError, match="did you mean 'refund_order'"):
        kit.get_tools(protected={"refund_oder": True})
    assert kit.get_tools(protected={"tool_of_another_agent": True})
