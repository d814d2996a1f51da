"""The seal of a toolkit file: a digest of what the toolkit means, and a signature by those who share a key.

The digest finds edits that nobody reviewed. Whoever can write the file can also seal it again; only a signature with a
key that they do not have holds them off.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from langchain_awo.model.ir.metatool import ToolkitPlan
from langchain_awo.model.ir.schema import dump

_PURPOSE: Final = b"langchain_awo toolkit 1\n"
"""What is signed begins with this, so that a signature means nothing anywhere else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """What a toolkit file says of its own content.

    Attributes:
        digest: SHA-256 of the meaning, in hexadecimal.
        signature: HMAC-SHA-256 of the digest, in hexadecimal; empty if it was sealed without a key.
    """

    digest: str
    signature: str = ""

    def is_of(self, plan: ToolkitPlan) -> bool:
        """Whether the plan still means what was sealed."""
        return hmac.compare_digest(self.digest.encode(), digest_plan(plan).encode())

    def is_signed_with(self, key: str | bytes) -> bool:
        """Whether the holder of a key signed the digest."""
        return hmac.compare_digest(self.signature.encode(), _compute_signature(self.digest, key).encode())


def seal_of(plan: ToolkitPlan, *, key: str | bytes | None = None) -> Seal:
    """The seal that fits a plan, signed if there is a key."""
    digest = digest_plan(plan)
    return Seal(digest=digest, signature="" if key is None else _compute_signature(digest, key))


def digest_plan(plan: ToolkitPlan) -> str:
    """SHA-256 of what a plan makes an agent do and shows a model; evidence and counts are left out."""
    text = json.dumps(_extract_meaning(plan), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _extract_meaning(plan: ToolkitPlan) -> dict[str, Any]:
    data: dict[str, Any] = dump(plan)
    kept = {name: data.get(name, {}) for name in ("tools", "settings")}  # recompiling goes by the settings
    rejected = {"rejected": _reduce_meta_tools(data["rejected"])} if data.get("rejected") else {}
    return {"meta_tools": _reduce_meta_tools(data.get("meta_tools", ())), **rejected, **kept}


def _reduce_meta_tools(listed: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    stripped = [_without(meta_tool, "evidence", "mode_reason") for meta_tool in listed]
    return [
        {**meta_tool, "steps": [_reduce_step(step) for step in meta_tool["steps"]]} for meta_tool in stripped
    ]


def _reduce_step(step: dict[str, Any]) -> dict[str, Any]:
    return {**_without(step, "evidence"), "hide": sorted(step.get("hide", ()))}


def _without(data: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in names}


def _compute_signature(digest: str, key: str | bytes) -> str:
    secret = key.encode() if isinstance(key, str) else key
    return hmac.new(secret, _PURPOSE + digest.encode(), hashlib.sha256).hexdigest()
