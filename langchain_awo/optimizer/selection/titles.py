"""Names of meta-tools as a person would give them: a verb and an object, five words at most.

before::

    find_customer > list_orders* > get_shipment*      mail_password > mail_login > mail_search > mail_read*
    get_order > issue_refund, if its status is "delivered"

after::

    get_customer_orders_and_shipments                 get_mails_with_details
    issue_refund_for_delivered_order
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Final

from langchain_awo.model.ir.metatool import Guard, MetaTool
from langchain_awo.model.secrets.names import looks_secret
from langchain_awo.optimizer.log import effect_words
from langchain_awo.optimizer.selection.kinds import (
    MEANS,
    find_subject,
    goes_through,
    is_means,
    lets_in,
    looks_again,
    writes_of,
)
from langchain_awo.optimizer.selection.returned import Returned, list_returned, name_subject
from langchain_awo.optimizer.selection.words import (
    VERBS,
    extract_object,
    finds_id,
    goes_by,
    pluralize,
    singularize,
    split_name,
)

MAX_NAME: Final = 60
"""Characters; providers allow 64."""

MAX_WORDS: Final = 5
"""Words of a name."""

HANDS: Final = frozenset(["click", "press", "tap"])
"""How something is done on a page, before the word for what is done: `click_place_order`."""

SAID: Final = frozenset(["keyword", "keywords", "pattern", "query", "term", "terms", "text", "words"])
"""What something is searched with, in the caller's words: it matches, and is not known by it."""

ACTS: Final = VERBS | effect_words.WRITE | effect_words.DESTRUCTIVE | effect_words.IDEMPOTENT


def propose_names(meta_tool: MetaTool) -> Iterator[str]:
    """The base name, then with what it goes by, then with its last object or its details, then numbered."""
    base = _write_name(meta_tool) if writes_of(meta_tool) else _read_name(meta_tool)
    yield _clip(base)
    anchor = meta_tool.steps[0]
    by = goes_by(anchor.tool, (spec.name for spec in meta_tool.parameters if not looks_secret(spec.name)))
    core = base[:-2] if base[-2:] == ["with", "details"] else base
    if by and len(core) < MAX_WORDS and "by" not in core:
        how = "for" if lets_in(anchor) else "matching" if by in SAID else "by"
        yield _clip([*core[: MAX_WORDS - 2], how, by])
    elif by and "and" in core:
        yield _clip(["get", core[-1], "by", core[1], by])
    others = list_others(meta_tool)
    for other in others:
        if other.nouns[-1] not in base:
            yield _clip([*base[: MAX_WORDS - 1], other.nouns[-1]])
    if len(others) == 1 and len(list_returned(meta_tool)) > 1:
        yield _clip(["get", base[1], "details", "and", others[0].nouns[-1]])
    yield from (f"{_clip(base)}_{number}" for number in count(2))


def state_of(guard: Guard | None) -> str:
    """The state that a write asks for, where it is a single word."""
    value = guard.value if guard and guard.test == "equals" else None
    return value.lower() if isinstance(value, str) and value.isalpha() else ""


def extract_action(tool: str) -> list[str]:
    """The words of what a writing tool does, the verb first; without a verb the whole name.

    >>> extract_action("click_place_order"), extract_action("crm.update_user"), extract_action("click_next")
    (['place', 'order'], ['update', 'user'], ['click', 'next'])
    """
    words = split_name(tool) or ["tool"]
    return words[1:] if words[0] in HANDS and len(words) > 2 and words[1] in ACTS else words  # noqa: PLR2004  # verb, object


def _read_name(meta_tool: MetaTool) -> list[str]:
    subject = find_subject(meta_tool)
    if lets_in(subject):
        return _name_login(meta_tool)
    words = [singularize(word) for word in name_subject(meta_tool)]
    others = list_others(meta_tool)
    if not others:
        return _name_subject(meta_tool, words)
    if found_by := find_only_named(meta_tool):
        return ["get", *others[0].nouns[-2:], "by", split_name(found_by)[-1]]
    if len(others) == 1:
        return _name_with_other(words, others[0])
    if len(others) == 2:  # noqa: PLR2004  # two can still be named
        name = ["get", *words, *others[0].name, "and", *others[1].name]
        short = ["get", words[-1], others[0].nouns[-1], "and", others[1].nouns[-1]]
        return name if len(name) <= MAX_WORDS else short
    return ["get", *words[-2:], "overview"]


def find_only_named(meta_tool: MetaTool) -> str:
    """The parameter that names the one thing which a routine finds in a list that it asks for without arguments; else empty."""
    is_all = len(list_returned(meta_tool)) == 1 and not find_subject(meta_tool).args
    return find_named(meta_tool) if is_all else ""


def find_named(meta_tool: MetaTool) -> str:
    """The parameter that names the one item which the last step of a routine is about; else empty."""
    kept = meta_tool.steps[-1].over.filter if meta_tool.steps[-1].over else None
    return kept.named.name if kept and kept.named else ""


def _name_with_other(words: Sequence[str], other: Returned) -> list[str]:
    """After the subject and the one thing besides: `get_customer_orders`, `get_first_product_variants`, `get_opening_hours_and_reviews`."""
    if other.of and other.of.is_position and other.of.noun == words[-1]:
        name = ["get", other.name[0], *words, *other.nouns]
        return name if len(name) <= MAX_WORDS else ["get", other.name[0], words[-1], other.nouns[-1]]
    name = ["get", *words, *other.name]
    short = ["get", *words[-2:-1], pluralize(words[-1]), "and", other.nouns[-1]]
    return name if len(name) <= MAX_WORDS else short


def list_others(meta_tool: MetaTool) -> list[Returned]:
    """What is returned besides more of the subject."""
    return [each for each in list_returned(meta_tool) if not each.is_detail]


def _name_subject(meta_tool: MetaTool, words: Sequence[str]) -> list[str]:
    """After the subject alone: `get_first_mail`, `get_mails_with_details`, `get_tasks_by_name`."""
    subject = find_subject(meta_tool)
    chosen = next((each.of for each in list_returned(meta_tool) if each.of), None)
    if chosen and chosen.is_position:
        return ["get", chosen.text.split()[0], *words[-2:]]
    if chosen and (found_by := find_named(meta_tool)):
        return ["get", *words[-2:], "by", split_name(found_by)[-1]]
    reads = [step for step in meta_tool.steps if not is_means(step, meta_tool)]
    several = [*words[:-1], pluralize(words[-1])][-2:]
    if any(looks_again(step, meta_tool) for step in reads):
        return ["search", *several, "with", "fallback"]
    if is_chain(meta_tool):
        return ["get", "linked", *several]
    key = meta_tool.steps[0]
    by = goes_by(key.tool, key.args) if not lets_in(key) else ""
    if len({step.tool for step in reads}) > 1 and not (by and finds_id(subject.tool)):
        return ["get", *(several if any(map(goes_through, reads)) else words[-2:]), "with", "details"]
    return ["get", *extract_object(subject.tool)[-2:], *(["by", by] if by else [])]


def is_chain(meta_tool: MetaTool) -> bool:
    """Whether a routine asks the tool of its subject again about each item that it found."""
    subject = find_subject(meta_tool)
    return any(
        goes_through(step) and step.tool == subject.tool for step in meta_tool.steps if step is not subject
    )


def _name_login(meta_tool: MetaTool) -> list[str]:
    """After where its last step leads: `log_in_to_mail`."""
    place = find_login_place(meta_tool)
    return ["log", "in", *(["to", place] if place else [])]


def find_login_place(meta_tool: MetaTool) -> str:
    """What the last step logs in to, by its name; empty if that does not say."""
    words = split_name(meta_tool.steps[-1].tool)
    return next((word for word in words if word not in MEANS | VERBS | {"in", "by"}), "")


def _write_name(meta_tool: MetaTool) -> list[str]:
    """After its write, with the state that it asks for: `refund_delivered_order`."""
    step = writes_of(meta_tool)[-1]
    verb, *rest = extract_action(step.tool)
    noun = extract_object(meta_tool.steps[0].tool)[-1]
    if step is meta_tool.steps[0]:
        others = list_others(meta_tool)
        return [verb, *rest, *(["with", others[0].nouns[-1] if others else "details"])][:MAX_WORDS]
    if [verb, *rest] != split_name(step.tool):
        return [verb, *rest][:MAX_WORDS]
    if not meta_tool.steps[0].args:
        return [*split_name(meta_tool.steps[0].tool)[:2], "and", verb, *rest][:MAX_WORDS]
    if verb not in ACTS or not rest:
        return [*[verb, *rest][: MAX_WORDS - 2], "after", noun]
    state = state_of(step.guard)
    if singularize(noun) in map(singularize, rest):
        return [verb, state or "checked", *rest][:MAX_WORDS]
    behind = ["for", state, noun] if state else ["for", noun]
    return [verb, *rest[: MAX_WORDS - 1 - len(behind)], *behind]


def _clip(words: Sequence[str]) -> str:
    """The words as a name that providers accept; what is written in other letters is left out."""
    plain_words = [plain for word in words if (plain := re.sub(r"[^A-Za-z0-9-]+", "", word))]
    name = "_".join(plain_words) if len(plain_words) > 1 else "routine"
    return name if len(name) <= MAX_NAME else name[:MAX_NAME].rsplit("_", 1)[0]
