"""Where a routine of canonical calls occurs on the paths of a corpus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from langchain_awo.model.ir.canonical import CanonicalCall
from langchain_awo.optimizer.baseline.merge import walk_states
from langchain_awo.optimizer.log.corpus import Run
from langchain_awo.optimizer.rules.path import Path, PathCall


@dataclass(frozen=True, slots=True)
class Window:
    """One occurrence.

    Attributes:
        calls: in the order of the routine; where reads commute the agent may have made them in another one.
    """

    run: Run
    calls: tuple[PathCall, ...]

    @property
    def model_calls(self) -> int:
        """Model calls that issued these calls."""
        return len({each.position for each in self.calls})


def find_windows(paths: Iterable[Path], routine: Sequence[CanonicalCall]) -> list[Window]:
    """The occurrences of a routine in one piece, from left to right, none overlapping another."""
    return [window for path in paths for window in _find_in_path(path, tuple(routine))]


def _find_in_path(path: Path, routine: tuple[CanonicalCall, ...]) -> Iterator[Window]:
    size, start = len(routine), 0
    canonical, wanted = path.canonical, sorted(routine)
    while start + size <= len(canonical):
        if canonical[start : start + size] == routine:
            window: tuple[PathCall, ...] | None = path.calls[start : start + size]
        elif sorted(canonical[start : start + size]) == wanted:
            window = _reorder_calls(path.calls[start : start + size], routine)
        else:
            window = None
        if window:
            yield Window(path.run, window)
        start += size if window else 1


def _reorder_calls(
    calls: Sequence[PathCall], routine: Sequence[CanonicalCall]
) -> tuple[PathCall, ...] | None:
    """The calls in the order of a routine, if commuting reads make the two the same history."""
    left = list(calls)
    ordered = []
    for wanted in routine:
        found = next(each for each in left if each.canonical == wanted)
        left.remove(found)
        ordered.append(found)
    return tuple(ordered) if _find_last_state(calls) == _find_last_state(ordered) else None


def _find_last_state(calls: Sequence[PathCall]) -> str:
    *_, last = walk_states([replace(each, uses=()) for each in calls])
    return last
