"""What is wrong with the input is said in one clear line, with exit code 2, and never as a traceback."""

from __future__ import annotations

import gzip
import json
import sqlite3
from contextlib import closing

import pytest

from langchain_awo.plan_file import read_plan
from tests.cli.recordings import order_run


def complaint(result):
    """The last line on stderr of a run that failed."""
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return result.stderr.replace("│", " ")


def test_bad_lines_are_reported_by_number_with_the_reason(awo, recordings):
    lines = recordings.read_text().splitlines()
    lines[2] = lines[2][:50]
    lines[4] = '{"id": "x"}'
    recordings.write_text("\n".join(lines))
    result = awo("import", "messages", recordings, "--store", "traces.db")
    assert result.exit_code == 0
    assert "line 3: not JSON" in result.stderr
    assert "line 5: it has no list of messages" in result.stderr
    assert "2 lines skipped" in result.stdout
    assert awo("import", "messages", recordings, "--store", "t.db", "--strict").exit_code == 1


@pytest.mark.parametrize("verb", [["compile"], ["show"], ["evaluate"]])
def test_bad_lines_are_reported_by_every_verb_that_reads_messages(awo, recordings, verb):
    recordings.write_text(recordings.read_text() + '{"torn": ')
    result = awo(*verb, recordings)
    assert result.exit_code == 0
    assert "skipped line 41: not JSON" in result.stderr
    assert "1 record of" in result.stderr


def test_a_torn_line_of_a_store_is_reported_by_number(awo, recordings):
    awo("import", "messages", recordings, "--store", "traces.jsonl")
    with open("traces.jsonl", "a") as file:  # noqa: PTH123  # in the test's own folder
        file.write('{"trace_id": "torn"')
    result = awo("show", "traces.jsonl", "--json")
    assert json.loads(result.stdout)["traces"] == 40
    assert "traces.jsonl, line" in result.stderr


def test_an_empty_store_gives_an_explained_empty_toolkit(awo, empty_store):
    result = awo("compile", empty_store)
    assert result.exit_code == 0
    assert "contains no traces" in result.stderr
    assert read_plan("toolkit.json").meta_tools == ()


def test_a_trace_without_tool_calls_gives_an_explained_empty_toolkit(awo, talk):
    result = awo("compile", talk)
    assert result.exit_code == 0
    assert "no model called a tool" in result.stderr
    assert read_plan("toolkit.json").meta_tools == ()


@pytest.mark.parametrize("source", ["empty.db", "talk.jsonl"])
def test_nothing_is_replayed_as_nothing(awo, store, empty_store, talk, source):
    awo("compile", store)
    found = json.loads(awo("replay", source, "--toolkit", "toolkit.json", "--json").stdout)
    assert found["result"]["chooser"] == found["ceiling"]["chooser"] == 0


def test_too_few_tasks_to_split_are_an_error(awo, talk, empty_store):
    assert "record more tasks" in complaint(awo("evaluate", talk))
    assert "record more tasks" in complaint(awo("evaluate", empty_store))


def test_a_domain_that_no_trace_has_is_explained(awo, store):
    result = awo("compile", store, "--domain", "bank")
    assert result.exit_code == 0
    assert "has domain 'bank'; its domains are 'desk', 'shop'" in result.stderr


def test_a_store_of_another_version_is_refused(awo, store):
    with closing(sqlite3.connect(store)) as database, database:
        database.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
    assert "schema version" in complaint(awo("show", store))


def test_a_state_of_another_version_is_refused_and_left_as_it_is(awo, store, folder):
    state = folder / "mining.state"
    assert awo("compile", store, "-o", "toolkit.json", "--state", state).exit_code == 0
    lines = gzip.decompress(state.read_bytes()).splitlines()
    state.write_bytes(
        gzip.compress(b"\n".join([json.dumps({**json.loads(lines[0]), "version": 99}).encode(), *lines[1:]]))
    )
    before = state.read_bytes()
    told = complaint(awo("compile", store, "-o", "toolkit.json", "--state", state))
    assert "mining.state is a mining state of version 99" in told
    assert "Remove it and compile all traces again" in told
    assert state.read_bytes() == before


def test_a_toolkit_of_another_version_is_refused(awo, store, folder):
    (folder / "toolkit.json").write_text('{"schema_version": 99}')
    assert "toolkit schema version 99" in complaint(awo("show", "toolkit.json"))
    assert "toolkit schema version 99" in complaint(awo("replay", store, "-t", "toolkit.json"))


def test_a_cut_off_toolkit_is_refused(awo, store, folder):
    awo("compile", store)
    whole = (folder / "toolkit.json").read_text()
    (folder / "toolkit.json").write_text(whole[: len(whole) // 2])
    assert "is not JSON" in complaint(awo("show", "toolkit.json"))


@pytest.mark.parametrize("source", ["nothing.db", "nothing.jsonl", "nothing/traces.db"])
def test_a_missing_source_is_named(awo, source):
    assert source in complaint(awo("compile", source))


def test_a_file_that_is_neither_store_nor_messages_is_refused(awo, folder):
    (folder / "prose.jsonl").write_text("once upon a time\n")
    assert "contains no recorded conversation" in complaint(awo("show", "prose.jsonl"))


def test_a_path_that_cannot_be_written_is_an_error_before_the_work(awo, folder):
    assert "nowhere/t.json cannot be written" in complaint(
        awo("compile", "nothing.db", "-o", "nowhere/t.json")
    )
    assert "is a folder" in complaint(awo("compile", "nothing.db", "-o", folder))


def test_nothing_but_a_toolkit_is_overwritten(awo, store):
    before = store.read_bytes()
    assert "is not a compiled toolkit" in complaint(awo("compile", store, "-o", store))
    assert store.read_bytes() == before
    assert awo("compile", store).exit_code == awo("compile", store).exit_code == 0


BAD_OPTIONS = {
    "an effect that does not exist": (["--effect", "get_order=reed"], "did you mean 'read'?"),
    "an effect of nothing": (["--effect", "=read"], "write TOOL=EFFECT"),
    "a tool without an effect": (["--effect", "get_order"], "write TOOL=EFFECT"),
    "no tools at all": (["--max-tools", "0"], "--max-tools"),
    "another strategy": (["--strategy", "magic"], "magic"),
    "tools without an attribute": (["--tools", "json"], "module:attribute"),
    "tools of a module that is not there": (["--tools", "not_there:TOOLS"], "not_there"),
    "tools that are none": (["--tools", "json:__all__"], "no LangChain tool"),
    "one thing that is no list": (["--tools", "sys:maxsize"], "not a list of tools"),
}


@pytest.mark.parametrize("what", BAD_OPTIONS)
def test_options_that_make_no_sense_are_refused(awo, store, what):
    options, named = BAD_OPTIONS[what]
    assert named in complaint(awo("compile", store, *options))


def test_options_of_the_other_kind_of_source_are_refused(awo, store):
    awo("compile", store)
    assert "--ngrams" in complaint(awo("show", "toolkit.json", "--ngrams"))
    assert "--refused" in complaint(awo("show", store, "--refused"))


def test_control_characters_of_recordings_do_not_reach_the_terminal(awo, folder):
    run = json.dumps(order_run(1)).replace("find_user", r"find\u001b[31muser")
    (folder / "odd.jsonl").write_text(run)
    shown = awo("show", "odd.jsonl").stdout
    assert "\x1b" not in shown
    assert r"\x1b[31m" in shown


def test_a_threshold_above_every_weight_gives_an_empty_toolkit(awo, store):
    result = awo("compile", store, "--strategy", "awo", "--threshold", "1000")
    assert result.exit_code == 0
    assert "no meta-tools" in result.stdout
    assert read_plan("toolkit.json").meta_tools == ()


def test_rules_that_are_none_are_refused(awo, store, folder):
    (folder / "rules.yaml").write_text("rules: 7\n")
    assert "rules.yaml" in complaint(awo("compile", store, "--rules", "rules.yaml"))


def test_an_estimate_needs_prices(awo, store, folder):
    assert "does not list 'gpt-4.2'; it has gpt-" in complaint(
        awo("estimate", store, "--price-as", "gpt-4.2")
    )
    assert "gone.yaml cannot be read" in complaint(awo("estimate", store, "--prices", "gone.yaml"))
    (folder / "prices.yaml").write_text("models: {m: {input: -1, output: 1}}")
    assert "not negative" in complaint(awo("estimate", store, "--prices", "prices.yaml"))
    assert "record more tasks" in complaint(awo("estimate", store, "--held-out", "0"))


def test_nothing_is_recompiled_from_what_cannot_be_read(awo, store, folder):
    awo("compile", store, "-o", "new.json")
    before = (folder / "new.json").read_bytes()
    assert "cannot be read" in complaint(awo("recompile", store, "-t", "gone.json", "-o", "new.json"))
    (folder / "old.json").write_text('{"schema_version": 99}')
    assert "version 99" in complaint(awo("recompile", store, "-t", "old.json", "-o", "new.json"))
    assert "nothing.db" in complaint(awo("recompile", "nothing.db", "-t", "new.json", "-o", "new.json"))
    assert "is not a compiled toolkit" in complaint(awo("recompile", store, "-t", "new.json", "-o", store))
    assert (folder / "new.json").read_bytes() == before


def test_a_toolkit_compiled_with_rules_is_recompiled_with_rules(awo, store, folder):
    (folder / "rules.yaml").write_text("rules:\n- kind: commute\n")
    awo("compile", store, "--rules", "rules.yaml")
    assert "merging rules" in complaint(awo("recompile", store, "-t", "toolkit.json"))
    assert awo("recompile", store, "-t", "toolkit.json", "--rules", "rules.yaml").exit_code == 0


def test_json_that_is_no_toolkit_is_not_taken_for_an_empty_one(awo, store, tmp_path):
    (tmp_path / "other.json").write_text('{"name": "something"}')
    for verb in ("monitor", "replay", "recompile"):
        more = ("-o", "new.json") if verb == "recompile" else ()
        assert "other.json is not a compiled toolkit" in complaint(
            awo(verb, store, "-t", "other.json", *more)
        )


NAMING = {
    "compile": ("-o", "new.json"),
    "evaluate": (),
    "estimate": ("--price-as", "gpt-4.1-mini"),
    "explain": ("find_user > get_order",),
    "recompile": ("--toolkit", "toolkit.json", "-o", "new.json"),
}


@pytest.mark.parametrize("verb", NAMING)
@pytest.mark.parametrize("option", [("--protect", "get_oder"), ("--effect", "get_oder=write")])
def test_a_tool_that_nobody_knows_is_never_passed_over_in_silence(awo, store, caplog, verb, option):
    if verb == "recompile":
        awo("compile", store)
    awo(verb, store, *NAMING[verb], *option)
    assert "names 'get_oder', which no trace calls; did you mean 'get_order'?" in caplog.text


@pytest.mark.parametrize("verb", ["evaluate", "estimate"])
def test_a_share_in_percent_is_told_how_to_be_written(awo, store, verb):
    assert "0.1 for 10 %" in complaint(awo(verb, store, "--held-out", "10"))
