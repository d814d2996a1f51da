"""What was done already: a step that completed is never executed again."""

from __future__ import annotations


class Memory:
    """Completed calls by run."""
