"""A secret of every class in every place of real runs is in no file, no log line and nothing that is shown."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from pathlib import Path
from typing import Annotated

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from pydantic import Field
from typer.testing import CliRunner

import langchain_awo as awo
from langchain_awo import autorecord
from langchain_awo.cli import app
from langchain_awo.runtime.tool.mcp_server import _answer_call
from langchain_awo.testing import ScriptedChatModel
from tests.capture.redaction.planted import SHAPES, password
from tests.capture.scripted_agents import asks, call, says

CHANCE = random.Random(11)  # noqa: S311  # made up
PLACES = (
    "argument", "output", "error", "artifact", "user", "system", "answer", "description", "default", "example", "tag", "metadata",
    "thread", "task", "url", "header", "cookie", "config", "connection", "constant",
)  # fmt: skip
SECRETS = {place: password(CHANCE) for place in PLACES}
SHAPED = {kind: make(CHANCE) for kind, make in SHAPES.items()}

Key = Annotated[
    str,
    Field(
        description=f"The key, such as {SHAPED['stripe']}",
        json_schema_extra={"default": SECRETS["default"], "examples": [SECRETS["example"]]},
    ),
]


@tool(description=f"Logs in; use password={SECRETS['description']} for tests.")
def log_in(user: str, password: str, api_key: Key = SECRETS["default"]) -> dict[str, object]:
    return {"token": SECRETS["output"], "user_id": f"U-{user}", "all": list(SHAPED.values())}


@tool
def fetch(url: str, headers: dict[str, str], user_id: str) -> str:
    """Fetches a page."""
    return json.dumps({"account": f"A-{user_id}", "dsn": f"postgres://app:{SECRETS['connection']}@db/x"})


@tool(response_format="content_and_artifact")
def look_up(account: str, api_key: str) -> tuple[str, dict[str, str]]:
    """Looks an account up."""
    return f"account {account} is open", {"secret": SECRETS["artifact"]}


@tool
def find_order(user: str) -> dict[str, str]:
    """Finds the latest order of a user."""
    return {"order_id": f"O-{user}-7"}


@tool
def get_order(order_id: str, api_key: Key = SECRETS["default"]) -> dict[str, str]:
    """Gets an order."""
    return {"state": "sent", "order_id": order_id}


@tool
def fail(reason: str) -> str:
    """Fails."""
    raise ValueError(f"Login failed: password={SECRETS['error']} ({SHAPED['github']})")


TOOLS = [log_in, fetch, look_up, find_order, get_order, fail]


def script(number: int) -> list[AIMessage]:
    user = f"ann{number}"
    headers = {
        "Authorization": f"Bearer {SECRETS['header']}",
        "Cookie": f"sid={SECRETS['cookie']}; theme=dark",
    }
    page = f"https://ann:{SECRETS['url']}@h.example/v1?api_key={SECRETS['output']}"
    return [
        asks(call("log_in", "1", user=user, password=SECRETS["argument"])),
        asks(call("fetch", "2", url=page, headers=headers, user_id=f"U-{user}")),
        asks(call("look_up", "3", account=f"A-U-{user}", api_key=SECRETS["constant"])),
        asks(call("find_order", "4", user=user)),
        asks(call("get_order", "5", order_id=f"O-{user}-7")),
        asks(call("fail", "6", reason=f"--password {SECRETS['config']}")),
        says(f"done; your password is {SECRETS['answer']} and your key {SHAPED['openai']}"),
    ]


def run(number: int, callbacks: list[object]) -> None:
    agent = create_agent(
        ScriptedChatModel(script=script(number)),
        TOOLS,
        system_prompt=f"The API key is {SECRETS['system']}; {SHAPED['jwt']}",
    )
    said = f"I am ann{number}, my password: {SECRETS['user']}; {SHAPED['pem']}"
    config = {
        "callbacks": callbacks,
        "tags": [f"token={SECRETS['tag']}", SHAPED["aws"]],
        "metadata": {
            "task_id": f"t{number} secret={SECRETS['task']}",
            "db_password": SECRETS["metadata"],
            "note": SHAPED["slack"],
        },
        "configurable": {"thread_id": f"{number}-pwd={SECRETS['thread']}"},
    }
    with pytest.raises(ValueError, match="Login failed"):
        agent.invoke({"messages": [("user", said)]}, config)


def found_in(text: str) -> list[str]:
    planted = {**SECRETS, **SHAPED}
    lines = {name: [secret, *secret.splitlines()[1:-1]] for name, secret in planted.items()}
    return [name for name, parts in lines.items() if any(part in text for part in parts)]


@pytest.fixture(scope="module", params=["traces.db", "traces.jsonl"])
def recorded(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("canary")
    with awo.TraceRecorder(folder / request.param) as recorder:
        for number in range(12):
            run(number, [recorder])
    return folder, folder / request.param


def test_the_runs_were_recorded_with_everything_they_did(recorded):
    traces = list(awo.open_store(recorded[1]).traces())
    assert len(traces) == 12
    assert [record.name for record in traces[0].tool_calls] == [each.name for each in TOOLS]
    assert traces[0].tool_calls[0].args["user"] == "ann0"
    assert len({trace.thread_id for trace in traces}) == 12


def test_what_flows_can_still_be_seen(recorded):
    first, second, *_ = next(iter(awo.open_store(recorded[1]).traces())).tool_calls
    token = json.loads(first.output)["token"]
    assert token.startswith("<secret:")
    assert second.args["url"].endswith(token)


def test_no_secret_is_in_any_file(recorded, caplog):
    caplog.set_level(logging.DEBUG)
    folder, store = recorded
    toolkit = awo.compile_toolkit(store, tools=TOOLS)
    toolkit.save(folder / "toolkit.json")
    awo.report(store, toolkit).save(folder / "report.html")
    for path in Path(folder).iterdir():
        assert found_in(path.read_bytes().decode("utf-8", "replace")) == [], path.name
    assert found_in(caplog.text) == []
    assert found_in(str(toolkit)) == []


def test_no_secret_is_in_what_is_shown(recorded):
    folder, store = recorded
    awo.compile_toolkit(store).save(folder / "shown.json")
    for words in (["show", str(folder / "shown.json")], ["show", str(folder / "shown.json"), "--json"]):
        shown = CliRunner().invoke(app, words)
        assert shown.exit_code == 0
        assert found_in(shown.output) == []


def test_no_mask_is_in_a_toolkit(recorded):
    folder, store = recorded
    toolkit = awo.compile_toolkit(store, tools=TOOLS, effects={"fetch": "read", "look_up": "read"})
    toolkit.save(folder / "masks.json")
    assert any("get_order" in each.tools for each in toolkit.meta_tools)
    assert not awo.MetaToolkit.load(folder / "masks.json", tools=TOOLS).disabled
    assert "secret" in {each.code for each in toolkit.refused}
    assert "<secret:" not in (folder / "masks.json").read_text()


def test_no_secret_of_an_imported_file_is_stored(tmp_path):
    lines = tmp_path / "chats.jsonl"
    said = {"role": "user", "content": f"password: {SECRETS['user']} and {SHAPED['github']}"}
    function = {"name": "t", "arguments": json.dumps({"api_key": SECRETS["argument"]})}
    asked = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "1", "type": "function", "function": function}],
    }
    told = {"role": "tool", "tool_call_id": "1", "content": f"Authorization: Bearer {SECRETS['header']}"}
    lines.write_text(json.dumps({"messages": [said, asked, told]}) + "\n")
    done = CliRunner().invoke(app, ["import", "messages", str(lines), "--store", str(tmp_path / "traces.db")])
    assert done.exit_code == 0
    assert found_in((tmp_path / "traces.db").read_bytes().decode("utf-8", "replace")) == []
    assert found_in(done.output) == []


def test_no_secret_of_a_file_that_is_only_read_is_shown(tmp_path):
    lines = tmp_path / "chats.jsonl"
    said = {"role": "user", "content": f"password: {SECRETS['user']} and {SHAPED['github']}"}
    lines.write_text(json.dumps({"messages": [said, {"role": "assistant", "content": "Hello!"}]}) + "\n")
    assert found_in(repr(awo.load_traces(lines))) == []


def test_no_secret_of_a_call_that_fails_on_a_server_is_logged(caplog):
    """Its caller is told what is wrong; the log of the server is for others."""
    caplog.set_level(logging.DEBUG)
    answer = asyncio.run(_answer_call(fail, {"reason": "none"}))
    assert answer.isError
    assert "the call of fail failed: ValueError" in caplog.text
    assert found_in(caplog.text) == []


@pytest.mark.parametrize(
    "words",
    [
        ["store", "info", "--store"],
        ["store", "vacuum", "--store"],
        ["store", "prune", "--older-than", "30d", "--store"],
        ["export", "traces", "-o", "out.parquet", "--store"],
        ["import", "--store"],
        ["show"],
        ["compile"],
    ],
)
@pytest.mark.parametrize("scheme", ["postgresql", "mysql", "s3"])
def test_no_password_of_an_address_is_shown(words, scheme, tmp_path, monkeypatch):
    """Whatever is wrong with it."""
    monkeypatch.chdir(tmp_path)
    source = ["chats.jsonl"] if words[0] == "import" else []
    (tmp_path / "chats.jsonl").write_text('{"messages": [{"role": "user", "content": "hi"}]}')
    address = f"{scheme}://keeper:{SECRETS['connection']}@/pools?host={tmp_path}"
    shown = CliRunner().invoke(app, [*words[:1], *source, *words[1:], address])
    assert shown.exit_code == 2, shown.output
    assert found_in(shown.output) == []


def test_no_password_of_an_address_to_record_to_is_logged(caplog):
    address = f"mysql://keeper:{SECRETS['connection']}@host/pools"
    assert autorecord.start({"AWO_RECORD": address}) is None
    assert "nothing is recorded" in caplog.text
    assert found_in(caplog.text) == []
