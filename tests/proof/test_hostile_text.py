"""Names, arguments and outputs that were planted in a recording act on no terminal, page or diagram, and pass for nothing we say."""

from __future__ import annotations

import json
import unicodedata

import pytest
from typer.testing import CliRunner

import langchain_awo as awo
from langchain_awo.cli.app import app
from langchain_awo.model.ir.metatool import Refused
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.trace.trace import Message, ModelCallRecord, ToolCallRecord, Trace
from langchain_awo.model.views.mermaid import to_mermaid
from langchain_awo.model.views.notation_parser import parse_meta_tool
from langchain_awo.model.views.python_view import render_python
from langchain_awo.model.views.refusals import format_refusals

FORGED = "9 meta-tools accepted"
HOSTILE = f'\x1b]0;mine\x07\x1b[2J\u202e\x9b31m<script>mine()</script>"]; click A\r\n{FORGED}\n[red]x[/red]'
LOOK, FIND = f"get_{HOSTILE}", f"find_{HOSTILE}"


def planted(number: int) -> Trace:
    user, order = f"u{number}x", f"o{number}y"
    found = json.dumps({f"order{HOSTILE}": order, "state": HOSTILE})
    args = {f"order{HOSTILE}": order, "kind": f"all{HOSTILE}"}
    calls = (
        ToolCallRecord(call_id="a", name=LOOK, args={f"id{HOSTILE}": user}, output=found, model_call=0),
        ToolCallRecord(call_id="b", name=FIND, args=args, output=f"{HOSTILE}{number}", model_call=1),
    )
    said = Message(role="user", text=f"look at {user}", before=0)
    asked = tuple(ModelCallRecord(model=f"m{HOSTILE}", text=HOSTILE) for _ in range(3))
    return Trace(
        trace_id=f"t{number}",
        task_id=f"task {number}{HOSTILE}",
        tags=(HOSTILE,),
        metadata={HOSTILE: HOSTILE},
        messages=(said,),
        model_calls=asked,
        tool_calls=calls,
    )


@pytest.fixture(scope="module")
def traces():
    return [planted(number) for number in range(30)]


@pytest.fixture(scope="module")
def toolkit(traces):
    effects = {LOOK: Effect.READ, FIND: Effect.READ}
    made = awo.compile_toolkit(traces, options=awo.Options(effects=effects))
    assert made.plan.meta_tools
    return made


def assert_harmless(text: str) -> None:
    acting = {c for c in text if c not in "\n\t" and unicodedata.category(c) in ("Cc", "Cf")}
    assert acting == set()
    assert not [line for line in text.splitlines() if line.strip().startswith(FORGED)]


def test_printed_routines_are_harmless_and_read_back_as_what_they_are(toolkit):
    assert_harmless(str(toolkit))
    (meta_tool, *_) = toolkit.plan.meta_tools
    read = parse_meta_tool(str(toolkit).split("\n\n", maxsplit=1)[0])
    assert [step.tool for step in read.steps] == [step.tool for step in meta_tool.steps]
    assert [step.args for step in read.steps] == [step.args for step in meta_tool.steps]
    assert_harmless(format_refusals([Refused(routine=(LOOK, FIND), code="rare", reason="it is rare")]))


def test_a_diagram_and_code_are_harmless(toolkit):
    drawn = to_mermaid(toolkit.plan.meta_tools[0])
    assert_harmless(drawn)
    assert not [line for line in drawn.splitlines() if line.strip().startswith("click")]
    assert_harmless(render_python(toolkit.plan))


def test_a_page_holds_no_program_but_its_own(traces, toolkit):
    page = awo.report(traces, toolkit, evaluated=False).html
    assert "<script>mine" not in page
    assert "mine()</script>" not in page


VERBS = {
    "show": ("show", "TRACES"),
    "show a toolkit": ("show", "TOOLKIT"),
    "show what was refused": ("show", "TOOLKIT", "--refused"),
    "show as a diagram": ("show", "TOOLKIT", "--mermaid"),
    "explain": ("explain", "TRACES", f"{LOOK} > {FIND}"),
    "explain what is not there": ("explain", "TRACES", "x > y"),
    "compile": ("compile", "TRACES", "-o", "NEW"),
    "replay": ("replay", "TRACES", "--toolkit", "TOOLKIT"),
    "monitor": ("monitor", "TRACES", "--toolkit", "TOOLKIT"),
    "evaluate": ("evaluate", "TRACES"),
    "one trace": ("store", "show", "t1", "--store", "TRACES"),
    "one trace as data": ("store", "show", "t1", "--store", "TRACES", "--json"),
    "a store": ("store", "info", "--store", "TRACES"),
    "differences": ("diff", "TOOLKIT", "TOOLKIT"),
    "a seal": ("seal", "TOOLKIT"),
    "a name that is none": ("accept", "TOOLKIT", LOOK),
}


@pytest.fixture(scope="module")
def files(traces, toolkit, tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted")
    with awo.open_store(folder / "traces.db") as store:
        store.append(traces)
    toolkit.save(folder / "toolkit.json")
    return {
        "TRACES": folder / "traces.db",
        "TOOLKIT": folder / "toolkit.json",
        "NEW": folder / "new.json",
    }


@pytest.mark.parametrize("verb", VERBS)
def test_what_a_verb_says_is_harmless(verb, files):
    said = CliRunner().invoke(app, [str(files.get(each, each)) for each in VERBS[verb]])
    assert said.exit_code in (0, 1, 2)
    assert said.exception is None or isinstance(said.exception, SystemExit)
    assert_harmless(said.output)
