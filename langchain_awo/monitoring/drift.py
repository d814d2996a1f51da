"""Whether what agents are asked to do has changed: a G-test on the mix of paths, then and now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.stats import chi2_contingency

from langchain_awo.model.metatool import ToolkitPlan
from langchain_awo.model.trace import JSONValue
from langchain_awo.optimizer.path_mix import OTHER

MIN_RUNS: Final = 30
"""With fewer runs on either side nothing is tested."""

LEVEL: Final = 0.001
"""A p-value below this is no coincidence; it is low because a nightly job tests every night."""

MIN_MOVED: Final = 0.1
"""With very many runs every difference is significant; one that moved less than this share of the runs is let be."""

_EXPECTED: Final = 5
"""Paths of which fewer are expected on either side are counted together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How the mix of paths compares with that of the traces the toolkit was compiled from.

    Attributes:
        before: runs then, and `now` those looked at.
        p_value: of the G-test; `None` where it was not tested, with the reason in `untested`.
        moved: share of the runs that would have to take another path for the mixes to be equal.
        most: the path whose share changed most, with its share then and now.
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
            return f"the path mix was not tested: {self.untested}"
        path, then, now = self.most or ("", 0.0, 0.0)
        return (
            f"path mix of {self.now:,} runs against {self.before:,} when it was compiled: G-test p = {self.p_value:.2g}, "
            f"{self.moved:.0%} of the runs moved; most: {path or 'no tool call'}, {then:.0%} then, {now:.0%} now"
        )

    def as_json(self) -> dict[str, JSONValue]:
        """Plain data."""
        return {
            "runs_before": self.before,
            "runs_now": self.now,
            "p_value": self.p_value,
            "untested": self.untested,
            "moved": round(self.moved, 4),
            "significant": self.is_significant,
        }


def drift_of(mix: Mapping[str, int], plan: ToolkitPlan) -> Drift:
    """Compares a mix of paths with the one in a toolkit.

    Args:
        mix: runs by path, as `path_mix` counts them.
        plan: the toolkit; its evidence has the mix of the traces it was compiled from.
    """
    known = _known(plan.corpus.get("paths"))
    before, now = sum(known.values()), sum(mix.values())
    if not known:
        return Drift(
            before=0, now=now, untested="the toolkit was compiled by an older version, without the mix"
        )
    if min(before, now) < MIN_RUNS:
        return Drift(
            before=before, now=now, untested=f"{min(before, now)} runs, at least {MIN_RUNS} are needed"
        )
    named = {path if path in known or OTHER not in known else OTHER for path in {*mix, *known}}
    then = {path: known.get(path, 0) for path in named}
    later = {path: mix.get(path, 0) for path in named}
    if OTHER in named:
        later[OTHER] = now - sum(count for path, count in later.items() if path != OTHER)
    shares = {path: (then[path] / before, later[path] / now) for path in sorted(named)}
    most = max(shares, key=lambda path: (abs(shares[path][1] - shares[path][0]), path))
    return Drift(
        before=before,
        now=now,
        p_value=_g_test(then, later),
        moved=sum(abs(one - other) for one, other in shares.values()) / 2,
        most=(most, *shares[most]),
    )


def _g_test(then: Mapping[str, int], later: Mapping[str, int]) -> float:
    total = sum(then.values()) + sum(later.values())
    smaller = min(sum(then.values()), sum(later.values()))
    often = [path for path in sorted(then) if (then[path] + later[path]) * smaller >= _EXPECTED * total]
    rows = [[counts[path] for path in often] for counts in (then, later)]
    for row, counts in zip(rows, (then, later), strict=True):
        row.append(sum(counts.values()) - sum(row))
    table = np.array(rows)
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] == 1:
        return 1.0
    return float(chi2_contingency(table, lambda_="log-likelihood").pvalue)


def _known(paths: Any) -> dict[str, int]:
    if not isinstance(paths, Mapping):
        return {}
    return {str(path): count for path, count in paths.items() if isinstance(count, int) and count > 0}
