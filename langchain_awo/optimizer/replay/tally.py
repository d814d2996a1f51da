"""What a way of use saved, added up over segments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from langchain_awo.model.trace.trace import TokenUsage
from langchain_awo.optimizer.log.corpus import Round
from langchain_awo.optimizer.replay.parts import Part


@dataclass(slots=True)
class Tally:
    """What one way of use saved; add tallies to sum over segments.

    Attributes:
        parts: saved model calls by what kind of call each is.
        usage: what the saved model calls cost.
        wasted: by tool, calls the recorded agents did not make.
        uses: by name of the meta-tool, how often it ran.
        unwanted_writes: uses that would have written what the recorded agent did not.
    """

    parts: Counter[str] = field(default_factory=Counter)
    usage: TokenUsage = field(default_factory=TokenUsage)
    wasted: Counter[str] = field(default_factory=Counter)
    uses: Counter[str] = field(default_factory=Counter)
    unwanted_writes: int = 0

    def add(self, other: Tally) -> None:
        """Adds another tally to this one."""
        self.parts.update(other.parts)
        self.usage += other.usage
        self.wasted.update(other.wasted)
        self.uses.update(other.uses)
        self.unwanted_writes += other.unwanted_writes

    def count(self, current: Round, part: Part | None) -> None:
        """Counts a saved round.

        Args:
            part: `None` where the ceiling's walk starts anew: only a routine knew a value that nobody had said.
        """
        reads = all(call.effect.is_read for call in current.calls)
        self.parts[part or ("flow" if reads else "flow_write")] += 1
        self.usage += current.usage

    @property
    def saved(self) -> int:
        """Model calls saved."""
        return self.parts.total()

    @property
    def repeats(self) -> int:
        """Of these, calls that only repeat an earlier one of the same run."""
        return self.parts["repeat"]

    @property
    def tokens(self) -> int:
        """What the saved model calls cost, input and output."""
        return self.usage.total_tokens

    @property
    def over_fetched(self) -> float:
        """Tool calls the recorded agents did not make."""
        return sum(self.wasted.values())

    def net_tokens(self, sizes: Mapping[str, float]) -> float:
        """Tokens of the saved model calls, less the outputs fetched in vain, each read once by the next model call.

        Args:
            sizes: mean output of each tool, in tokens.
        """
        return self.tokens - self.wasted_tokens(sizes)

    def wasted_tokens(self, sizes: Mapping[str, float]) -> float:
        """Tokens of the outputs fetched in vain, each read once by the next model call.

        Args:
            sizes: mean output of each tool, in tokens.
        """
        return sum(count * sizes.get(tool, 0.0) for tool, count in self.wasted.items())

    @property
    def over_fetch(self) -> float:
        """Over-fetched calls for each saved model call; 0 when nothing was saved or fetched."""
        return self.over_fetched / self.saved if self.saved else self.over_fetched
