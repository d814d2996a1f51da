"""The artifact: saved, loaded over live tools, and refused when it is not what this package wrote."""

import json
from pathlib import Path
from typing import Any

import pytest
from langchain_core.tools import StructuredTool, tool

from langchain_awo.errors import PlanError, ToolMismatchError
from langchain_awo.model.ir.binding import Argument, Constant, Item, ObjectOf, Output, Parameter, Template
from langchain_awo.model.ir.metatool import (
    Map,
    MetaTool,
    Refused,
    Step,
    ToolkitPlan,
    ToolSignature,
    UseEvidence,
)
from langchain_awo.model.trace.effect import Effect
from langchain_awo.plan_file import MAX_BYTES, read_plan, write_plan
from langchain_awo.runtime.tool.toolkit import MetaToolkit
from tests.runtime.desk import FIND, NOTE, ORDERS, plan_of, routine, step


def test_a_saved_toolkit_is_loaded_as_it_was(desk: Any, toolkit: Any, tmp_path: Path) -> None:
    saved = toolkit(routine("help_user", FIND, ORDERS, NOTE))
    saved.save(tmp_path / "toolkit.json")
    loaded = MetaToolkit.load(tmp_path / "toolkit.json", tools=desk.tools)
    assert loaded.plan == saved.plan
    assert [each.name for each in loaded.get_tools()] == ["help_user"]
    assert loaded.disabled == {}


def test_the_same_plan_gives_the_same_bytes(desk: Any, toolkit: Any, tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        toolkit(routine("help_user", FIND, ORDERS, NOTE)).save(tmp_path / name)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert (tmp_path / "a.json").read_text().startswith('{\n  "schema_version": 2,')


def test_a_toolkit_prints_as_its_notation_with_what_is_disabled(desk: Any) -> None:
    plan = plan_of(desk.tools, routine("help_user", FIND, NOTE))
    text = str(MetaToolkit(plan=plan, tools=desk.tools[:1]))
    assert "find_user(email=$email)" in text
    assert "help_user is disabled: the tool 'note' is missing" in text


def test_tools_are_chosen_by_the_mode_they_are_meant_for(toolkit: Any) -> None:
    built = toolkit(routine("a", FIND), routine("b", FIND, ORDERS, mode="continue"))
    assert [each.name for each in built.get_tools()] == ["a", "b"]
    assert [each.name for each in built.get_tools("append")] == ["a"]
    assert [each.name for each in built.get_tools("continue")] == ["b"]


def test_refused_candidates_are_kept_with_their_reasons(desk: Any) -> None:
    refused = (Refused(routine=("a", "b"), code="rare", reason="too rare"),)
    assert MetaToolkit(plan=ToolkitPlan(refused=refused)).refused == refused


def test_a_missing_tool_disables_only_the_meta_tools_that_call_it(desk: Any) -> None:
    plan = plan_of(desk.tools, routine("a", FIND), routine("b", FIND, NOTE))
    built = MetaToolkit(plan=plan, tools=desk.tools[:1])
    assert [each.name for each in built.get_tools()] == ["a"]
    assert list(built.disabled) == ["b"]


def test_with_strict_a_missing_tool_is_an_error_that_names_it(desk: Any, tmp_path: Path) -> None:
    write_plan(plan_of(desk.tools, routine("b", FIND, NOTE)), tmp_path / "toolkit.json")
    with pytest.raises(ToolMismatchError, match="'note' is missing") as caught:
        MetaToolkit.load(tmp_path / "toolkit.json", tools=desk.tools[:1], strict=True)
    assert caught.value.tool == "note"


def test_a_changed_signature_disables_and_changed_words_do_not(desk: Any) -> None:
    plan = plan_of(desk.tools, routine("m", FIND))

    @tool
    def find_user(email: str) -> dict:
        """Finds a user, in other words."""
        return {}

    assert MetaToolkit(plan=plan, tools=[find_user]).disabled == {}

    @tool("find_user")
    def changed(email: int) -> dict:
        """Finds a user by email."""
        return {}

    assert "a different signature" in MetaToolkit(plan=plan, tools=[changed]).disabled["m"]


def _inferred(*steps: Step) -> ToolkitPlan:
    names = {each.tool for each in steps}
    signatures = {name: ToolSignature(source="traces") for name in names}
    return ToolkitPlan(meta_tools=(routine("m", *steps),), tools=signatures)


def test_a_signature_known_from_traces_is_checked_against_the_live_tool(desk: Any) -> None:
    email = {"email": Parameter(name="email")}
    cases = {
        "no argument 'phone'": step("find_user", args={**email, "phone": Constant(value=1)}),
        "requires the argument 'user'": step("note", args={"text": Constant(value="x")}),
        "does not take 'seven' as 'user'": step(
            "note", args={"user": Constant(value="seven"), "text": Constant(value="x")}
        ),
        "": step("refund", args={"order_id": Constant(value="A")}),
    }
    for reason, each in cases.items():
        disabled = MetaToolkit(plan=_inferred(each), tools=desk.tools).disabled
        assert reason in disabled.get("m", "")
        assert bool(disabled) == bool(reason)


def test_a_tool_whose_schema_is_a_dictionary_is_checked_too() -> None:
    async def search(**args: Any) -> str:
        return "x"

    schema = {"type": "object", "properties": {"mode": {"enum": ["a", "b"]}}, "required": ["mode"]}
    live = StructuredTool(name="search", description="d", args_schema=schema, coroutine=search)
    good, bad = (step("search", Effect.READ, args={"mode": Constant(value=value)}) for value in ("a", "c"))
    assert MetaToolkit(plan=_inferred(good), tools=[live]).disabled == {}
    assert "does not take 'c'" in MetaToolkit(plan=_inferred(bad), tools=[live]).disabled["m"]


@pytest.mark.parametrize("listed", [{"enum": [1, "a"]}, {"const": 1}, {"anyOf": [{"const": 1}]}])
def test_a_listed_number_is_no_switch(listed: Any) -> None:
    schema = {"type": "object", "properties": {"level": listed}}
    live = StructuredTool(name="search", description="d", args_schema=schema, func=lambda **_: "x")
    good, bad = (step("search", Effect.READ, args={"level": Constant(value=value)}) for value in (1, True))
    assert MetaToolkit(plan=_inferred(good), tools=[live]).disabled == {}
    assert "does not take True" in MetaToolkit(plan=_inferred(bad), tools=[live]).disabled["m"]


def test_a_meta_tool_with_the_name_of_a_live_tool_is_disabled(desk: Any) -> None:
    plan = ToolkitPlan(
        meta_tools=(routine("note", FIND),), tools={"find_user": ToolSignature(source="traces")}
    )
    assert "rename" in MetaToolkit(plan=plan, tools=desk.tools).disabled["note"]


def test_a_tool_that_answers_the_user_directly_may_only_be_last(desk: Any) -> None:
    @tool(return_direct=True)
    def say(text: str) -> str:
        """Says it to the user."""
        return text

    tools = [*desk.tools, say]
    said = step("say", args={"text": Constant(value="x")})
    middle = MetaToolkit(plan=plan_of(tools, routine("m", FIND, said, NOTE)), tools=tools)
    last = MetaToolkit(plan=plan_of(tools, routine("m", FIND, said)), tools=tools)
    assert "directly" in middle.disabled["m"]
    assert last.get_tools()[0].return_direct


def test_metadata_says_what_the_meta_tool_does(toolkit: Any) -> None:
    kinds = {
        "read": routine("read", FIND, ORDERS),
        "write": routine("write", FIND, NOTE),
        "destroy": routine(
            "destroy", FIND, Step(tool="refund", args=REFUND_FIXED, effect=Effect.DESTRUCTIVE)
        ),
    }
    said = {each.name: each.metadata for each in toolkit(*kinds.values()).get_tools()}
    assert said["read"]["awo"]["steps"] == ["find_user", "get_order"]
    hints = ("readOnlyHint", "destructiveHint", "idempotentHint")
    assert [[data[hint] for hint in hints] for data in said.values()] == [
        [True, False, True],
        [False, False, False],
        [False, True, False],
    ]


REFUND_FIXED = {"order_id": Constant(value="A")}


def _one(*steps: Step, **known: Any) -> MetaTool:
    return routine("m", *steps, **known)


HOSTILE: dict[str, tuple[MetaTool, str]] = {
    "a step that uses a later one": (
        _one(step("note", args={"user": Output(step=2, path="/id")}), FIND),
        "step 2, which is not an earlier step",
    ),
    "a step that uses itself": (_one(step("note", args={"user": Output(step=1)})), "not an earlier step"),
    "a step that uses step zero": (
        _one(FIND, step("note", args={"user": Argument(step=0, path="")})),
        "earlier",
    ),
    "an unknown parameter": (_one(step("note", args={"user": Parameter(name="who")})), "'who'"),
    "a parameter deep inside": (
        _one(
            step(
                "note",
                args={"user": ObjectOf(members={"a": Template(prefix="", source=Parameter(name="q"))})},
            )
        ),
        "'q'",
    ),
    "an item without a map": (_one(step("note", args={"user": Item()})), "not mapped"),
    "an item as the source of its own map": (
        _one(FIND, step("note", args={}, over=Map(source=Item()))),
        "only in the arguments",
    ),
    "no pointer": (_one(FIND, step("note", args={"user": Output(step=1, path="id")})), "JSON Pointer"),
    "an argument that is not bound": (
        _one(FIND, step("note", args={"user": Argument(step=1, path="/phone")})),
        "'phone'",
    ),
    "an argument of a mapped step": (
        _one(FIND, ORDERS, step("note", args={"user": Argument(step=2, path="/order_id")})),
        "mapped",
    ),
    "no steps": (_one(), "no steps"),
    "ten thousand steps": (_one(*[FIND] * 10_000), "10000 steps"),
    "a map without bound": (
        _one(FIND, step("note", args={}, over=Map(source=Output(step=1), limit=10**9))),
        "items",
    ),
    "a name that is no name": (routine("rm -rf /", FIND), "letters"),
    "a huge text": (_one(step("note", args={"text": Constant(value="x" * 100_000)})), "100,000 characters"),
    "a deep value": (
        _one(step("note", args={"text": Constant(value=json.loads("[" * 90 + "]" * 90))})),
        "deep",
    ),
    "an unknown tool": (_one(step("nonsense")), "nonsense"),
    "a whole output hidden": (_one(step("note", hide={"": UseEvidence()})), "hides its whole output"),
    "an error hidden": (_one(step("note", hide={"/error/text": UseEvidence()})), "says how a call went"),
    "a hidden place that is no pointer": (_one(step("note", hide={"text": UseEvidence()})), "'text' is not"),
    "thousands of hidden places": (
        _one(step("note", hide={f"/{n}": UseEvidence() for n in range(9_999)})),
        "hides 9,999 places",
    ),
    "an optional argument that is not bound": (_one(step("note", optional=("text",))), "optional"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_plan_is_refused_by_name(case: str, desk: Any, tmp_path: Path) -> None:
    meta_tool, expected = HOSTILE[case]
    write_plan(plan_of(desk.tools, meta_tool), tmp_path / "toolkit.json")
    with pytest.raises(PlanError, match=r"toolkit\.json") as caught:
        MetaToolkit.load(tmp_path / "toolkit.json", tools=desk.tools)
    assert expected in str(caught.value)


def test_a_plan_of_more_meta_tools_than_a_model_could_choose_from_is_refused(
    desk: Any, tmp_path: Path
) -> None:
    many = plan_of(desk.tools, *(routine(f"m{number}", FIND) for number in range(1_001)))
    write_plan(many, tmp_path / "toolkit.json")
    with pytest.raises(PlanError, match=r"toolkit\.json: 1001 meta-tools; at most 1000"):
        MetaToolkit.load(tmp_path / "toolkit.json", tools=desk.tools)


WRONG: dict[str, tuple[str, str]] = {
    "no JSON": ("{", "not JSON"),
    "another kind of JSON": ("[1]", "schema version None"),
    "another version": ('{"schema_version": 99}', "version 99"),
    "wrong types": ('{"schema_version": 1, "meta_tools": [{"name": 5}]}', "meta_tools/0/name"),
    "an unknown binding": (
        json.dumps(
            {
                "schema_version": 1,
                "meta_tools": [
                    {
                        "name": "m",
                        "description": "",
                        "steps": [{"tool": "x", "args": {"a": {"kind": "eval", "code": "1"}}}],
                    }
                ],
            }
        ),
        "args/a",
    ),
    "brackets without end": ("[" * 200_000, "not JSON"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_file_that_is_no_plan_is_refused_with_the_place(case: str, tmp_path: Path) -> None:
    text, expected = WRONG[case]
    (tmp_path / "toolkit.json").write_text(text)
    with pytest.raises(PlanError) as caught:
        read_plan(tmp_path / "toolkit.json")
    assert expected in str(caught.value)


def test_a_file_that_is_too_long_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "toolkit.json").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(PlanError, match="larger than"):
        read_plan(tmp_path / "toolkit.json")


def test_paths_that_cannot_be_read_or_written_are_named(desk: Any, tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"missing\.json cannot be read"):
        read_plan(tmp_path / "missing.json")
    with pytest.raises(PlanError, match="cannot be written"):
        write_plan(plan_of(desk.tools), tmp_path / "nowhere" / "toolkit.json")


def test_a_failed_save_leaves_nothing_behind(desk: Any, tmp_path: Path) -> None:
    (tmp_path / "toolkit.json").mkdir()
    with pytest.raises(PlanError, match="cannot be written"):
        write_plan(plan_of(desk.tools), tmp_path / "toolkit.json")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["desk.db", "toolkit.json"]
