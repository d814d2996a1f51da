"""Savings as rows with bars: what was measured on held-out tasks, and what this toolkit does on the traces at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_NAMES: Final = {
    "baseline_awo": "AWO, to the letter",
    "baseline_awo_consensus": "AWO, our bindings",
    "result": "This package",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SavingRow:
    """One row.

    Attributes:
        kind: `baseline`, `result` or `ceiling`, for the colour.
        chooser: share of model calls, between 0 and 1; likewise `continued`.
        installed: share with each meta-tool in its own mode; `None` for a ceiling, like the following.
        installed_tokens: net, without prompt caching, and `cached_tokens` with it.
        over_fetch: of continue mode; likewise the tokens.
    """

    name: str
    kind: str
    chooser: float
    continued: float
    meta_tools: int | None = None
    installed: float | None = None
    installed_tokens: int | None = None
    cached_tokens: int | None = None
    over_fetch: float | None = None
    chooser_over_fetch: float | None = None
    net_tokens: int | None = None
    chooser_net_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class SavingTable:
    """Rows that belong together, and the share at which a bar is full."""

    rows: tuple[SavingRow, ...]

    @property
    def full(self) -> float:
        """The largest share, or 1 % if nothing could be saved."""
        return max([0.01, *(share for row in self.rows for share in (row.chooser, row.continued))])


def tabulate_evaluation(evaluation: Mapping[str, Any]) -> SavingTable:
    """The rows of an evaluation's JSON form: baselines, result, ceiling."""
    rows = [
        _build_row(name, "result" if key == "result" else "baseline", evaluation[key])
        for key, name in _NAMES.items()
        if key in evaluation
    ]
    return SavingTable((*rows, _build_ceiling(evaluation["ceiling"])))


def tabulate_replay(replay: Mapping[str, Any]) -> SavingTable:
    """The rows of a replay's JSON form: this toolkit and the ceiling of the same traces."""
    return SavingTable(
        (_build_row("This toolkit", "result", replay["result"]), _build_ceiling(replay["ceiling"]))
    )


def _build_row(name: str, kind: str, saving: Mapping[str, Any]) -> SavingRow:
    return SavingRow(
        name=name,
        kind=kind,
        chooser=saving["chooser"],
        continued=saving["continue"],
        meta_tools=saving["meta_tools"],
        installed=saving["installed"],
        installed_tokens=saving["net"]["tokens"],
        cached_tokens=saving["net"]["tokens_cached"],
        over_fetch=saving["over_fetch"],
        chooser_over_fetch=saving["chooser_over_fetch"],
        net_tokens=saving["net_tokens"],
        chooser_net_tokens=saving["chooser_net_tokens"],
    )


def _build_ceiling(ceiling: Mapping[str, Any]) -> SavingRow:
    return SavingRow(
        name="Ceiling", kind="ceiling", chooser=ceiling["chooser"], continued=ceiling["continue"]
    )
