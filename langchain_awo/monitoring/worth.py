"""When a saving pays for what adopting it costs: arithmetic of money a run, hours of work, and runs a day."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf, isfinite
from typing import Final

from langchain_awo.errors import EstimateError
from langchain_awo.model.ir.option_kinds import check_options, number

DAYS_A_MONTH: Final = 30
"""So many days of runs make a month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """What nobody can measure before adopting.

    Attributes:
        utilisation: share of the uses of appended meta-tools that a model makes of those a perfect one would.
        setup_hours: work until a toolkit is merged: recording, review, a trial.
        upkeep_hours: work a month: looking at the monitor, reviewing a recompiled toolkit.
        hourly_rate: what an hour of work costs, in the currency of the prices.
        payback_months: a saving is worth it if it pays for the set-up within so many months.
    """

    utilisation: float = 0.5
    setup_hours: float = 8.0
    upkeep_hours: float = 1.0
    hourly_rate: float = 100.0
    payback_months: float = 12.0

    def __post_init__(self) -> None:
        names = ("utilisation", "setup_hours", "upkeep_hours", "hourly_rate", "payback_months")
        check_options(dict.fromkeys(names, number(-inf)), {name: getattr(self, name) for name in names})
        if not 0 <= self.utilisation <= 1:
            raise EstimateError(f"utilisation is {self.utilisation}; it is a share between 0 and 1")
        for name in ("setup_hours", "upkeep_hours", "hourly_rate"):
            if not (isfinite(getattr(self, name)) and getattr(self, name) >= 0):
                raise EstimateError(f"{name} is {getattr(self, name)}; it must not be negative")
        if not (isfinite(self.payback_months) and self.payback_months > 0):
            raise EstimateError(f"payback_months is {self.payback_months}; it must be more than 0")

    @property
    def setup(self) -> float:
        """What adopting costs once, in money."""
        return self.setup_hours * self.hourly_rate

    @property
    def upkeep(self) -> float:
        """What keeping it costs a month, in money."""
        return self.upkeep_hours * self.hourly_rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A month at some number of runs a day.

    Attributes:
        model_calls: saved.
        tokens: saved, less what the schemas and the outputs fetched in vain take.
        saved: the money for these tokens.
        net: what is left after upkeep.
        payback_months: until the set-up is paid for; `None` if it never is.
        worth_it: whether that is soon enough.
    """

    runs_a_day: int
    model_calls: int
    tokens: int
    saved: float
    net: float
    payback_months: float | None
    worth_it: bool


def estimate_month(
    runs_a_day: int, *, model_calls: float, tokens: float, money: float, assumptions: Assumptions
) -> Month:
    """A month of runs of which each saves so many model calls, tokens and so much money.

    >>> found = estimate_month(100, model_calls=1, tokens=1000, money=0.1, assumptions=Assumptions())
    >>> found.saved, found.net, found.payback_months, found.worth_it
    (300.0, 200.0, 4.0, True)
    """
    runs = runs_a_day * DAYS_A_MONTH
    saved = runs * money
    net = saved - assumptions.upkeep
    payback = assumptions.setup / net if net > 0 else None
    return Month(
        runs_a_day=runs_a_day,
        model_calls=round(runs * model_calls),
        tokens=round(runs * tokens),
        saved=round(saved, 2),
        net=round(net, 2),
        payback_months=None if payback is None else round(payback, 1),
        worth_it=payback is not None and payback <= assumptions.payback_months,
    )


def find_break_even(money: float, assumptions: Assumptions) -> int | None:
    """The fewest runs a day at which a saving is worth it, `None` if a run saves nothing.

    >>> find_break_even(0.1, Assumptions())
    56
    """
    if money <= 0:
        return None
    needed = assumptions.upkeep + assumptions.setup / assumptions.payback_months
    return max(1, ceil(needed / (money * DAYS_A_MONTH)))
