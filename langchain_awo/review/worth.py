"""What a meta-tool is expected to save and cost, as its file says: the one place that reads these figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from langchain_awo.model.ir.metatool import MetaTool, ToolkitPlan
from langchain_awo.model.ir.reviewing import explain_withholding

RUNS: Final = 100
"""Figures are for so many runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """Expected in `RUNS` runs like those that were compiled.

    Attributes:
        uses: of the meta-tool, if it is used wherever it applies.
        calls: model calls saved.
        tokens: saved, less what its schema costs in every prompt.
        over_fetch: tool calls that the recorded agents did not make.
    """

    uses: float = 0.0
    calls: float = 0.0
    tokens: float = 0.0
    over_fetch: float = 0.0

    def __add__(self, other: Worth) -> Worth:
        return Worth(
            uses=self.uses + other.uses,
            calls=self.calls + other.calls,
            tokens=self.tokens + other.tokens,
            over_fetch=self.over_fetch + other.over_fetch,
        )


def estimate_worth(meta_tool: MetaTool, plan: ToolkitPlan) -> Worth:
    """What a meta-tool saves and costs; nothing where the file does not say of how many runs its counts are."""
    traces = plan.corpus.get("sampled", plan.corpus.get("traces", 0))
    if not isinstance(traces, int) or traces < 1:
        return Worth()
    seen = meta_tool.evidence
    uses = seen.occurrences / traces * RUNS
    calls = uses * seen.calls_saved if seen.run_calls is None else seen.run_calls * RUNS
    vain = calls * seen.over_fetch if seen.run_over_fetch is None else seen.run_over_fetch * RUNS
    return Worth(uses=uses, calls=calls, tokens=seen.net_tokens * RUNS, over_fetch=vain)


def sum_worth(plan: ToolkitPlan) -> Worth:
    """Of all that is installed as things stand."""
    found = (estimate_worth(each, plan) for each in plan.meta_tools if not explain_withholding(each))
    return sum(found, Worth())
