"""The tables that several verbs print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from langchain_awo.cli.terminal import format_count, format_percent, put, put_table

if TYPE_CHECKING:
    from langchain_awo.ledger.interval import Interval
    from langchain_awo.optimizer.replay.ceiling import Ceiling
    from langchain_awo.optimizer.replay.saving import Saving


def put_savings(savings: Mapping[str, Saving], ceiling: Ceiling) -> None:
    """Savings beside each other, the ceiling below; the headline first: reads that only a routine saves, chosen blindly."""
    columns = ["", "tools", "blind, flow", "blind", "chooser", "continue", "over-fetch", "unwanted writes"]
    rows = [
        [
            name,
            str(saving.meta_tools),
            format_percent(saving.blind_parts["flow"]),
            format_percent(saving.blind),
            format_percent(saving.chooser),
            format_percent(saving.continue_),
            f"{saving.over_fetch:.1f}",
            f"{saving.unwanted_writes:,}",
        ]
        for name, saving in savings.items()
    ]
    last = [
        "ceiling",
        "",
        format_percent(ceiling.flow),
        format_percent(ceiling.chooser),
        format_percent(ceiling.chooser),
        format_percent(ceiling.continue_),
        "",
        "",
    ]
    put_table("Model calls saved", columns, [*rows, last])
    put_table(
        "Saved as installed, chosen blindly, with 95 % intervals",
        ["", "model calls", "tokens", "with prompt caching", "calls in vain"],
        [
            [
                name,
                with_reach(saving.model_calls),
                with_reach(saving.tokens),
                with_reach(saving.cached_tokens),
                f"{saving.net.over_fetched:,.0f}",
            ]
            for name, saving in savings.items()
        ],
    )
    for name, saving in savings.items():
        if saving.stranded:
            runs = format_count(saving.stranded, "run")
            put(
                f"{name}: in {runs} the agent wants a tool that `replace` hides for something else than the whole routine. What "
                "it does without it nobody can know; the figures are as if it had it, or took the routine all the same.\n"
            )


def with_reach(interval: Interval, digits: int = 0, *, signed: bool = False) -> str:
    """A figure and how far its interval reaches to both sides."""
    value = f"{interval.value:{'+' if signed else ''},.{digits}f}"
    if interval.high is None:
        return value
    return f"{value} \u00b1 {interval.high - interval.value:,.{digits}f}"
