"""What a recorder or a monitor would see of the runs of tools."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler


class Watcher(BaseCallbackHandler):
    """Keeps every run of a tool as it started, in order."""

    run_inline = True

    def __init__(self) -> None:
        self.runs: dict[UUID, dict[str, Any]] = {}

    def on_tool_start(self, serialized: Any, input_str: str, **known: Any) -> None:
        self.runs[known["run_id"]] = {**known, "name": serialized["name"]}

    def named(self, name: str) -> list[dict[str, Any]]:
        return [run for run in self.runs.values() if run["name"] == name]


def check_children(watcher: Watcher, inner: Sequence[str]) -> None:
    """Every inner call is a child of the one run of `help_user`, marked; that run itself is not marked."""
    (outer,) = watcher.named("help_user")
    runs = [run for run in watcher.runs.values() if run is not outer]
    assert [run["name"] for run in runs] == list(inner)
    assert {run["parent_run_id"] for run in runs} == {outer["run_id"]}
    steps = [list(dict.fromkeys(inner)).index(name) + 1 for name in inner]
    assert [run["metadata"]["awo_step"] for run in runs] == steps
    assert {run["metadata"]["awo_meta_tool"] for run in runs} == {"help_user"}
    assert all(run["tags"].count("awo:replayed") == 1 for run in runs)
    assert "awo_meta_tool" not in outer["metadata"]
    assert "awo:replayed" not in (outer["tags"] or [])
