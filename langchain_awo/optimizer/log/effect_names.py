"""What the name of a tool says about its effect, under prefixes and suffixes, in any case and word order.

before::

    mcp__crm__list_orders   orders.get   displayStatus   order_lookup   get_user_delete   query_database   frobnicate

after::

    read                    read         read            read           destructive       unknown          nothing

A name of a thing and a verb, such as `mail_read`, may also be two verbs: the description decides, or the names of the other tools.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from langchain_awo.model.text.words import split_words
from langchain_awo.model.trace.effect import Effect, find_most_suspicious
from langchain_awo.optimizer.log import effect_words as words_of

_SEGMENTS: Final = re.compile(r"__+|[./:]+|\s+")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_./: -]+")

_READS: Final = words_of.READ | words_of.CHECKED
_ACTS: Final = words_of.WRITE | words_of.DESTRUCTIVE | words_of.IDEMPOTENT | {"set"}
_UNMISTAKABLE: Final = _ACTS - words_of.THINGS - {"set"}
"""Whatever stands beside them, something is done: nobody lists a delete."""

_HIDDEN: Final = ("delete", "remove", "create", "update", "cancel", "purge", "destroy", "insert", "terminate")
"""Verbs that are found inside of longer words too: `getorderdelete`."""


def guess_effect(name: str) -> Effect:
    """Effect class guessed from a name; unknown if it says nothing.

    >>> guess_effect("mcp__crm__list_orders"), guess_effect("list_purge")
    (<Effect.READ: 'read'>, <Effect.DESTRUCTIVE: 'destructive'>)
    """
    return read_name(name) or Effect.UNKNOWN


def read_name(name: str) -> Effect | None:
    """What a name says of its effect, `None` if nothing, `UNKNOWN` if it contradicts itself or leaves it to an argument.

    A verb that acts counts wherever it stands. Words that are things as often as verbs (`order`, `file`) count as things
    after a verb of reading.

    >>> read_name("get_or_create_user"), read_name("query_database"), read_name("parcels")
    (<Effect.UNKNOWN: 'unknown'>, <Effect.UNKNOWN: 'unknown'>, None)
    """
    if not _PLAIN.fullmatch(name):
        return Effect.UNKNOWN
    segments = [split for part in _SEGMENTS.split(name) if (split := split_words(part))]
    if not segments:
        return None
    words, prefix = segments[-1], [word for segment in segments[:-1] for word in segment]
    if _is_ambiguous(words) and not _UNMISTAKABLE & set(prefix):
        return None
    reading = _find_reading_verb(words)
    acting = _classify_acting(prefix, words, reading)
    if acting is not None:
        return acting
    if words_of.OPEN_ENDED & {*prefix, *words}:
        return Effect.UNKNOWN
    if reading is None:
        return Effect.READ if _is_value(words) or _calculates(words) else None
    return (
        Effect.READ
        if _is_only_reading(words[reading], words[reading + 1 :], words[:reading])
        else Effect.UNKNOWN
    )


def with_namespaces(names: Iterable[str]) -> dict[str, str]:
    """Names as they are to be read: with a dot before the verb where it is plain that all tools of a kind put it last.

    It is plain where others of the same first word put a verb of reading and one that acts, neither of which may be a thing,
    in the same place: behind the thing, or behind a prefix and the thing.

    >>> with_namespaces(["mail_get", "mail_delete", "mail_read", "call_list"])["mail_read"]
    'mail.read'
    >>> with_namespaces(["ehr_patient_search", "ehr_order_create", "ehr_drug_read"])["ehr_drug_read"]
    'ehr.drug.read'
    """
    split = {name: split_words(name) for name in names if not _SEGMENTS.search(name)}
    behind_thing = _find_spaces((words[0], words[1]) for words in split.values() if len(words) > 1)
    behind_prefix = _find_spaces((words[0], words[-1]) for words in split.values() if len(words) > 2)  # noqa: PLR2004
    return {
        name: ".".join(words)
        for name, words in split.items()
        if words
        and words[0] in (behind_thing if len(words) == 2 else behind_prefix)  # noqa: PLR2004  # thing, verb
        and words[-1] in words_of.NOUN_FIRST
        and not _may_act(words[1:-1])
    }


def _find_spaces(named: Iterable[tuple[str, str]]) -> set[str]:
    """The first words behind which both a verb of reading and one that acts are found, from each first word and its verb."""
    verbs: defaultdict[str, set[str]] = defaultdict(set)
    for first, verb in named:
        if first not in _READS | _UNMISTAKABLE:
            verbs[first].add(verb)
    acting = _UNMISTAKABLE - words_of.CHECKED
    return {first for first, found in verbs.items() if found & words_of.UNDER_THING and found & acting}


def _is_ambiguous(words: Sequence[str]) -> bool:
    """Whether a name may be that of a thing and how it is read, or of a verb and its object: `mail_list`, `message_read`."""
    thing = len(words) == 2 and words[0] in words_of.THINGS - words_of.DESTRUCTIVE  # noqa: PLR2004  # thing and verb
    return thing and (
        words[1] in {"list", "show", "view"} or (words[1] == "read" and words[0] not in words_of.READABLE)
    )


def _find_reading_verb(words: Sequence[str]) -> int | None:
    """Where the verb of reading stands: first, behind a prefix that does not act, or last."""
    if words[0] in _READS:
        return 0
    if words[0] in _UNMISTAKABLE:
        return None
    for place, word in enumerate(words[1:-1], start=1):
        if word in (words_of.UNDER_THING if _may_act(words[:place]) else words_of.UNDER_PREFIX):
            return place
    last = words_of.UNDER_THING if _may_act(words[:-1]) else words_of.READ_LAST
    before = words_of.READABLE if words[-1] == "read" else words_of.CHECKABLE
    ends = words[-1] in last or (words[-1] in ("read", "check", "convert") and words[-2] in before)
    return len(words) - 1 if ends else None


def _may_act(words: Iterable[str]) -> bool:
    return any(word in _ACTS for word in words)


def _classify_acting(prefix: Sequence[str], words: Sequence[str], reading: int | None) -> Effect | None:
    """The effect if a verb acts, the worst if several do; unknown if another one reads."""
    sure = [word for word in (*prefix, *words) if word in _UNMISTAKABLE or _hides(word)]
    first_or_last = [word for word in (words[0], words[-1]) if word in _ACTS]
    maybe = [] if reading is not None or _is_value(words) or _calculates(words) else first_or_last[:1]
    if not (sure or maybe):
        return None
    worst = find_most_suspicious(_classify_word(word) for word in (*sure, *maybe))
    return worst if worst is Effect.DESTRUCTIVE or reading is None else Effect.UNKNOWN


def _is_value(words: Sequence[str]) -> bool:
    """Whether a name is that of a thing and no more; `order_status` is, `record_temperature` is not."""
    return words[-1] in words_of.VALUE and len(words) > 1 and not _may_act(set(words) - {"order"})


def _calculates(words: Sequence[str]) -> bool:
    """Whether a name says that something is computed, narrowed down or followed: `filter_hotels_by_price`, `track_parcel`."""
    narrowed = words[0] in ("filter", "sort", "group") and "by" in words[2:-1]
    converted = "to" in words[1:-1] and {words[0], words[-1]} <= words_of.UNITS
    return narrowed or converted or (words[0] == "track" and words[-1] in words_of.FOLLOWED)


def _hides(word: str) -> bool:
    return not word.endswith("ed") and any(verb in word for verb in _HIDDEN)


def _classify_word(word: str) -> Effect:
    if word in words_of.DESTRUCTIVE or any(verb in word for verb in _HIDDEN if verb in words_of.DESTRUCTIVE):
        return Effect.DESTRUCTIVE
    return Effect.IDEMPOTENT if word in words_of.IDEMPOTENT | {"set"} else Effect.WRITE


def _is_only_reading(verb: str, rest: Sequence[str], before: Sequence[str]) -> bool:
    """Whether what stands around a verb of reading is what is read, and nothing more."""
    if verb in words_of.CHECKED and not _is_plain_check(verb, rest or before):
        return False
    reached = words_of.FETCHED if verb in ("fetch", "query") else words_of.OPEN_OBJECTS
    if reached & set(rest) or (verb == "fetch" and not rest):
        return False
    if words_of.PARTICLES & set(rest) or words_of.JOINTS & set(before) or {"for", "sale"} <= set(rest):
        return False
    if verb == "list" and before and before[-1] in words_of.NO_LIST:
        return False
    asks = verb in words_of.OBTAIN and _asks_for(rest or before)
    return not (asks or _acts_too((verb, *rest)))


def _is_plain_check(verb: str, rest: Sequence[str]) -> bool:
    if verb == "query":
        return (
            bool(rest)
            and rest[-1].endswith("s")
            and not {"rows", "tables", "records", "databases"} & set(rest)
        )
    return bool(words_of.CHECKABLE & set(rest)) and not words_of.GRAVE & set(rest)


def _asks_for(rest: Sequence[str]) -> bool:
    """Whether what is read is something grave in the singular, which reading may well mean making."""
    heads = [place for place, word in enumerate(rest) if word in words_of.HEADING]
    head = min(heads, default=len(rest)) - 1
    grave = head >= 0 and rest[head] in words_of.GRAVE
    return grave and not (head and rest[head - 1] in words_of.CURRENT)


def _acts_too(words: Sequence[str]) -> bool:
    """Whether a word after a joint, before what it acts on, or behind what is read, is a verb."""
    for word, following in pairwise(words):
        if word in words_of.JOINTS and (following in _ACTS or not _is_thing(following)):
            return True
        if following in words_of.ACTS_ON.get(word, ()):
            return True
    behind = words[-1] in _ACTS & words_of.THINGS and len(words) > 2  # noqa: PLR2004  # verb, thing, and one more
    return behind and (words[-1] in words_of.ALONE or words[-2].endswith("s"))


def _is_thing(word: str) -> bool:
    return word.endswith("s") or word in _READS | words_of.VALUE
