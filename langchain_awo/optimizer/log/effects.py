"""What each tool does to the world: declared, claimed or guessed from its name; suspicion can only rise."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
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
        "think",
        "validate",
        "verify",
        "view",
    ]  # reads better
)
IDEMPOTENT_VERBS: Final = frozenset({"assign", "mark", "put", "replace", "set", "upsert"})
WRITE_VERBS: Final = frozenset(
    [
        "add",
        "append",
        "apply",
        "approve",
        "book",
        "buy",
        "change",
        "confirm",
        "create",
        "deploy",
        "edit",
        "execute",
        "exchange",
        "file",
        "forward",
        "grant",
        "import",
        "increment",
        "insert",
        "install",
        "invite",
        "issue",
        "make",
        "merge",
        "modify",
        "move",
        "open",
        "order",
        "post",
        "publish",
        "push",
        "record",
        "register",
        "reply",
        "reserve",
        "run",
        "save",
        "schedule",
        "send",
        "share",
        "sign",
        "start",
        "stop",
        "store",
        "submit",
        "sync",
        "trigger",
        "update",
        "upload",
        "write",
    ]
)
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
NOT_READING: Final = frozenset({("check", "in"), ("check", "out")})
"""Pairs of words that sound like reading and are not."""

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
    """Effect class guessed from the verbs in a name; a name that does not start with a known verb is unknown.

    A reading verb counts only if nothing in the rest of the name acts: `get_or_create_user` is unknown.

    >>> effect_of_name("get_or_create_user"), effect_of_name("update_ticket_status")
    (<Effect.UNKNOWN: 'unknown'>, <Effect.WRITE: 'write'>)
    """
    words = [word.lower() for word in _WORD.findall(name.rsplit(".", 1)[-1].rsplit("/", 1)[-1])]
    first, rest = (words[0], words[1:]) if words else ("", [])
    if first in DESTRUCTIVE_VERBS:
        return Effect.DESTRUCTIVE
    if first in WRITE_VERBS:
        return Effect.WRITE
    if first in IDEMPOTENT_VERBS:
        return Effect.IDEMPOTENT
    acts = any(word in WRITE_VERBS | IDEMPOTENT_VERBS | DESTRUCTIVE_VERBS for word in _after_joint(rest))
    reads = first in READ_VERBS and not acts and tuple(words[:2]) not in NOT_READING
    return Effect.READ if reads else Effect.UNKNOWN


def _after_joint(words: Sequence[str]) -> Sequence[str]:
    """The words after `and` or `or`; before it they are what is read, such as in `get_order` or `list_open_orders`."""
    joints = [position for position, word in enumerate(words) if word in ("and", "or", "then")]
    return words[joints[0] + 1 :] if joints else ()


def effects_of(specs: Iterable[ToolSpec], declared: Mapping[str, Effect] | None = None) -> dict[str, Effect]:
    """Effect class of each tool; specifications of one name that disagree give the more suspicious one."""
    effects: dict[str, Effect] = {}
    for spec in specs:
        effect = effect_of(spec, declared)
        known = effects.get(spec.name, effect)
        effects[spec.name] = max(known, effect, key=lambda each: each.suspicion)
    return effects
