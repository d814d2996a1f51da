"""The tables that several verbs print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from langchain_awo.cli.terminal import format_percent, put_table

if TYPE_CHECKING:
    from langchain_awo.optimizer.replay.ceiling import Ceiling
    from langchain_awo.optimizer.replay.evaluate import Saving


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
