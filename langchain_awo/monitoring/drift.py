"""Whether what agents are asked to do has changed: a G-test on the mix of paths, then and now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.special import chdtrc, xlogy

from langchain_awo.model.ir.metatool import ToolkitPlan
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.text.visible import make_visible_line
from langchain_awo.optimizer.log.variants import LEAST, MOST, OTHER

MIN_TASKS: Final = 30
"""With fewer tasks on either side nothing is tested."""

LEVEL: Final = 0.001
"""A p-value below this is no coincidence; it is low because a nightly job tests every night."""

MIN_MOVED: Final = 0.1
"""With very many tasks every difference is significant; one that moved less than this share of them is let be."""

_EXPECTED: Final = 5
"""Paths of which fewer are expected on either side are counted together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How the mix of paths compares with that of the traces the toolkit was compiled from.

    Attributes:
        before: tasks then, and `now` those looked at; tasks of which trials took several paths count for each.
        p_value: of the G-test; `None` where it was not tested, with the reason in `untested`.
        moved: share of the tasks that would have to take another path for the mixes to be equal.
        most: the path whose share changed most, as far as is known, with its share then and now.
    """

    before: int
    now: int
    p_value: float | None = None
    untested: str = ""
    moved: float = 0.0
    most: tuple[str, float, float] | None = None

    @property
    def is_significant(self) -> bool:
        """Whether the mix is another one: too unlikely to be a coincidence, and large enough to matter."""
        return self.p_value is not None and self.p_value < LEVEL and self.moved >= MIN_MOVED

    @property
    def sentence(self) -> str:
        """The test in words."""
        if self.p_value is None:
            return f"the path mix could not be tested: {self.untested}"
        path, then, now = self.most or ("", 0.0, 0.0)
        return (
            f"path mix of {self.now:,} tasks against {self.before:,} when it was compiled: G-test p = {self.p_value:.2g}, "
            f"{self.moved:.0%} of them moved; most: {make_visible_line(path) or 'no tool call'}, {then:.0%} then, {now:.0%} now"
        )

    def as_json(self) -> dict[str, JSONValue]:
        """Plain data."""
        return {
            "tasks_before": self.before,
            "tasks_now": self.now,
            "p_value": self.p_value,
            "untested": self.untested,
            "moved": round(self.moved, 4),
            "significant": self.is_significant,
        }


def measure_drift(mix: Mapping[str, int], plan: ToolkitPlan) -> Drift:
    """Compares a mix of paths with the one in a toolkit.

    Args:
        mix: tasks by path, as `path_mix` counts them.
        plan: the toolkit; its evidence has the mix of the traces it was compiled from.
    """
    known = _read_counts(plan.corpus.get("paths"))
    before, now = sum(known.values()), sum(mix.values())
    if not known:
        return Drift(
            before=0,
            now=now,
            untested="the toolkit was compiled by an older version that did not store the path mix",
        )
    if min(before, now) < MIN_TASKS:
        return Drift(
            before=before, now=now, untested=f"{min(before, now)} tasks, at least {MIN_TASKS} are needed"
        )
    table = _build_table(known, mix)
    shares = table / table.sum(axis=1, keepdims=True)
    most = max(
        sorted({*known, *mix} - {OTHER}),
        key=lambda path: abs(mix.get(path, 0) / now - known.get(path, 0) / before),
        default="",
    )
    return Drift(
        before=before,
        now=now,
        p_value=_compute_g_test(table),
        moved=float(np.abs(shares[0] - shares[1]).sum() / 2),
        most=(most, known.get(most, 0) / before, mix.get(most, 0) / now),
    )


def _build_table(
    then: Mapping[str, int], later: Mapping[str, int]
) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Both mixes, a column for each path that is frequent enough and one for all others.

    What is frequent is told by both mixes together; by one of them alone the test would find a difference where there is none.
    """
    totals = sum(then.values()), sum(later.values())
    assumed = _assume_counts(then, later)
    often = [
        path
        for path in sorted(assumed)
        if (assumed[path] + later.get(path, 0)) * min(totals) >= _EXPECTED * sum(totals)
    ]
    rows = [[mix.get(path, 0) for path in often] for mix in (assumed, later)]
    table = np.array([[*row, total - sum(row)] for row, total in zip(rows, totals, strict=True)])
    return table[:, table.sum(axis=0) > 0]


def _assume_counts(then: Mapping[str, int], later: Mapping[str, int]) -> dict[str, int]:
    """Tasks then by path; of a path that is not listed as many as there can have been at most, new ones first."""
    listed = {path: count for path, count in then.items() if path != OTHER}
    bound = LEAST - 1 if len(listed) < MOST else min(listed.values())
    left = then.get(OTHER, 0)
    for path in sorted(later.keys() - listed.keys() - {OTHER}, key=lambda path: (-later[path], path)):
        listed[path] = min(left, bound)
        left -= listed[path]
    return listed


def _compute_g_test(table: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> float:
    """The p-value of the G test, of two columns with Yates' correction: `scipy.stats.chi2_contingency`, which is slow to import."""
    freedom = table.shape[1] - 1
    if not freedom:
        return 1.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    short = expected - table
    observed = table + np.sign(short) * np.minimum(0.5, np.abs(short)) if freedom == 1 else table
    return float(chdtrc(freedom, (2 * xlogy(observed, observed / expected)).sum()))


def _read_counts(paths: Any) -> dict[str, int]:
    if not isinstance(paths, Mapping):
        return {}
    return {str(path): count for path, count in paths.items() if isinstance(count, int) and count > 0}
