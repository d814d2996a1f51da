"""What is asked of a store for one tenant or project is answered from its own traces, by every way that there is to ask."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import langchain_awo as awo
from langchain_awo.cli.app import app
from langchain_awo.model.trace.trace import Message, ToolCallRecord, Trace


def _run(number: int, word: str) -> Trace:
    said = (Message(role="user", text=f"{word} {number}", before=0),)
    calls = (ToolCallRecord(call_id="c", name=f"{word}_get", output="found"),)
    return Trace(
        trace_id=f"t{number}",
        task_id=f"{word}-task",
        messages=said,
        tool_calls=calls,
        metadata={"user_id": "ann"},
    )


@pytest.mark.parametrize("file", ["traces.db", "traces.jsonl"])
@pytest.mark.parametrize("label", ["tenant", "project"])
def test_no_way_to_ask_tells_of_another_one(file: str, label: str, tmp_path: Path) -> None:
    """Both have the same trace ids, the same user and the same file."""
    kind, path = ("sqlite" if file.endswith("db") else "jsonl"), tmp_path / file
    for owner, word in (("acme", "secret"), ("globex", "known")):
        with awo.open_store(path, **{label: owner}) as store:  # type: ignore[arg-type]
            store.append([_run(number, word) for number in range(3 if owner == "acme" else 2)])
    url = f"{kind}:///{path}?{label}=globex"
    with awo.open_store(url) as store:
        assert [trace.task_id for trace in store.traces(user="ann")] == ["known-task"] * 2
        assert list(store.traces(task_ids=["secret-task"])) == []
        assert (len(store), store.summarize().traces, store.get("t0").task_id) == (2, 2, "known-task")
        with pytest.raises(KeyError):
            store.get("t2")
    for verb, word in ((["show", url], "known_get"), (["store", "info", "--store", url], "globex")):
        told = CliRunner().invoke(app, verb).output
        assert word in told
        assert not any(other in told for other in ("secret", "acme"))
    with awo.open_store(url) as store:
        assert store.delete(user="ann") == 2
    with awo.open_store(path) as store:
        assert [trace.task_id for trace in store.traces()] == ["secret-task"] * 3
