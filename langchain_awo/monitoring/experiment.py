"""Both arms of an experiment: threads with the toolkit, and those that were held out at random."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from langchain_awo.ledger.interval import Interval, mean_of
from langchain_awo.model.ir.installation import get_installation
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import Trace
from langchain_awo.monitoring.intervals import (
    Share,
    compare_means,
    compare_shares,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """Threads of one arm.

    Attributes:
        model_calls: of a thread on average; likewise `tokens`, as the provider reported them.
        success: of the threads whose outcome is known.
    """

    threads: int
    model_calls: Interval
    tokens: Interval
    success: Share

    def as_json(self) -> dict[str, JSONValue]:
        """Plain data."""
        return {
            "threads": self.threads,
            "model_calls": self.model_calls.as_json(),
            "tokens": self.tokens.as_json(),
            "success": self.success.as_json(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """Both arms side by side; the differences are what the arm with the toolkit has more.

    Attributes:
        success: `None` where no outcome of an arm is known.
    """

    with_toolkit: Arm
    held_out: Arm
    model_calls: Interval
    tokens: Interval
    success: Interval | None

    def as_json(self) -> dict[str, JSONValue]:
        """Plain data."""
        return {
            "with_toolkit": self.with_toolkit.as_json(),
            "held_out": self.held_out.as_json(),
            "difference": {
                "model_calls": self.model_calls.as_json(),
                "tokens": self.tokens.as_json(),
                "success": self.success.as_json() if self.success else None,
            },
        }


def compare_arms(traces: Sequence[Trace]) -> Experiment | None:
    """Compares the arms; `None` if there are not both.

    Args:
        traces: one for each thread. Those of which no middleware said what was installed belong to no arm.
    """
    arms: dict[bool, list[Trace]] = {True: [], False: []}
    for trace in traces:
        if (installed := get_installation(trace)) is not None and installed.modes:
            arms[installed.held_out].append(trace)
    with_it, without = arms[False], arms[True]
    if not with_it or not without:
        return None
    one, other = _measure_arm(with_it), _measure_arm(without)
    return Experiment(
        with_toolkit=one,
        held_out=other,
        model_calls=_compare_by(without, with_it, _count_model_calls),
        tokens=_compare_by(without, with_it, _count_tokens),
        success=compare_shares(other.success, one.success),
    )


def _measure_arm(traces: Sequence[Trace]) -> Arm:
    outcomes = [trace.success for trace in traces if trace.success is not None]
    return Arm(
        threads=len(traces),
        model_calls=mean_of([_count_model_calls(trace) for trace in traces]),
        tokens=mean_of([_count_tokens(trace) for trace in traces]),
        success=Share(sum(outcomes), len(outcomes)),
    )


def _compare_by(
    ones: Sequence[Trace], others: Sequence[Trace], measure: Callable[[Trace], float]
) -> Interval:
    return compare_means([measure(trace) for trace in ones], [measure(trace) for trace in others])


def _count_model_calls(trace: Trace) -> float:
    return float(len(trace.model_calls))


def _count_tokens(trace: Trace) -> float:
    return float(sum(call.usage.total_tokens for call in trace.model_calls if call.usage))
