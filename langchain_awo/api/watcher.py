"""Gathers what monitoring needs: traces, toolkit, prices."""

from __future__ import annotations

import os
from typing import Final, Protocol, TypeAlias

from langchain_awo.api.logs import read_log
from langchain_awo.api.sources import Source
from langchain_awo.model.ir.metatool import ToolkitPlan
from langchain_awo.model.ir.option_kinds import FUNCTION, Kind, check_options, number
from langchain_awo.monitoring.monitor import WATCHED, Monitoring, monitor_runs
from langchain_awo.monitoring.observing import Progress
from langchain_awo.monitoring.prices import PRICES, PriceTable, read_prices
from langchain_awo.plan_file import read_plan


class Planned(Protocol):
    """A `MetaToolkit`, as far as it is needed here: whoever gives a file does not import LangChain."""

    @property
    def plan(self) -> ToolkitPlan:
        """What it runs."""
        ...


Toolkit: TypeAlias = Planned | ToolkitPlan | str | os.PathLike[str]
"""A toolkit, or where it was saved."""

_KINDS: Final = {
    "prices": PRICES,
    "since": Kind(number(0).accepts, "give seconds since the epoch, such as time.time() - 86_400").optional,
    "progress": FUNCTION.optional,
}


def monitor(
    traces: Source,
    toolkit: Toolkit,
    *,
    prices: PriceTable | str | os.PathLike[str] | None = None,
    since: float | None = None,
    progress: Progress | None = None,
) -> Monitoring:
    """What recorded runs say about a toolkit, and what to do about it.

    A store is read run by run: what is held in memory is a sample, and conversations between their first run and their last.

    Args:
        traces: runs of agents that had the toolkit: a store or its path or URL, a file of messages, or traces.
        toolkit: a toolkit or a plan, or the path of a saved one.
        prices: a table of prices, or the path of one; the one that comes with this package if not given.
        since: only runs that started at this time or later, in seconds since the epoch.
        progress: called as the runs are looked at.

    Raises:
        StoreError: the traces cannot be read.
        PlanError: the toolkit cannot be read.
        PriceError: the prices cannot be read.

    Example:
        >>> print(monitor("traces.db", "toolkit.json"))  # doctest: +SKIP
    """
    check_options(_KINDS, {"prices": prices, "since": since, "progress": progress})
    table, plan = prices if isinstance(prices, PriceTable) else read_prices(prices), get_plan(toolkit)
    log = read_log(traces, bounds=WATCHED, since=since)
    return monitor_runs(log.runs(), log.summary, plan, prices=table, progress=progress)


def get_plan(toolkit: Toolkit) -> ToolkitPlan:
    """The plan of a toolkit, wherever it is.

    Raises:
        PlanError: it cannot be read.
    """
    if isinstance(toolkit, ToolkitPlan):
        return toolkit
    plan = getattr(toolkit, "plan", None)
    return plan if isinstance(plan, ToolkitPlan) else read_plan(toolkit)  # type: ignore[arg-type]
