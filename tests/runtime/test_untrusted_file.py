"""A toolkit file that somebody edited does nothing that the live tools and the user's code do not allow."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.tools import tool

from langchain_awo.api.middleware import MetaToolMiddleware
from langchain_awo.errors import SealError, ToolMismatchError
from langchain_awo.model.trace.effect import Effect
from langchain_awo.plan_file import read_plan
from langchain_awo.runtime.tool.toolkit import MetaToolkit
from tests.runtime.desk import FIND, NOTE, ORDERS, ask, call, model_of, plan_of, routine

EAGER = routine("help_user", FIND, replace(ORDERS, eager=True), mode="continue")
KEY = "a key of the release team"


@pytest.fixture
def path(desk: Any, tmp_path: Path) -> Path:
    MetaToolkit(plan=plan_of(desk.tools, EAGER, routine("write_it", FIND, NOTE))).save(tmp_path / "t.json")
    return tmp_path / "t.json"


def _edit(path: Path, change: Any) -> None:
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def _write_unasked(data: Any) -> None:
    """A write that is said to be a read, to be run after an ordinary call."""
    note = data["meta_tools"][1]["steps"][1]
    data["meta_tools"][0]["steps"][1] = {**note, "effect": "read", "eager": True}


def _write_at_entry(data: Any) -> None:
    _write_unasked(data)
    data["meta_tools"][0] |= {"mode": "entry", "parameters": []}
    data["meta_tools"][0]["steps"][0]["args"] = {"email": {"kind": "constant", "value": "a@b"}}


def _without_seal(change: Any) -> Any:
    def both(data: Any) -> None:
        change(data)
        del data["seal"]

    return both


EDITS = {"after a call": _write_unasked, "at the start": _write_at_entry}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_file_is_refused_with_what_to_do(desk: Any, path: Path, edit: str) -> None:
    _edit(path, EDITS[edit])
    with pytest.raises(SealError, match=r"t\.json was edited since it was sealed.*`awo seal"):
        MetaToolkit.load(path, tools=desk.tools)


def _run(desk: Any, toolkit: MetaToolkit, **known: Any) -> MetaToolMiddleware:
    installed = MetaToolMiddleware(toolkit, **known)
    agent = create_agent(model_of(call("find_user", email="a@b"), "done"), desk.tools, middleware=[installed])
    agent.invoke(ask())
    return installed


@pytest.mark.parametrize("edit", EDITS)
def test_without_a_seal_no_effect_in_the_file_is_believed(
    desk: Any, path: Path, edit: str, caplog: Any
) -> None:
    _edit(path, _without_seal(EDITS[edit]))
    toolkit = MetaToolkit.load(path, tools=desk.tools)
    assert "has no seal" in caplog.text
    assert "`awo seal" in caplog.text
    _run(desk, toolkit)
    assert desk.calls() == [("find_user", "a@b")]


def test_what_the_users_code_declares_is_believed_without_a_seal(desk: Any, path: Path) -> None:
    _edit(path, _without_seal(lambda data: None))
    reads = {"find_user": "read", "get_order": Effect.READ}
    _run(desk, MetaToolkit.load(path, tools=desk.tools, effects=reads))
    assert len(desk.calls("get_order")) == 2


@pytest.mark.parametrize("seal", [5, {}, {"digest": 7}, {"digest": "0" * 64, "more": "x"}])
def test_a_seal_that_is_none_is_refused(desk: Any, path: Path, seal: Any) -> None:
    _edit(path, lambda data: data.update(seal=seal))
    with pytest.raises(SealError):
        MetaToolkit.load(path, tools=desk.tools)


def test_with_a_key_only_a_signed_file_is_loaded(desk: Any, path: Path) -> None:
    with pytest.raises(SealError, match="not signed with this key"):
        MetaToolkit.load(path, tools=desk.tools, key=KEY)
    loaded = MetaToolkit.load(path, tools=desk.tools)
    loaded.save(path, key=KEY)
    assert MetaToolkit.load(path, tools=desk.tools, key=KEY).plan == loaded.plan == read_plan(path)
    with pytest.raises(SealError, match="not signed with this key"):
        MetaToolkit.load(path, tools=desk.tools, key="another key altogether")


def test_whoever_seals_an_edit_without_the_key_is_found_out(desk: Any, path: Path) -> None:
    _edit(path, _write_unasked)
    MetaToolkit(plan=MetaToolkit.load(_unsealed(path), tools=desk.tools).plan).save(
        path
    )  # as `awo seal` does
    with pytest.raises(SealError, match="not signed"):
        MetaToolkit.load(path, tools=desk.tools, key=KEY)


def _unsealed(path: Path) -> Path:
    _edit(path, lambda data: data.pop("seal"))
    return path


HINTS = {
    "flat, destructive": {"destructiveHint": True},
    "flat, no read": {"readOnlyHint": False},
    "both at once": {"readOnlyHint": True, "destructiveHint": True},
    "of langchain.mcp": {"mcp": {"tool": {"annotations": {"read_only_hint": False}}}},
}


def _hinted(desk: Any, metadata: dict[str, Any]) -> list[Any]:
    @tool
    def get_order(order_id: str) -> dict:
        """Reads an order."""
        desk.row("get_order", order_id)
        return {"id": order_id}

    get_order.metadata = metadata
    return [get_order if each.name == "get_order" else each for each in desk.tools]


@pytest.mark.parametrize("hints", HINTS)
def test_a_tool_that_admits_to_worse_disables_what_uses_it(desk: Any, path: Path, hints: str) -> None:
    tools = _hinted(desk, HINTS[hints])
    toolkit = MetaToolkit.load(path, tools=tools)
    assert "'get_order' declares itself destructive" in toolkit.disabled["help_user"]
    assert [each.name for each in toolkit.meta_tools] == ["write_it"]
    installed = MetaToolMiddleware(toolkit)
    agent = create_agent(model_of(call("find_user", email="a@b"), "done"), tools, middleware=[installed])
    agent.invoke(ask())
    assert desk.calls() == [("find_user", "a@b")]
    assert installed.refused == toolkit.disabled
    with pytest.raises(ToolMismatchError, match="get_order"):
        MetaToolkit.load(path, tools=tools, strict=True)


def test_the_users_code_has_the_last_word_over_hints(desk: Any, path: Path) -> None:
    tools = _hinted(desk, {"readOnlyHint": False})
    toolkit = MetaToolkit.load(path, tools=tools, effects={"get_order": "read"})
    assert toolkit.disabled == {}


def test_a_harmless_claim_makes_a_write_no_read(desk: Any) -> None:
    tools = desk.tools
    next(each for each in tools if each.name == "note").metadata = {"readOnlyHint": True}
    plan = plan_of(tools, routine("m", FIND, NOTE))
    assert not MetaToolkit(plan=plan, tools=tools).meta_tools[0].effect.is_read


def test_a_declared_write_is_not_run_unasked(desk: Any, path: Path) -> None:
    _run(desk, MetaToolkit.load(path, tools=desk.tools, effects={"get_order": "write"}))
    assert desk.calls("get_order") == []


def test_a_meta_tool_over_a_meta_tool_is_disabled(desk: Any, toolkit: Any) -> None:
    inner = toolkit(routine("write_it", FIND, NOTE)).get_tool("write_it")
    tools = [*desk.tools, inner]
    from langchain_awo.model.ir.binding import Parameter
    from tests.runtime.desk import step

    outer = routine("outer", step("write_it", args={"email": Parameter(name="email")}))
    assert "itself a meta-tool" in MetaToolkit(plan=plan_of(tools, outer), tools=tools).disabled["outer"]
