"""A sample that merges: the things with the smallest keys, until those before weigh enough.

What belongs to the sample of a whole belongs to the sample of each part it lies in, because in a part less comes before it. So
samples of parts can be cut, put together and cut again, in any order, and give the sample of the whole.

before (a bound of 5)::

    key  0a  weight 3      key  3f  weight 4      key  71  weight 1

after (before `3f` there is 3, before `71` there is 7)::

    key  0a  weight 3      key  3f  weight 4
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar


class Weighed(Protocol):
    """Something with a key that spreads evenly, and a weight; things of one key stay together."""

    @property
    def key(self) -> str:
        """What it is ordered by."""

    @property
    def weight(self) -> int:
        """What it takes of the bound."""


T = TypeVar("T", bound=Weighed)


@dataclass(slots=True)
class Smallest(Generic[T]):
    """The things with the smallest keys; the first key is always in.

    Attributes:
        cutoff: the largest key that may still be in, if things were left out.
    """

    items: list[T] = field(default_factory=list)
    cutoff: str | None = None
    _added: int = 0

    def fits(self, key: str) -> bool:
        """Whether a thing with this key may belong to the sample."""
        return self.cutoff is None or key <= self.cutoff

    def add(self, item: T, *, bound: int) -> None:
        """Adds a thing if it fits; what no longer does goes when enough has come."""
        if not self.fits(item.key):
            return
        self.items.append(item)
        self._added += item.weight
        if self._added > bound:
            self.cut(bound)

    def cut(self, bound: int) -> None:
        """Leaves out what does not belong to the sample."""
        self.items.sort(key=lambda item: item.key)
        before, last, total = 0, None, 0
        for number, item in enumerate(self.items):
            if item.key != last:
                before, last = total, item.key
            if before >= bound and number:
                self.cutoff = self.items[number - 1].key
                del self.items[number:]
                break
            total += item.weight
        self._added = 0
