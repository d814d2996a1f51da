"""Decisions on the command line: made in the file, bound to the steps, kept when the traces are compiled again."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from langchain_awo.model.ir.reviewing import accept, find_meta_tool, get_standing
from langchain_awo.plan_file import read_plan, read_plan_file, update_plan
from tests.cli.test_bad_input import complaint
from tests.review.recordings import runs

PAGE, PAY, READ = "page_team_after_alert", "pay_back_for_received_return", "get_customer_orders"
WRITES = ["--writes", "--effect", "page_team=write", "--effect", "pay_back=write"]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """The text of a toolkit with two guarded writes."""
    from typer.testing import CliRunner

    from langchain_awo.cli import app

    folder = tmp_path_factory.mktemp("compiled")
    (folder / "runs.jsonl").write_text("\n".join(runs()))
    arguments = ["compile", folder / "runs.jsonl", "-o", folder / "toolkit.json", *WRITES]
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    assert f"not accepted yet, so not installed: {PAGE}, {PAY}" in result.stderr
    return (folder / "toolkit.json").read_text()


@pytest.fixture
def toolkit(folder, compiled):
    (folder / "toolkit.json").write_text(compiled)
    return "toolkit.json"


def recompiled(awo, *, paid="received", writes=WRITES):
    Path("runs.jsonl").write_text("\n".join(runs(paid=paid)))
    return awo("compile", "runs.jsonl", "-o", "toolkit.json", *writes)


def test_a_meta_tool_is_accepted_by_somebody_for_a_reason(awo, toolkit):
    result = awo(
        "accept", toolkit, PAGE, "--by", "ann", "--reason", "asked the team", "--needs-approval", "page_team"
    )
    assert result.exit_code == 0
    assert f"accepted  {PAGE}" in result.stdout
    assert "asks before page_team" in result.stdout
    assert f"left out until accepted: {PAY}" in result.stderr
    found = find_meta_tool(read_plan(toolkit), PAGE)
    assert (found.decision.by, found.decision.reason) == ("ann", "asked the team")
    assert found.decision.at.startswith("20")
    assert found.approval == ("page_team",)
    awo("accept", toolkit, PAGE, "--no-approval")
    assert find_meta_tool(read_plan(toolkit), PAGE).approval == ()


def test_every_decision_is_told_as_data(awo, toolkit):
    told = [
        json.loads(awo(*words, "--json").stdout)["meta_tools"][0]
        for words in (
            ("accept", toolkit, PAGE),
            ("undecide", toolkit, PAGE),
            ("reject", toolkit, PAGE, "--reason", "no"),
            ("rename", toolkit, READ, "orders_of", "--description", "Orders."),
            ("reword", toolkit, "orders_of", "All orders."),
            ("set-mode", toolkit, "orders_of", "append"),
        )
    ]
    assert [each["standing"] for each in told] == ["accepted", "undecided", "rejected", *["undecided"] * 3]
    assert told[2]["reason"] == "no"
    assert (told[-1]["name"], told[-1]["mode"]) == ("orders_of", "append")
    assert told[-1]["chosen"] == ["description", "mode", "name"]
    assert awo("seal", toolkit, "--check").exit_code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["accept", "toolkit.json", "page_team_after_alart"], f"did you mean '{PAGE}'?"),
        (["reject", "toolkit.json", PAGE, "nothing_like_it"], "it has "),
        (["accept", "toolkit.json", PAGE, "--needs-approval", "page_teams"], "did you mean 'page_team'?"),
        (["accept", "toolkit.json", PAGE, "--needs-approval", "page_team", "--no-approval"], "conflicts"),
        (["set-mode", "toolkit.json", READ, "contniue"], "did you mean 'continue'?"),
        (["set-mode", "toolkit.json", PAGE, "entry"], "nothing that runs unasked"),
        (["rename", "toolkit.json", READ, PAGE], "rename one"),
        (["rename", "toolkit.json", READ, "no spaces"], "ASCII"),
        (["accept", "gone.json", PAGE], "gone.json"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_decided_ends_with_two_and_changes_nothing(awo, toolkit, words, said):
    before = Path(toolkit).read_bytes()
    assert said in complaint(awo(*words))
    assert Path(toolkit).read_bytes() == before


def test_what_waits_is_a_check_for_pull_requests(awo, toolkit):
    result = awo("review", toolkit, "--check")
    assert result.exit_code == 1
    assert f"undecided {PAGE}: it writes and has not been accepted" in result.stdout
    told = awo("review", toolkit, "--json")
    assert (told.exit_code, json.loads(told.stdout)["waiting"]) == (1, [PAGE, PAY])
    awo("accept", toolkit, PAGE)
    awo("reject", toolkit, PAY)
    assert awo("review", toolkit, "--check").exit_code == 0


def test_a_signed_toolkit_stays_signed_and_is_changed_by_those_with_the_key_alone(awo, toolkit):
    Path("release.key").write_text("a key of the release team\n")
    Path("other.key").write_text("a key of somebody else\n")
    awo("seal", toolkit, "--key-file", "release.key")
    assert "--key-file" in complaint(awo("accept", toolkit, PAGE))
    assert "not signed with this key" in complaint(awo("accept", toolkit, PAGE, "--key-file", "other.key"))
    assert awo("accept", toolkit, PAGE, "--key-file", "release.key").exit_code == 0
    assert awo("seal", toolkit, "--check", "--key-file", "release.key").exit_code == 0


@pytest.mark.parametrize("verb", [["accept", PAGE], ["reject", PAGE], ["rename", READ, "x"], ["review"]])
def test_what_was_edited_by_hand_is_sealed_before_it_is_decided_about(awo, toolkit, verb):
    data = json.loads(Path(toolkit).read_text())
    data["meta_tools"][0]["description"] = "Other words."
    Path(toolkit).write_text(json.dumps(data))
    assert "`awo seal toolkit.json`" in complaint(awo(verb[0], toolkit, *verb[1:]))


def test_a_decision_that_was_written_into_the_file_by_hand_does_not_count(awo, toolkit):
    data = json.loads(Path(toolkit).read_text())
    waiting = next(each for each in data["meta_tools"] if each["name"] == PAGE)
    waiting["decision"] = {"verdict": "accepted", "digest": "0" * 64}
    Path(toolkit).write_text(json.dumps(data))
    assert awo("replay", "runs.jsonl", "-t", toolkit).exit_code == 2
    awo("seal", toolkit)
    assert get_standing(find_meta_tool(read_plan(toolkit), PAGE)) == "changed"


def test_decisions_of_several_at_once_are_all_kept(awo, toolkit):
    """Each waits for its turn, and is made on what the one before wrote."""
    names = [PAGE, PAY, READ] * 4

    def decide(number):
        update_plan(toolkit, lambda plan: accept(plan, names[number], by=str(number)))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(decide, range(len(names))))
    assert {get_standing(each) for each in read_plan(toolkit).meta_tools} == {"accepted"}
    assert read_plan_file(toolkit).problem() == ""
    assert [path.name for path in Path().iterdir()] == ["toolkit.json"]


def test_compiling_again_keeps_what_was_decided(awo, toolkit):
    awo("accept", toolkit, PAGE, "--by", "ann", "--needs-approval", "page_team")
    awo("reject", toolkit, PAY, "--reason", "finance checks each")
    awo("rename", toolkit, READ, "orders_of_customer")
    awo("set-mode", toolkit, "orders_of_customer", "append")
    result = recompiled(awo)
    assert f"decisions kept: {PAGE}" in result.stderr
    assert f"rejected before, left out: {PAY}" in result.stderr
    assert f"called orders_of_customer as a person chose, not {READ}" in result.stderr
    plan = read_plan(toolkit)
    assert {each.name for each in plan.meta_tools} == {PAGE, "orders_of_customer"}
    assert find_meta_tool(plan, PAGE).decision.by == "ann"
    assert find_meta_tool(plan, PAGE).approval == ("page_team",)
    assert find_meta_tool(plan, "orders_of_customer").mode == "append"
    assert find_meta_tool(plan, PAY).decision.reason == "finance checks each"
    [refused] = [each for each in plan.refused if each.code == "rejected"]
    assert refused.routine == ("get_return", "pay_back")
    assert refused.reason == f"a person rejected it under the name {PAY}: finance checks each"


def test_other_steps_ask_again(awo, toolkit):
    awo("accept", toolkit, PAGE, PAY)
    result = recompiled(awo, paid="lost")
    other = "pay_back_for_lost_return"
    assert f"needs a new decision: it has changed since it was accepted: {other}" in result.stderr
    assert get_standing(find_meta_tool(read_plan(toolkit), other)) == "changed"
    assert get_standing(find_meta_tool(read_plan(toolkit), PAGE)) == "accepted"
    assert f"changed   {other}" in awo("review", toolkit, "--check").stdout


def test_a_rejected_routine_stays_rejected_with_another_condition(awo, toolkit):
    awo("reject", toolkit, PAY)
    recompiled(awo, paid="lost")
    rejected = find_meta_tool(read_plan(toolkit), PAY)
    assert get_standing(rejected) == "rejected"
    assert rejected.tools not in {
        each.tools for each in read_plan(toolkit).meta_tools
    }  # nor under another name


def test_a_rejection_can_be_taken_back_after_compiling_again(awo, toolkit):
    awo("reject", toolkit, PAY)
    recompiled(awo)
    assert awo("accept", toolkit, PAY).exit_code == 0
    assert find_meta_tool(read_plan(toolkit), PAY) in read_plan(toolkit).meta_tools
    recompiled(awo)
    assert get_standing(find_meta_tool(read_plan(toolkit), PAY)) == "accepted"


def test_what_is_no_longer_found_is_named_with_its_decision(awo, toolkit):
    awo("accept", toolkit, PAGE, READ)
    result = recompiled(awo, writes=["--reads-only"])
    assert f"decided before, but no longer found: {PAGE}" in result.stderr
    assert {each.name for each in read_plan(toolkit).meta_tools} == {READ}


def test_decisions_in_an_edited_file_are_not_lost_by_compiling_over_it(awo, toolkit):
    awo("reject", toolkit, PAY)
    data = json.loads(Path(toolkit).read_text())
    data["meta_tools"][0]["description"] = "Other words."
    Path(toolkit).write_text(json.dumps(data))
    edited = Path(toolkit).read_bytes()
    assert "edited since it was sealed" in complaint(recompiled(awo))
    assert Path(toolkit).read_bytes() == edited


def test_recompile_and_diff_tell_what_became_of_decisions(awo, toolkit):
    awo("accept", toolkit, PAGE)
    awo("reject", toolkit, PAY)
    Path("runs.jsonl").write_text("\n".join(runs()))
    result = awo("recompile", "runs.jsonl", "-t", toolkit, "-o", "new.json")
    assert f"decisions kept: {PAGE}" in result.stdout
    assert f"rejected before, left out: {PAY}" in result.stdout
    assert awo("diff", toolkit, "new.json").exit_code == 0
    again = json.loads(awo("recompile", "runs.jsonl", "-t", toolkit, "-o", "new.json", "--json").stdout)
    assert again["decisions"]["kept"] == [PAGE]
    awo("undecide", "new.json", PAGE)
    changed = awo("diff", toolkit, "new.json")
    assert (changed.exit_code, "decision" in changed.stdout) == (1, True)
