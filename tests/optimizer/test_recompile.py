"""What is in use stays what it is, under its name, as long as it holds; the rest is said with its reason."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest

import langchain_awo as awo
from langchain_awo.capture.importers.messages import import_messages
from langchain_awo.errors import CompileError
from langchain_awo.model.ir.metatool import ToolkitPlan
from langchain_awo.model.rules import RuleSet
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.trace.trace import ToolSpec
from langchain_awo.optimizer.log.inline import without_echo
from langchain_awo.optimizer.pipeline import Options, compile_plan
from langchain_awo.optimizer.recompile.previous import fingerprint_routine
from langchain_awo.optimizer.recompile.recompile import recompile_plan
from langchain_awo.optimizer.selection.parameters import rename_parameters
from tests.cli.recordings import order_run
from tests.optimizer.echoing import asked, season


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return season(tmp_path_factory.mktemp("season"), tasks=90)


@pytest.fixture(scope="module")
def again(demo):
    return recompile_plan(demo.after, demo.toolkit.plan, tools=demo.specs)


def names(meta_tools):
    return {each.name for each in meta_tools}


def test_what_is_used_stays_the_same_under_its_name(demo, again):
    """Compile, install, record again with the toolkit, recompile: nothing is lost, renamed or changed."""
    assert again.difference.removed == ()
    assert again.difference.added == ()
    before = {each.name: each for each in demo.toolkit.plan.meta_tools}
    now = again.plan.meta_tools
    assert names(now) == before.keys()
    for each in now:
        assert fingerprint_routine(each) == fingerprint_routine(before[each.name])
        assert [spec.name for spec in each.parameters] == [spec.name for spec in before[each.name].parameters]
        assert each.description == before[each.name].description


def test_without_taking_out_the_echo_routines_that_are_used_would_be_lost(demo):
    unmarked = [
        replace(trace, tool_calls=tuple(call for call in trace.tool_calls if not call.replay))
        for trace in demo.after
    ]
    plain = compile_plan(unmarked, tools=demo.specs)
    lost = {fingerprint_routine(each) for each in demo.toolkit.plan.meta_tools} - {
        fingerprint_routine(each) for each in plain.meta_tools
    }
    assert lost


def test_compiling_does_not_take_meta_tools_for_tools(demo):
    called = {tool for each in compile_plan(demo.after).meta_tools for tool in each.tools}
    assert called
    assert not called & names(demo.toolkit.plan.meta_tools)


def test_recompiling_what_was_compiled_changes_nothing(demo):
    found = recompile_plan(demo.before, demo.toolkit.plan, tools=demo.specs)
    assert found.is_same
    assert found.echo.model_calls == 0


def test_the_same_traces_in_any_order_give_the_same_toolkit(demo, again):
    other = recompile_plan(demo.after[::-1], demo.toolkit.plan, tools=demo.specs)
    assert again.plan == other.plan
    assert str(again) == str(other)


def test_calls_of_meta_tools_are_read_back_from_messages_alone(tmp_path):
    """Chat messages hold no inner calls; the answers tell them."""
    demo = season(tmp_path, tasks=45, mode="append")
    meta_tools = names(demo.toolkit.plan.meta_tools)
    recorded, echo = without_echo(demo.after, meta_tools)
    read_back, told = without_echo(demo.chats, meta_tools)
    assert told.from_answers == told.uses.total() == echo.uses.total() > 0
    assert told.uses == echo.uses
    known = {trace.task_id: Counter(map(str, asked(trace))) for trace in recorded}
    for trace in read_back:
        own, told_of = Counter(map(str, asked(trace))), known[trace.task_id]
        assert (own - told_of).total() + (told_of - own).total() <= 2  # an answer shows less than a recording
        assert not any(call.name in meta_tools for call in trace.tool_calls)


def plan_of(runs, **options):
    return compile_plan(import_messages(runs), options=Options(**options))


@pytest.fixture
def runs():
    return [json.dumps(order_run(number)) for number in range(40)]


@pytest.fixture
def plan(runs):
    return plan_of(runs)


def called(plan: ToolkitPlan, new: str, parameters: dict[str, str]) -> ToolkitPlan:
    """The plan with its meta-tool and its parameters under other names."""
    (meta_tool,) = plan.meta_tools
    other = replace(rename_parameters(meta_tool, parameters), name=new, description="As a person worded it.")
    return replace(plan, meta_tools=(other,))


def test_the_names_a_person_gave_are_kept_for_the_same_routine(runs, plan):
    former = called(plan, "where_is_it", {"name": "customer"})
    (kept,) = recompile_plan(import_messages(runs), former).kept
    assert kept.name == "where_is_it"
    assert [spec.name for spec in kept.parameters] == ["customer"]
    assert kept.description == "As a person worded it."


def test_no_name_gets_another_meaning(runs, plan):
    """A former meta-tool that is gone does not leave its name to one that does something else."""
    (meta_tool,) = plan.meta_tools
    gone = replace(
        meta_tool,
        steps=(replace(meta_tool.steps[1], args=meta_tool.steps[0].args), meta_tool.steps[1]),
    )
    former = replace(plan, meta_tools=(gone,))
    found = recompile_plan(import_messages(runs), former)
    assert meta_tool.name not in names(found.difference.added)
    assert f"{meta_tool.name}_2" in names(found.difference.added)


def test_a_name_stays_where_it_is_also_if_another_routine_would_get_it_today(runs, plan):
    """Half of the tasks ask for companies: by rights their routine would have another name, and the other one this."""
    both = [run if n % 2 else run.replace("find_user", "find_company") for n, run in enumerate(runs)]
    named = compile_plan(import_messages(both))
    (companies,) = (each for each in named.meta_tools if "find_company" in each.tools)
    natural = plan.meta_tools[0].name
    former = replace(named, meta_tools=(replace(companies, name=natural),))
    found = recompile_plan(import_messages(both), former)
    assert [each.name for each in found.kept] == [natural]
    assert names(found.difference.added) == {f"{natural}_2"}


def test_what_is_gone_is_retired_with_its_reason(runs, plan):
    shifted = [run.replace("get_order", "get_invoice") for run in runs]
    found = recompile_plan(import_messages(shifted), plan)
    (retired,) = found.retired
    assert retired.meta_tool.name == plan.meta_tools[0].name
    assert retired.reason == "agents no longer go on with get_order after find_user"
    assert f"retired  {retired.meta_tool.name}: {retired.reason}" in str(found)
    assert "new      get_user_invoice" in str(found)


def test_traces_that_do_not_call_it_say_so(runs, plan):
    other = [run.replace("find_user", "look_up").replace("get_order", "fetch") for run in runs]
    (retired,) = recompile_plan(import_messages(other), plan).retired
    assert retired.reason == "find_user was called in 0 tasks of these traces, too few to tell"


def test_tools_that_are_gone_or_off_limits_now_are_named(runs, plan):
    def reason(given=runs, **more):
        (retired,) = recompile_plan(import_messages(given), plan, **more).retired
        return retired.reason

    shifted = [run.replace("get_order", "fetch") for run in runs]
    assert reason(shifted, tools=[ToolSpec(name="find_user")]) == "get_order is no longer among the tools"
    options = Options(protected=frozenset({"get_order"}))
    assert reason(options=options) == "get_order is now protected or ignored by a rule"
    destructive = Options(effects={"get_order": Effect.DESTRUCTIVE})
    assert reason(options=destructive).startswith("get_order is destructive now")


@pytest.mark.parametrize("writes", ["none", "guarded"])
@pytest.mark.parametrize("effect", [Effect.WRITE, Effect.IDEMPOTENT, Effect.UNKNOWN])
@pytest.mark.parametrize("tool", ["find_user", "get_order"])
def test_a_step_that_counts_as_a_write_now_is_kept_only_where_it_would_be_compiled(
    runs, plan, tool, effect, writes
):
    options = Options(effects={tool: effect}, writes=writes)
    found = recompile_plan(import_messages(runs), plan, options=options)
    (retired,) = found.retired or [None]
    kept = any(tool in each.tools for each in found.plan.meta_tools)
    assert kept == (writes == "guarded" and effect is not Effect.UNKNOWN)
    why = "is undeclared now" if effect is Effect.UNKNOWN else "writes now, and only reads are compiled"
    assert kept or (tool in retired.reason and why in retired.reason)


def test_a_step_that_no_longer_holds_is_a_change(runs, plan):
    (meta_tool,) = plan.meta_tools
    extra = replace(meta_tool.steps[1], tool="get_orders")
    former = replace(plan, meta_tools=(replace(meta_tool, steps=(*meta_tool.steps, extra)),))
    found = recompile_plan(import_messages(runs), former)
    (changed,) = found.difference.changed
    assert changed.name == meta_tool.name
    assert [step.new for step in changed.steps] == [""]


def test_a_toolkit_compiled_with_rules_wants_them_again(runs, plan):
    ruled = replace(plan, settings={**plan.settings, "rules": ["commute all reads"]})
    with pytest.raises(CompileError, match="merging rules"):
        recompile_plan(import_messages(runs), ruled)
    options = Options(rules=RuleSet())
    assert recompile_plan(import_messages(runs), ruled, options=options).plan.meta_tools


def test_what_was_decided_for_the_former_toolkit_is_still(runs):
    former = plan_of(runs, protected=frozenset({"get_order"}), max_tools=3)
    found = recompile_plan(import_messages(runs), former)
    assert found.plan.meta_tools == ()
    assert found.plan.settings["protected"] == ["get_order"]
    assert found.plan.settings["max_tools"] == 3


def test_the_public_function_takes_toolkits_and_paths(demo, tmp_path):
    demo.toolkit.save(tmp_path / "toolkit.json")
    with awo.open_store(tmp_path / "traces.db") as store:
        store.append(demo.before)
    toolkit, changes = awo.recompile(
        tmp_path / "traces.db", tmp_path / "toolkit.json", tools=demo.toolkit.tools
    )
    again, same = awo.recompile(demo.before, demo.toolkit)
    assert toolkit.plan == again.plan == changes.plan == same.plan
    assert changes.is_same
