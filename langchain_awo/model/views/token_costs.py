"""Which meta-tools of a plan save model calls and cost tokens: a reader decides whether that is worth it."""

from __future__ import annotations

from typing import Final

from langchain_awo.model.ir.metatool import MetaTool, ToolkitPlan
from langchain_awo.model.text.phrasing import format_count

RUNS: Final = 100
"""Figures are for so many runs."""

CURE: Final = "`awo compile --no-prompt-caching` keeps only what saves tokens where prompts are not cached"


def describe_token_costs(plan: ToolkitPlan) -> str:
    """A sentence with the figures of the dearest; empty where every meta-tool saves tokens without prompt caching.

    They are of the traces that the plan was compiled from.
    """
    costly = [each for each in plan.meta_tools if each.evidence.net_tokens < 0]
    if not costly:
        return ""
    dearest = min(costly, key=lambda each: (each.evidence.net_tokens, each.name))
    some = f"{len(costly):,} of {format_count(len(plan.meta_tools), 'meta-tool')}"
    verbs = "saves model calls but costs tokens" if len(costly) == 1 else "save model calls but cost tokens"
    return f"{some} {verbs}: {_describe(dearest)}. {CURE}"


def _describe(meta_tool: MetaTool) -> str:
    """`in 100 runs, get_user_orders saves 123 model calls and costs 435,400 tokens (92,800 with prompt caching)`."""
    seen = meta_tool.evidence
    saved = "" if seen.run_calls is None else f"saves {seen.run_calls * RUNS:,.0f} model calls and "
    cached = seen.net_tokens_cached
    told = "" if cached is None else f" ({_describe_cached(cached * RUNS)} with prompt caching)"
    return f"in {RUNS} runs, {meta_tool.name} {saved}costs {-seen.net_tokens * RUNS:,.0f} tokens{told}"


def _describe_cached(tokens: float) -> str:
    return f"{-tokens:,.0f}" if tokens < 0 else f"saves {tokens:,.0f}"
