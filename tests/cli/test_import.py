"""`awo import` as a team uses it."""

from __future__ import annotations

import json

from tests.capture.importers.chat_samples import anthropic, claude_code
from tests.capture.importers.span_samples import langsmith


def test_a_file_is_recognised_and_coming_again_adds_nothing(awo, folder):
    (folder / "runs.jsonl").write_text("\n".join(map(json.dumps, langsmith())))
    first = awo("import", "runs.jsonl", "--store", "new.db", "--no-mask")
    assert "1 trace with 2 model calls and 2 tool calls imported into new.db" in first.stdout
    again = json.loads(awo("import", "runs.jsonl", "--store", "new.db", "--no-mask", "--json").stdout)
    assert (again["already_stored"], again["stored"]) == (1, 1)


def test_several_sources_of_one_format(awo, folder):
    """The first word may be the format; a session of another kind is then an error."""
    (folder / "a.json").write_text(json.dumps(anthropic()))
    (folder / "b.jsonl").write_text("\n".join(map(json.dumps, claude_code())))
    both = json.loads(awo("import", "a.json", "b.jsonl", "--store", "new.jsonl", "--json").stdout)
    assert both["traces"] == 2
    wrong = awo("import", "messages", "b.jsonl", "--store", "new.jsonl")
    assert wrong.exit_code == 2
    assert "is a session of Claude Code, not chat messages" in wrong.stderr


def test_what_is_not_understood_is_counted_and_counts_when_strict(awo, folder):
    (record,) = anthropic()
    record["messages"][1]["content"] += [{"type": "server_tool_use", "name": "search", "id": "s"}] * 12
    (folder / "a.json").write_text(json.dumps(record))
    result = awo("import", "a.json", "--store", "new.db", "--strict")
    assert result.exit_code == 1
    assert "not read: 12 blocks of kind `server_tool_use`" in result.stderr


def test_a_format_without_a_source_says_what_is_missing(awo, folder):
    result = awo("import", "langfuse", "--store", "new.db")
    assert result.exit_code == 2
    assert "say what to import" in result.stderr
