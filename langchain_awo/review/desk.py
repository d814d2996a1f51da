"""One toolkit file under review: reads it, changes it, and never loses what somebody else wrote meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.plan_file import read_plan_file, update_plan
from langchain_awo.review.actions import parse_change
from langchain_awo.review.examples import Examples
from langchain_awo.review.state import review_state


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A file, and what it is reviewed with.

    Attributes:
        key: signs the file again; needed if it is signed.
        examples: by digest of the routine, so that a renamed meta-tool keeps its own.
    """

    path: Path
    key: bytes | None = None
    examples: Mapping[str, Examples] | None = None

    def state(self) -> JSONValue:
        """What the page shows now.

        Raises:
            PlanError: the file cannot be read.
        """
        return review_state(read_plan_file(self.path), self.examples)

    def decide(self, asked: Mapping[str, Any]) -> JSONValue:
        """Makes a change, saves it, and gives what the page shows then.

        Args:
            asked: a change as `parse_change` takes it, and `stamp`: of the file that the person was looking at.

        Raises:
            ChangedError: somebody else wrote the file meanwhile; it was left as it is.
            DecisionError: it is no change, or cannot be made.
            PlanError: the file cannot be read or written, or was edited by hand.
        """
        stamp = asked.get("stamp")
        change = parse_change(asked)
        file = update_plan(
            self.path, change, key=self.key, stamp=stamp if isinstance(stamp, str) and stamp else "-"
        )
        return review_state(file, self.examples)
