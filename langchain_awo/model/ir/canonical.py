"""Canonical calls, and the routines that are found as sequences of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class CanonicalCall:
    """A tool with only those argument values that select what kind of action it is.

    Attributes:
        selectors: argument names with values as text, sorted by name; values that merely carry data are not in it.
    """

    tool: str
    selectors: tuple[tuple[str, str], ...] = ()

    @property
    def label(self) -> str:
        """For a person to read.

        >>> CanonicalCall("click", (("target", "search_submit"),)).label
        'click(search_submit)'
        >>> CanonicalCall("http", (("method", "POST"), ("path", "/login"))).label
        'http(method=POST, path=/login)'
        """
        if not self.selectors:
            return self.tool
        if len(self.selectors) == 1:
            return f"{self.tool}({self.selectors[0][1]})"
        return f"{self.tool}({', '.join(f'{name}={value}' for name, value in self.selectors)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class CanonicalRoutine:
    """A routine that the traces repeat and that nothing is known of but its canonical calls.

    Attributes:
        support: how many executions go through it.
        tasks: in how many distinct tasks it occurs; 0 when that was not counted.
    """

    calls: tuple[CanonicalCall, ...]
    support: int
    tasks: int = 0

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of its calls."""
        return tuple(call.label for call in self.calls)
