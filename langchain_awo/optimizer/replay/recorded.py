"""The recorded world, as far as it is a meta-tool's own: what its calls would have returned, and up to when that is true."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from langchain_awo.optimizer.log.corpus import Call, Segment


@dataclass(slots=True)
class RecordedWorld:
    """The rounds of a segment that a meta-tool can answer for: from `floor` up to `horizon`.

    Attributes:
        start: position of the round from which the meta-tool runs.
        floor: position of its last write.
        horizon: one past the last round up to which the recorded world is its own. The round with the first write that it has not
            made is still included: the write may be its next.
        made: keys of the calls that it has made, in order.
    """

    segment: Segment
    start: int
    floor: int = 0
    horizon: int = 0
    made: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.floor = max(self.floor, self.start)
        self.horizon = self._first_foreign_write()

    def copy(self) -> RecordedWorld:
        """One that can go another way."""
        return replace(self, made=dict(self.made))

    def find(self, key: str) -> tuple[int, Call] | None:
        """The call that was made with this tool and these arguments, and the position of its round; one that succeeded, if any."""
        failed: tuple[int, Call] | None = None
        for position in range(self.floor, self.horizon):
            for call in self.segment.rounds[position].calls:
                if call.key == key:
                    if call.ok:
                        return position, call
                    failed = failed or (position, call)
        return failed

    def calls(self, tool: str) -> Iterator[Call]:
        """Successful calls of a tool since the start."""
        rounds = self.segment.rounds[self.start : self.horizon]
        return (call for current in rounds for call in current.calls if call.tool == tool and call.ok)

    def is_next(self, call: Call) -> bool:
        """Whether a call would be a new one, and the recorded agent made it too, a write in its recorded order."""
        found = None if call.key in self.made else self.find(call.key)
        return found is not None and found[1].ok and (call.effect.is_read or self.is_in_order(found[0]))

    def is_in_order(self, position: int) -> bool:
        """Whether a write would come before nothing that the recorded agent did first."""
        between = self.segment.rounds[self.start + 1 : position]
        return all(call.key in self.made for each in between for call in each.calls)

    def write(self, key: str, position: int) -> None:
        """Takes a write as made: the recorded world is the meta-tool's own up to the next one."""
        self.made[key] = None
        self.floor, self.horizon = position, self._first_foreign_write()

    def _first_foreign_write(self) -> int:
        for position in range(self.start, len(self.segment.rounds)):
            writes = [call for call in self.segment.rounds[position].calls if not call.effect.is_read]
            if any(call.key not in self.made for call in writes):
                return position + 1
        return len(self.segment.rounds)
