"""Both arms of an experiment: threads with the toolkit, and those that were held out at random."""

from __future__ import annotations

from dataclasses import dataclass, field

from langchain_awo.ledger.interval import Interval
from langchain_awo.model.ir.installation import get_installation
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import Trace
from langchain_awo.monitoring.intervals import Share, compare_shares
from langchain_awo.monitoring.moments import Moments, compare_means


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


@dataclass(slots=True)
class ArmSum:
    """One arm, a thread at a time."""

    model_calls: Moments = field(default_factory=Moments)
    tokens: Moments = field(default_factory=Moments)
    successes: int = 0
    outcomes: int = 0

    def add(self, trace: Trace) -> None:
        """Adds a thread."""
        self.model_calls.add(len(trace.model_calls))
        self.tokens.add(sum(call.usage.total_tokens for call in trace.model_calls if call.usage))
        self.successes += trace.success is True
        self.outcomes += trace.success is not None

    @property
    def arm(self) -> Arm:
        """What is known of it so far."""
        return Arm(
            threads=self.model_calls.count,
            model_calls=self.model_calls.interval(),
            tokens=self.tokens.interval(),
            success=Share(self.successes, self.outcomes),
        )


@dataclass(slots=True)
class Arms:
    """Both arms, a thread at a time; those of which no middleware said what was installed belong to none."""

    with_toolkit: ArmSum = field(default_factory=ArmSum)
    held_out: ArmSum = field(default_factory=ArmSum)

    def add(self, trace: Trace) -> None:
        """Adds a thread to its arm."""
        if (installed := get_installation(trace)) is not None and installed.modes:
            (self.held_out if installed.held_out else self.with_toolkit).add(trace)

    def compare(self) -> Experiment | None:
        """Compares the arms; `None` if there are not both."""
        with_it, without = self.with_toolkit, self.held_out
        if not with_it.model_calls.count or not without.model_calls.count:
            return None
        one, other = with_it.arm, without.arm
        return Experiment(
            with_toolkit=one,
            held_out=other,
            model_calls=compare_means(without.model_calls, with_it.model_calls),
            tokens=compare_means(without.tokens, with_it.tokens),
            success=compare_shares(other.success, one.success),
        )
