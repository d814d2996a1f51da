"""Each verb does its part on real files; results go to stdout, everything else to stderr."""

from __future__ import annotations

import json

from langchain_awo.plan_file import read_plan


def test_messages_are_imported_and_counted(awo, recordings):
    result = awo("import", "messages", recordings, "--store", "traces.db", "--json")
    assert result.exit_code == 0
    expected = {"traces": 40, "model_calls": 120, "tool_calls": 80, "bad_lines": 0, "stored": 40}
    assert json.loads(result.stdout) == {**expected, "unread": {}, "already_stored": 0}


def test_importing_twice_stores_once(awo, recordings, store):
    result = awo("import", "messages", recordings, "--store", store, "--json")
    assert json.loads(result.stdout)["stored"] == 40


def test_traces_are_compiled_and_the_toolkit_is_shown_as_it_was_written(awo, store):
    compiled = awo("compile", store, "-o", "toolkit.json", "--json")
    assert compiled.exit_code == 0
    meta_tool = json.loads(compiled.stdout)["meta_tools"][0]
    assert [step["tool"] for step in meta_tool["steps"]] == ["find_user", "get_order"]
    assert awo("show", "toolkit.json", "--json").stdout == compiled.stdout
    assert "in toolkit.json, compiled from 40 traces" in compiled.stderr


def test_a_toolkit_is_shown_in_notation(awo, store):
    awo("compile", store)
    shown = awo("show", "toolkit.json").stdout
    assert "find_user(name=$name)" in shown
    assert "get_order(order_id=#1/order_id)" in shown


def test_a_store_and_a_file_of_messages_compile_to_the_same_meta_tools(awo, store, recordings):
    awo("compile", store, "-o", "one.json")
    awo("compile", recordings, "-o", "other.json")
    assert read_plan("one.json") == read_plan("other.json")


def test_a_protected_tool_in_another_case_is_an_error(awo, store):
    result = awo("compile", store, "--protect", "Get_Order")
    assert result.exit_code == 2
    assert "did you mean 'get_order'?" in result.stderr


def test_protected_tools_and_declared_effects_are_obeyed(awo, store):
    awo("compile", store, "--protect", "get_order", "-o", "protected.json")
    assert read_plan("protected.json").meta_tools == ()
    awo("compile", store, "--effect", "get_order=destructive", "-o", "declared.json")
    assert read_plan("declared.json").meta_tools == ()
    refused = awo("show", "declared.json", "--refused").stdout
    assert "get_order" in refused
    assert "destructive" in refused


def test_tools_that_count_as_writes_because_nobody_says_what_they_do_are_named(awo, store):
    unknown = "1 tool of unknown effect, treated as a write: get_order; say what each does"
    for verb in ("compile", "evaluate", "estimate"):
        assert unknown in awo(verb, store, "--effect", "get_order=unknown").stderr
        assert "unknown" not in awo(verb, store, "--effect", "get_order=unknown", "--json").stderr
        assert "unknown effect" not in awo(verb, store).stderr


SHOP_TOOLS = """
from langchain_core.tools import tool

@tool
def find_user(name: str) -> dict:
    "Find a user."

@tool
def get_order({parameters}) -> dict:
    "Get an order."

def tools():
    return [find_user, get_order]
"""


def test_the_live_tools_give_the_shapes(awo, store, folder):
    (folder / "shop_tools.py").write_text(SHOP_TOOLS.format(parameters="order_id: str"))
    assert awo("compile", store, "--tools", "shop_tools:tools").exit_code == 0
    assert {each.source for each in read_plan("toolkit.json").tools.values()} == {"tool"}
    checked = awo("show", "toolkit.json", "--tools", "shop_tools:tools")
    assert checked.exit_code == 0
    assert "can run over shop_tools:tools" in checked.stderr


def test_a_toolkit_is_checked_against_live_tools(awo, store, folder):
    awo("compile", store)
    (folder / "changed_tools.py").write_text(SHOP_TOOLS.format(parameters="order_number: int"))
    changed = awo("show", "toolkit.json", "--tools", "changed_tools:tools")
    assert changed.exit_code == 1
    assert "is disabled" in changed.stderr
    assert "get_order" in changed.stderr
    (folder / "fewer_tools.py").write_text("TOOLS = []")
    assert awo("show", "toolkit.json", "--tools", "fewer_tools:TOOLS").exit_code == 1


def test_evaluation_obeys_the_same_declarations_as_compiling(awo, store):
    found = json.loads(awo("evaluate", store, "--json", "--protect", "get_order").stdout)
    assert found["result"]["chooser"] == 0
    found = json.loads(awo("evaluate", store, "--json", "--effect", "get_order=destructive").stdout)
    assert found["result"]["chooser"] == 0


def test_traces_are_counted(awo, store):
    counts = json.loads(awo("show", store, "--json").stdout)
    assert (counts["traces"], counts["model_calls"], counts["tool_calls"]) == (40, 120, 80)
    assert counts["domains"] == {"desk": 20, "shop": 20}
    assert counts["tools"]["find_user"] == {"calls": 40, "failed": 0, "effect": "read"}
    shown = awo("show", store, "--domain", "shop").stdout
    assert "get_order" in shown


def test_sequences_are_counted(awo, store):
    (found,) = json.loads(awo("show", store, "--ngrams", "--json").stdout)
    assert found == {"calls": ["find_user", "get_order"], "support": 40, "tasks": 40}
    assert "find_user > get_order" in awo("show", store, "--ngrams", "--min-length", "2").stdout
    assert "no sequence" in awo("show", store, "--ngrams", "--min-freq", "41").stdout


SAVING_KEYS = {"meta_tools", "chooser", "continue", "over_fetch"}


def test_evaluation_has_every_figure(awo, store):
    found = json.loads(awo("evaluate", store, "--json", "--split-seed", "3", "--held-out", "0.25").stdout)
    assert (found["traces"], found["tasks_train"], found["tasks_held_out"]) == (40, 30, 10)
    assert len(found["held_out_tasks"]) == 10
    assert found["model_calls"] == 30
    assert found["result"].keys() >= SAVING_KEYS
    assert found["baseline_awo"].keys() >= SAVING_KEYS
    assert found["ceiling"].keys() >= {"fuse", "chooser", "continue"}
    assert found["result"]["chooser"] == found["ceiling"]["chooser"] == 1 / 3


def test_the_seed_chooses_the_tasks(awo, store):
    one, same, other = (
        json.loads(awo("evaluate", store, "--json", "--split-seed", seed).stdout)["held_out_tasks"]
        for seed in (1, 1, 2)
    )
    assert one == same != other


def test_evaluation_is_a_table_for_people(awo, store):
    shown = awo("evaluate", store).stdout
    assert "ceiling" in shown
    assert "33.3%" in shown


def test_a_toolkit_is_replayed(awo, store, recordings):
    awo("compile", store)
    found = json.loads(awo("replay", recordings, "--toolkit", "toolkit.json", "--json").stdout)
    assert found["result"]["chooser"] == found["ceiling"]["chooser"] == 1 / 3
    assert sum(found["uses"].values()) == 40
    assert "33.3%" in awo("replay", recordings, "--toolkit", "toolkit.json").stdout


def test_traces_are_chosen_by_domain_and_model(awo, store):
    found = json.loads(awo("evaluate", store, "--json", "--domain", "shop", "--model", "m").stdout)
    assert found["traces"] == 20


def test_suggested_rules_can_be_compiled_with(awo, store, folder):
    suggested = awo("rules", "suggest", store)
    assert suggested.exit_code == 0
    assert suggested.stdout.startswith("version: 1\n")
    (folder / "rules.yaml").write_text(suggested.stdout)
    assert awo("compile", store, "--strategy", "awo", "--rules", "rules.yaml").exit_code == 0
    assert read_plan("toolkit.json").strategy == "awo"
    assert len(read_plan("toolkit.json").meta_tools) == 1


def test_messages_are_told_from_stores_by_content(awo, recordings, folder):
    (folder / "orders.ndjson").write_text(recordings.read_text())
    assert json.loads(awo("show", "orders.ndjson", "--json").stdout)["traces"] == 40
    awo("import", "messages", "orders.ndjson", "--store", "store.ndjson")
    assert json.loads(awo("show", "store.ndjson", "--json").stdout)["traces"] == 40


def test_an_estimate_says_from_how_many_runs_a_day_it_is_worth_it(awo, store):
    result = awo("estimate", store, "--price-as", "gpt-4.1", "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert (found["worth_it"], found["runs_a_day"]) == (False, 100)
    (model,) = found["models"]
    assert [each["runs_a_day"] for each in model["months"]] == [10, 100, 1000]
    edge = model["break_even"]
    worth = awo("estimate", store, "--price-as", "gpt-4.1", "--runs-a-day", edge)
    assert worth.exit_code == 0
    assert f"Worth it at {edge:,} runs a day with gpt-4.1" in worth.stdout
    assert "estimated for the others" in worth.stdout


def test_an_estimate_without_a_routine_says_so_and_shows_no_months(awo, store):
    nothing = awo("estimate", store, "--price-as", "gpt-4.1", "--protect", "get_order")
    assert nothing.exit_code == 1
    assert "Not worth it: no routine held up on tasks it was not compiled from." in nothing.stdout
    assert "Saved a month" not in nothing.stdout


def test_an_estimate_goes_by_the_assumptions_it_is_given(awo, store):
    free = awo("estimate", store, "--price-as", "gpt-4.1", "--hourly-rate", "0", "--runs-a-day", "1")
    assert free.exit_code == 0
    unused = awo("estimate", store, "--price-as", "gpt-4.1", "--utilisation", "0", "--json")
    append = next(each for each in json.loads(unused.stdout)["ways"] if each["name"] == "append")
    assert append["expected"]["model_calls"] == 0 < append["possible"]["model_calls"]


def test_recompiling_says_what_was_kept_and_writes_the_new_toolkit(awo, store):
    awo("compile", store)
    result = awo("recompile", store, "-t", "toolkit.json", "-o", "new.json")
    assert result.exit_code == 0
    assert result.stdout.startswith("kept     get_user_order: ")
    assert "1 meta-tool in new.json, compiled from 40 traces" in result.stderr
    assert awo("diff", "toolkit.json", "new.json").exit_code == 0
    again = awo("recompile", store, "-t", "toolkit.json", "--json")
    found = json.loads(again.stdout)
    assert found["same"] is True
    assert [each["name"] for each in found["kept"]] == ["get_user_order"]
    assert found["new"] == found["changed"] == found["retired"] == []


def test_recompiling_obeys_what_is_declared_anew(awo, store):
    awo("compile", store)
    result = awo("recompile", store, "-t", "toolkit.json", "--protect", "get_order", "--json")
    (gone,) = json.loads(result.stdout)["retired"]
    assert gone["name"] == "get_user_order"
    assert read_plan("new-toolkit.json").settings["protected"] == ["get_order"]


def test_calls_of_meta_tools_that_cannot_be_read_back_are_counted(awo, store, recordings):
    awo("compile", store)
    line = json.loads(recordings.read_text().splitlines()[0])
    name = read_plan("toolkit.json").meta_tools[0].name
    odd = json.dumps({**line, "id": "odd"}).replace("find_user", name)
    recordings.write_text(recordings.read_text() + odd + "\n")
    result = awo("recompile", recordings, "-t", "toolkit.json")
    assert f"1 call of {name} left out: what it did is not in the traces" in result.stderr
