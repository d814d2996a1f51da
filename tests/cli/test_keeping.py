"""A toolkit is not written over one of which nothing would be left."""

from __future__ import annotations

import pytest

from langchain_awo.plan_file import read_plan

UNDECLARED = ("--effect", "get_order=unknown")
PROTECTED = ("--protect", "get_order")


@pytest.fixture
def toolkit(awo, store):
    assert awo("compile", store).exit_code == 0
    return store.parent / "toolkit.json"


def test_a_toolkit_is_not_emptied(awo, store, toolkit):
    before = toolkit.read_bytes()
    result = awo("compile", store, *UNDECLARED)
    assert result.exit_code == 2
    assert "toolkit.json is left as it is: it has 1 meta-tool, and the new toolkit has none" in result.stderr
    assert "--effect get_order=read" in result.stderr
    assert toolkit.read_bytes() == before


def test_recompiling_over_the_toolkit_in_use_does_not_empty_it(awo, store, toolkit):
    before = toolkit.read_bytes()
    result = awo("recompile", store, "--toolkit", toolkit, "-o", toolkit, *PROTECTED)
    assert result.exit_code == 2
    assert "is left as it is" in result.stderr
    assert "retired" in result.stdout
    assert toolkit.read_bytes() == before


def test_an_empty_toolkit_may_be_written_elsewhere(awo, store, toolkit):
    assert awo("compile", store, *PROTECTED, "-o", "empty.json").exit_code == 0
    assert awo("recompile", store, "--toolkit", toolkit, *PROTECTED).exit_code == 0
    assert read_plan("empty.json").meta_tools == read_plan("new-toolkit.json").meta_tools == ()


def test_what_was_accepted_is_not_lost_for_something_else(awo, store, toolkit):
    """Two tools were renamed since: there is a routine again, but not the one that somebody accepted."""
    (accepted,) = read_plan(toolkit).meta_tools
    awo("accept", toolkit, accepted.name)
    renamed = store.parent / "renamed.jsonl"
    told = (store.parent / "orders.jsonl").read_text().replace("get_order", "get_bill")
    renamed.write_text(told.replace("find_user", "find_client"))
    result = awo("compile", renamed)
    assert result.exit_code == 2
    assert f"people accepted {accepted.name}, and the new toolkit has nothing of that" in result.stderr
    assert read_plan(toolkit).meta_tools[0].decision.verdict == "accepted"


def test_an_accepted_toolkit_is_compiled_again_with_what_was_decided(awo, store, toolkit):
    (accepted,) = read_plan(toolkit).meta_tools
    awo("accept", toolkit, accepted.name)
    assert awo("compile", store).exit_code == 0
    assert read_plan(toolkit).meta_tools[0].decision.verdict == "accepted"


@pytest.mark.parametrize("verb", ["compile", "recompile"])
def test_what_cannot_be_read_is_not_overwritten(awo, store, toolkit, verb):
    broken = toolkit.with_name("broken.json")
    broken.write_text(toolkit.read_text().replace('"meta_tools": [', '"meta_tools": [7, ', 1))
    former = ("--toolkit", toolkit) if verb == "recompile" else ()
    result = awo(verb, store, *former, "-o", broken)
    assert result.exit_code == 2
    assert "Nothing is written over it" in result.stderr
    assert "7, " in broken.read_text()


def test_a_rejected_meta_tool_leaves_an_empty_toolkit_that_stays_empty(awo, store, toolkit):
    (only,) = read_plan(toolkit).meta_tools
    awo("reject", toolkit, only.name)
    assert awo("compile", store).exit_code == 0
    assert [each.name for each in read_plan(toolkit).rejected] == [only.name]
