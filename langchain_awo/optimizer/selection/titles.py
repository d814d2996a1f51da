"""Names of meta-tools as a person would give them: a verb and an object, five words at most.

before::

    find_customer > list_orders* > get_shipment*      mail_password > mail_login > mail_search > mail_read*
    get_order > issue_refund, if its status is "delivered"

after::

    get_customer_orders_and_shipments                 get_mails_in_full
    issue_refund_for_delivered_order
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Final

from langchain_awo.model.ir.binding import Output, list_leaves
from langchain_awo.model.ir.metatool import Guard, MetaTool, Step
from langchain_awo.model.secrets.names import looks_secret
from langchain_awo.optimizer.log import effect_words
from langchain_awo.optimizer.selection.words import (
    VERBS,
    extract_object,
    goes_by,
    pluralize,
    singularize,
    split_name,
)

MAX_NAME: Final = 60
"""Characters; providers allow 64."""

MAX_WORDS: Final = 5
"""Words of a name."""

MEANS: Final = frozenset(
    [
        "login",
        "logon",
        "signin",
        "authenticate",
        "authentication",
        "auth",
        "password",
        "passwords",
        "credential",
        "credentials",
        "session",
        "token",
    ]
)
"""What a tool is about that is asked only to be let in; nobody calls a routine for it."""

KEYS: Final = frozenset(
    ["email address", "email", "phone number", "zip code", "zipcode", "postal code", "coordinates"]
)
"""What a first step looks up only to ask for something else with it."""

HANDS: Final = frozenset(["click", "press", "tap"])
"""How something is done on a page, before the word for what is done: `click_place_order`."""

ACTS: Final = VERBS | effect_words.WRITE | effect_words.DESTRUCTIVE | effect_words.IDEMPOTENT


def propose_names(meta_tool: MetaTool) -> Iterator[str]:
    """The base name, then with what it goes by, then with its last object, then numbered."""
    base = _write_name(meta_tool) if writes_of(meta_tool) else _read_name(meta_tool)
    yield _clip(base)
    anchor = meta_tool.steps[0]
    by = goes_by(anchor.tool, (spec.name for spec in meta_tool.parameters if not looks_secret(spec.name)))
    core = base[:-2] if base[-2:] == ["in", "full"] else base
    if by and len(core) < MAX_WORDS:
        yield _clip([*core[: MAX_WORDS - 2], "by", by])
    elif by and "and" in core:
        yield _clip([*core[:2], core[-1], "by", by])
    for nouns in list_objects(meta_tool):
        if nouns[-1] not in base:
            yield _clip([*base[: MAX_WORDS - 1], nouns[-1]])
    yield from (f"{_clip(base)}_{number}" for number in count(2))


def writes_of(meta_tool: MetaTool) -> list[Step]:
    """The steps that write."""
    return [step for step in meta_tool.steps if not step.effect.is_read]


def is_means(step: Step, meta_tool: MetaTool) -> bool:
    """Whether a step only lets its caller in, by a password or a login, or looks up what to ask with.

    What is looked up twice, to be put together, nobody asks for its own sake.
    """
    first, *others = meta_tool.steps
    is_joined = step.tool == first.tool and any(each.is_lookup and each.tool == first.tool for each in others)
    return lets_in(step) or is_joined or " ".join(extract_object(step.tool)) in KEYS


def goes_through(step: Step) -> bool:
    """Whether it goes through a list, and not only to the item that its caller names."""
    return step.over is not None and not (step.over.filter and step.over.filter.named)


def lets_in(step: Step) -> bool:
    """Whether a step fetches a password or logs in."""
    return not MEANS.isdisjoint(split_name(step.tool))


def find_subject(meta_tool: MetaTool) -> Step:
    """The first step that is asked for its own sake."""
    return next((step for step in meta_tool.steps if not is_means(step, meta_tool)), meta_tool.steps[0])


def list_objects(meta_tool: MetaTool) -> list[list[str]]:
    """What the later reads are about, each once, in the plural where there are several; without the subject's own."""
    subject = find_subject(meta_tool)
    subject_words = set(map(singularize, extract_object(subject.tool)))
    subject_noun = singularize(extract_object(subject.tool)[-1])
    objects: dict[str, list[str]] = {}
    for step in meta_tool.steps[1:]:
        if step.effect.is_read and step is not subject and not is_means(step, meta_tool):
            *front, noun = extract_object(step.tool)
            if singularize(noun) != subject_noun:
                form = pluralize(noun) if goes_through(step) else noun
                qualifiers = [word for word in front if singularize(word) not in subject_words]
                objects.setdefault(singularize(noun), [*qualifiers, form])
    return list(objects.values())


def is_first_only(meta_tool: MetaTool) -> bool:
    """Whether it finds several things and reads the first of them only."""
    paths = (
        leaf.path
        for step in meta_tool.steps[1:]
        if not step.over
        for binding in step.args.values()
        for leaf in list_leaves(binding)
        if isinstance(leaf, Output) and not is_means(meta_tool.steps[leaf.step - 1], meta_tool)
    )
    return any("/0/" in f"{path}/" for path in paths)


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
    words = [singularize(word) for word in extract_object(subject.tool)]
    several = [*words[:-1], pluralize(words[-1])][-2:]
    others = list_objects(meta_tool)
    if not others:
        reads = [step for step in meta_tool.steps if not is_means(step, meta_tool)]
        if is_first_only(meta_tool):
            return ["get", "first", *words[-2:]]
        if len(reads) > 1:
            return ["get", *(several if any(map(goes_through, reads)) else words[-2:]), "in", "full"]
        key = meta_tool.steps[0]
        by = goes_by(key.tool, key.args) if not lets_in(key) else ""
        return ["get", *extract_object(subject.tool)[-2:], *(["by", by] if by else [])]
    if len(others) == 1:
        name = ["get", *words, *others[0]]
        return name if len(name) <= MAX_WORDS else ["get", words[-1], *others[0][-2:]]
    if len(others) == 2:  # noqa: PLR2004  # two can still be named
        name = ["get", *words, *others[0], "and", *others[1]]
        return name if len(name) <= MAX_WORDS else ["get", words[-1], others[0][-1], "and", others[1][-1]]
    return ["get", *words[-2:], "overview"]


def _name_login(meta_tool: MetaTool) -> list[str]:
    """After where its last step leads: `log_in_to_mail`."""
    words = [
        word for word in split_name(meta_tool.steps[-1].tool) if word not in MEANS | VERBS | {"in", "by"}
    ]
    return ["log", "in", *(["to", words[0]] if words else [])]


def _write_name(meta_tool: MetaTool) -> list[str]:
    """After its write, with the state that it asks for: `refund_delivered_order`."""
    step = writes_of(meta_tool)[-1]
    verb, *rest = extract_action(step.tool)
    noun = extract_object(meta_tool.steps[0].tool)[-1]
    if step is meta_tool.steps[0]:
        others = list_objects(meta_tool)
        return [verb, *rest, *(["with", others[0][-1]] if others else ["in", "full"])][:MAX_WORDS]
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
