"""`awo store` and `awo export traces`: what is stored is shown, deleted and written elsewhere."""

from __future__ import annotations

import json
import time

import pytest

from langchain_awo.model.trace.trace import Message, ModelCallRecord, ToolCallRecord, Trace
from langchain_awo.stores import open_store

DAY = 86_400


@pytest.fixture(params=["loans.db", "loans.jsonl"])
def loans(request, folder):
    """Traces of two users on two days and one without a start, in each kind of file."""
    now = time.time()
    with open_store(folder / request.param, project="library") as store:
        store.append(
            Trace(
                trace_id=f"loan-{n}",
                thread_id=f"talk-{n % 2}",
                started_at=now - (40 if n < 3 else 1) * DAY,
                metadata={"user_id": ("ann", "bo")[n % 2]},
                messages=(Message(role="user", text="Lend me a book.", before=0),),
                model_calls=(ModelCallRecord(), ModelCallRecord(text="Here you are.")),
                tool_calls=(
                    ToolCallRecord(call_id="a", name="lend", args={"n": n}, output="lent", model_call=0),
                ),
            )
            for n in range(5)
        )
    with open_store(folder / request.param) as store:
        store.append([Trace(trace_id="undated")])
    return request.param


def told(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_info_counts(awo, loans):
    told_all = told(awo("store", "info", "--store", loans, "--json"))
    assert (told_all["traces"], told_all["tool_calls"], told_all["users"], told_all["undated"]) == (
        6,
        5,
        2,
        1,
    )
    assert {(each["project"], each["traces"]) for each in told_all["scopes"]} == {("", 1), ("library", 5)}
    assert told_all["size"] > 0
    assert told(awo("store", "info", "--store", loans, "--project", "library", "--json"))["traces"] == 5
    said = awo("store", "info", "--store", loans).stdout
    assert "library" in said
    assert "tool calls" in said


def test_show_tells_a_run_in_order(awo, loans):
    said = awo("store", "show", "loan-3", "--store", loans).stdout
    lines = [line.strip() for line in said.splitlines()]
    assert lines[0].startswith("loan-3: ")
    assert lines[1:] == [
        "user: Lend me a book.",
        "#0 model: -",
        'lend({"n":3}) -> ok: "lent"',
        "#1 model: Here you are.",
    ]
    assert told(awo("store", "show", "loan-3", "--store", loans, "--json"))["trace_id"] == "loan-3"
    missing = awo("store", "show", "gone", "--store", loans)
    assert missing.exit_code == 2
    assert "no trace 'gone'" in missing.stderr
    assert awo("store", "show", "loan-3", "--store", loans, "--project", "other").exit_code == 2


def test_prune_deletes_by_age(awo, loans):
    arguments = ("store", "prune", "--store", loans, "--older-than", "30d", "--json")
    assert told(awo(*arguments, "--dry-run")) == {"deleted": 0, "matching": 3, "left": 6, "undated": 1}
    assert told(awo(*arguments)) == {"deleted": 3, "matching": 3, "left": 3, "undated": 1}
    assert told(awo(*arguments))["deleted"] == 0
    assert "1 trace without a start time kept" in awo(*arguments[:-1]).stdout
    assert awo("store", "prune", "--store", loans, "--older-than", "soon").exit_code == 2


def test_delete_takes_a_user_a_thread_or_a_trace(awo, folder, loans):
    arguments = ("store", "delete", "--store", loans, "--json")
    assert told(awo(*arguments, "--user", "ann", "--project", "other"))["deleted"] == 0
    assert told(awo(*arguments, "--user", "ann", "--thread", "talk-1"))["deleted"] == 0
    assert told(awo(*arguments, "--user", "ann"))["deleted"] == 3
    assert told(awo(*arguments, "--thread", "talk-1"))["deleted"] == 2
    assert told(awo(*arguments, "--trace", "undated")) == {
        "deleted": 1,
        "matching": 1,
        "left": 0,
        "undated": 0,
    }
    assert awo("store", "delete", "--store", loans).exit_code == 2
    assert awo("store", "vacuum", "--store", loans).exit_code == 0
    assert b"Lend me" not in (folder / loans).read_bytes()


def test_exported_traces_are_traces(awo, loans):
    pytest.importorskip("pyarrow")
    done = told(awo("export", "traces", "--store", loans, "-o", "out.parquet", "--json"))
    assert (done["traces"], done["files"], done["skipped"]) == (6, 3, 0)
    assert told(awo("store", "info", "--store", "out.parquet", "--json"))["traces"] == 6
    assert "Lend me" not in awo("show", "out.parquet").stderr
    assert awo("show", "out.parquet").exit_code == 0
    again = awo("export", "traces", "--store", loans, "-o", "out.parquet")
    assert again.exit_code == 2
    assert "choose a new folder" in again.stderr


def test_a_url_limits_every_verb(awo, folder, loans):
    scheme = "sqlite" if loans.endswith(".db") else "jsonl"
    url = f"{scheme}:///{loans}"
    assert [told(awo("show", each, "--json"))["traces"] for each in (url, f"{url}?project=library")] == [3, 2]
