"""Which meta-tools an agent had in a run, as the run is marked with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, get_args

from langchain_awo.model.ir.metatool import Mode
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import Trace

INSTALLED: Final = "awo_installed"
"""Where the metadata of a model call says it."""

METADATA: Final = "awo"
"""Where the metadata of a trace says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The meta-tools that were installed, by name with their mode.

    Attributes:
        held_out: whether this thread did without them, to compare with; `modes` then says what it did without.
        hidden: by original tool that they stand in for, tokens that its schema would take of a prompt; what no model was shown,
            nobody else records.
    """

    modes: Mapping[str, Mode] = field(default_factory=dict)
    held_out: bool = False
    hidden: Mapping[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, JSONValue]:
        """Plain data."""
        hidden = {"hidden": dict(sorted(self.hidden.items()))} if self.hidden else {}
        return {"modes": dict(sorted(self.modes.items())), "held_out": self.held_out, **hidden}

    def joined(self, other: Installation) -> Installation:
        """Both together, as where an agent and a sub-agent have toolkits of their own."""
        return Installation(
            modes={**self.modes, **other.modes},
            held_out=self.held_out or other.held_out,
            hidden={**self.hidden, **other.hidden},
        )


def read_installation(data: Any) -> Installation | None:
    """An installation from plain data, or `None` if it is none."""
    if not isinstance(data, Mapping) or not isinstance(data.get("modes"), Mapping):
        return None
    modes = {str(name): mode for name, mode in data["modes"].items() if mode in get_args(Mode)}
    return Installation(
        modes=modes, held_out=data.get("held_out") is True, hidden=_read_sizes(data.get("hidden"))
    )


def _read_sizes(data: Any) -> dict[str, int]:
    pairs = data.items() if isinstance(data, Mapping) else ()
    return {str(name): size for name, size in pairs if isinstance(size, int) and size >= 0}


def run_ahead(trace: Trace) -> frozenset[str]:
    """The meta-tools whose calls were only made ahead: what the model then asked for itself stands where it asked."""
    marked = get_installation(trace)
    return (
        frozenset(name for name, mode in marked.modes.items() if mode == "prefetch")
        if marked
        else frozenset()
    )


def get_installation(trace: Trace) -> Installation | None:
    """What a trace was marked with; `None` where no middleware of this package was at work."""
    return read_installation(trace.metadata.get(METADATA))
