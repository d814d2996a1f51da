"""Which meta-tools of a plan save model calls and cost tokens: a reader decides whether that is worth it."""

from __future__ import annotations

from typing import Final

from langchain_awo.model.ir.metatool import MetaTool, ToolkitPlan
from langchain_awo.model.text.phrasing import format_count

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
    """`in an average run, get_user_orders saves 1.2 model calls and costs 4,354 tokens (928 with prompt caching)`."""
    seen = meta_tool.evidence
    saved = "" if seen.run_calls is None else f"saves {seen.run_calls:.1f} model calls and "
    cached = seen.net_tokens_cached
    told = "" if cached is None else f" ({_describe_cached(cached)} with prompt caching)"
    return f"in an average run, {meta_tool.name} {saved}costs {-seen.net_tokens:,.0f} tokens{told}"


def _describe_cached(tokens: float) -> str:
    return f"{-tokens:,.0f}" if tokens < 0 else f"saves {tokens:,.0f}"
