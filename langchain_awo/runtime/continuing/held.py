"""One read whose result is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from langchain_awo.model.text.encoding import project_output
from langchain_awo.model.text.json_value import JSONValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One read whose result is known, as a tool would have answered it; `unasked` if the model never called it."""

    tool: str
    args: dict[str, JSONValue]
    content: Any
    artifact: Any = None
    unasked: bool = False

    @property
    def output(self) -> JSONValue:
        """What it says, as it came."""
        return project_output(self.content, self.artifact)
