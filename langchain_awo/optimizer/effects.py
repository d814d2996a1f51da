"""What each tool does to the world: declared, claimed or guessed from its name; suspicion can only rise."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from langchain_awo.model.effect import Effect
from langchain_awo.model.trace import JSONValue, ToolSpec

READ_VERBS: Final = frozenset(
    [
        "calculate",
        "check",
        "compare",
        "compute",
        "count",
        "describe",
        "estimate",
        "fetch",
        "find",
        "get",
        "inspect",
        "list",
        "look",
        "lookup",
        "peek",
        "preview",
        "query",
        "read",
        "retrieve",
        "scan",
        "search",
        "show",
        "status",
        "think",
        "total",
        "validate",
        "verify",
        "view",
    ]
)
IDEMPOTENT_VERBS: Final = frozenset(["assign", "mark", "put", "replace", "set", "upsert"])
DESTRUCTIVE_VERBS: Final = frozenset(
    [
        "abort",
        "archive",
        "ban",
        "cancel",
        "charge",
        "clear",
        "close",
        "delete",
        "deactivate",
        "destroy",
        "disable",
        "discard",
        "drop",
        "erase",
        "kill",
        "merge",
        "pay",
        "purge",
        "redeem",
        "refund",
        "remove",
        "reset",
        "revoke",
        "terminate",
        "transfer",
        "truncate",
        "uninstall",
        "unsubscribe",
        "wipe",
        "withdraw",
    ]
)

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def effect_of(spec: ToolSpec, declared: Mapping[str, Effect] | None = None) -> Effect:
    """Effect class of a tool.

    The user's declaration is the last word. Else the tool's own hints (MCP: a tool that is not read-only is
    destructive unless it says otherwise), else the verb its name starts with. A name that sounds worse than the hint
    raises the suspicion; one that sounds better does not lower it.

    >>> effect_of(ToolSpec(name="orders.get_order")), effect_of(ToolSpec(name="frobnicate"))
    (<Effect.READ: 'read'>, <Effect.UNKNOWN: 'unknown'>)
    """
    if declared and spec.name in declared:
        return declared[spec.name]
    named, hinted = effect_of_name(spec.name), effect_of_hints(spec.hints)
    if hinted is None:
        return named
    if named in (Effect.UNKNOWN, Effect.READ):
        return hinted
    return max(named, hinted, key=lambda effect: effect.suspicion)


def effect_of_hints(hints: Mapping[str, JSONValue]) -> Effect | None:
    """Effect class that MCP annotations claim, `None` when they claim nothing."""
    if hints.get("readOnlyHint") is True:
        return Effect.READ
    if hints.get("destructiveHint") is True:
        return Effect.DESTRUCTIVE
    if hints.get("destructiveHint") is False:
        return Effect.IDEMPOTENT if hints.get("idempotentHint") is True else Effect.WRITE
    return Effect.DESTRUCTIVE if hints.get("readOnlyHint") is False else None


def effect_of_name(name: str) -> Effect:
    """Effect class guessed from the verbs in a name; a name without a known verb is unknown."""
    words = [word.lower() for word in _WORD.findall(name.rsplit(".", 1)[-1].rsplit("/", 1)[-1])]
    if any(word in DESTRUCTIVE_VERBS for word in words[:1]):
        return Effect.DESTRUCTIVE
    if words and (words[0] in READ_VERBS or words[-1] in ("count", "lookup", "search", "status")):
        return Effect.READ if not any(word in DESTRUCTIVE_VERBS for word in words[:2]) else Effect.UNKNOWN
    if words and words[0] in IDEMPOTENT_VERBS:
        return Effect.IDEMPOTENT
    known_write = words and words[0] in (
        "add",
        "append",
        "apply",
        "book",
        "buy",
        "create",
        "edit",
        "insert",
        "modify",
    )
    also_write = words and words[0] in (
        "post",
        "reply",
        "forward",
        "send",
        "submit",
        "update",
        "write",
        "issue",
        "make",
    )
    return Effect.WRITE if known_write or also_write else Effect.UNKNOWN


def effects_of(specs: Iterable[ToolSpec], declared: Mapping[str, Effect] | None = None) -> dict[str, Effect]:
    """Effect class of each tool; specifications of one name that disagree give the more suspicious one."""
    effects: dict[str, Effect] = {}
    for spec in specs:
        effect = effect_of(spec, declared)
        known = effects.get(spec.name, effect)
        effects[spec.name] = max(known, effect, key=lambda each: each.suspicion)
    return effects
