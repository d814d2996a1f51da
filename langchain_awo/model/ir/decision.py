"""What a person decided about a meta-tool: data only; see `langchain_awo.model.ir.reviewing` for what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["accepted", "rejected"]
"""What a person can say of a meta-tool; one without a decision is undecided."""

Choice: TypeAlias = Literal["name", "description", "mode"]
"""What a person can choose in place of the compiler."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanDecision:
    """What a person decided about a meta-tool.

    Attributes:
        digest: of what the meta-tool did when it was decided about; once it does something else, it is undecided again.
        reason: in the person's own words.
        by: who decided, if they said so.
        at: when, in ISO 8601, if it was noted.
    """

    verdict: Verdict
    digest: str
    reason: str = ""
    by: str = ""
    at: str = ""
