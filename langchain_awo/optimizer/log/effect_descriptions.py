"""What the description of a tool says about its effect, by the verb each sentence begins with and those that follow `and`.

before::

    Returns the orders of a customer.   Gets a page and stores it.   The parcels of a person.   Does not change anything.

after::

    read                                write                        a thing                    read
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from langchain_awo.model.trace.effect import Effect, find_most_suspicious
from langchain_awo.optimizer.log import effect_words as words_of

MAX_CHARACTERS: Final = 4_000
"""What stands further down is about arguments."""

_HARMLESS: Final = re.compile(
    r"(?i)\bread[ -]only\b|\b(?:does|do|will|would|can|is|are|has|have)(?:n't| not| never) (?:\w+ )?"
    r"(?:modify|change|alter|write|affect|mutate|update|create|delete|send|store|make|side)\w*"
    r"|\bwithout (?:any )?(?:side effects|changing|modifying|altering|writing)\b|\b(?:no|free of) side effects\b"
    r"|\b(?:changes|modifies|writes|alters) nothing\b|\bnever (?:changes|modifies|writes|alters|sends|updates)\b"
)
_PREAMBLE: Final = re.compile(
    r"(?i)^(?:\W*(?:please|this|it|the|a|an|tool|function|endpoint|api|method|command|use|used|call|can be used|"
    r"is used|will|should be used|allows? (?:you|the user|users) to|lets? (?:you|the user)|helps?|which|that|to|for|"
    r"simply|just|quickly|efficiently|safely|also)\b)*\W*"
)
_SENTENCE: Final = re.compile(r"(?<=[.!;\n])\s+|\n+")
_SECOND: Final = re.compile(
    r"(?i)(?:\b(?:and|or|then|also|else)|,|&) +(?:(?:it|also|then|else|optionally|immediately|automatically) +)*"
    r"([a-z]+)\b( +(?:it|them|the|an?|to|this|that|its|their|his|her|all)\b)?"
)
_OTHER_SENSE: Final = re.compile(r"(?i)^(?:checks? (?:in|out|off|\w+ (?:in|out|off))|gets? rid)\b")
_PASSIVE: Final = re.compile(r"(?i)\b(?:will|shall)(?: then| also)? be (\w+)")
_PARTICIPLES: Final = {
    "sent": "send",
    "paid": "pay",
    "written": "write",
    "made": "make",
    "sold": "sell",
    "set": "set",
}
_ARTICLE: Final = re.compile(r"(?i)\s*(?:an?|the|all|every|each|current|list of|details? of|number of) \w")
_ENDINGS: Final = (("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("s", ""))

_READS: Final = words_of.READ | {
    "return",
    "output",
    "convert",
    "validate",
    "detect",
    "determine",
    "evaluate",
    "answer",
    "parse",
    "extract",
    "measure",
    "predict",
    "query",
}
_NEUTRAL: Final = frozenset(
    {
        "load",
        "give",
        "report",
        "print",
        "provide",
        "use",
        "make",
        "handle",
        "select",
        "filter",
        "sort",
        "see",
        "tell",
    }
)
"""Verbs that say nothing at the head of a description: a tool gives information as well as money."""

_ACTS: Final = (words_of.WRITE | words_of.DESTRUCTIVE | words_of.IDEMPOTENT | {"set"}) - _READS - _NEUTRAL


@dataclass(frozen=True, slots=True)
class Told:
    """What a description says.

    Attributes:
        effect: the worst that any sentence says is done, `None` if none says anything.
        is_thing: it begins like the name of a thing, as what comes back is often described.
        is_mild: whether nothing destructive is said but what a plain write may do too, such as closing a ticket.
    """

    effect: Effect | None
    is_thing: bool = False
    is_mild: bool = False


def read_description(description: str) -> Told:
    """What a description says of a tool's effect.

    >>> read_description("Gets the report and sends it to the team.").effect
    <Effect.WRITE: 'write'>
    >>> read_description("The parcels of a person.")
    Told(effect=None, is_thing=True, is_mild=False)
    """
    text = description[:MAX_CHARACTERS]
    promised = bool(_HARMLESS.search(text))
    text = _HARMLESS.sub(" ", text)
    sentences = [sentence for sentence in _SENTENCE.split(text) if sentence.strip()]
    acting = [
        verb
        for place, sentence in enumerate(sentences)
        for verb in _find_acting_verbs(sentence, first=place == 0)
    ]
    if acting:
        mild = not (set(acting) & words_of.DESTRUCTIVE) - words_of.MILD
        return Told(find_most_suspicious(map(_classify_verb, acting)), is_mild=mild)
    reads = promised or any(_leads_with_reading(sentence) for sentence in sentences[:1])
    return Told(Effect.READ if reads else None, bool(sentences and _ARTICLE.match(sentences[0])))


def _find_acting_verbs(sentence: str, *, first: bool) -> Iterator[str]:
    """The verbs of what a sentence says is done; later ones count only where they speak of the tool (`Sends ...`), not to its user."""
    for match in _PASSIVE.finditer(sentence):
        yield from _match_acting_verb(_to_active(match[1].lower()))
    word = _find_first_verb(sentence)
    if not first and not _is_third_person(word):
        return
    yield from _match_acting_verb(word)
    for match in _SECOND.finditer(sentence):
        second = match[1].lower()
        alike = _is_third_person(second) == _is_third_person(word)
        if match[2] or (alike and _find_base_form(second) not in words_of.THINGS):
            yield from _match_acting_verb(second)


def _is_third_person(word: str) -> bool:
    return word.endswith("s") and not word.endswith("ss")


def _to_active(participle: str) -> str:
    """The verb of a participle, as far as the lists know it."""
    stem = participle.removesuffix("ed")
    bases = (_PARTICIPLES.get(participle, stem), f"{stem}e", stem[:-1])
    return next((base for base in bases if base in _ACTS), participle)


def _match_acting_verb(word: str) -> Iterator[str]:
    verb = _find_base_form(word)
    if verb in _ACTS:
        yield verb


def _classify_verb(verb: str) -> Effect:
    if verb in words_of.DESTRUCTIVE:
        return Effect.DESTRUCTIVE
    return Effect.IDEMPOTENT if verb in words_of.IDEMPOTENT | {"set"} else Effect.WRITE


def _leads_with_reading(sentence: str) -> bool:
    rest = _PREAMBLE.sub("", sentence.strip())
    return _find_base_form(_find_first_verb(sentence)) in _READS and not _OTHER_SENSE.match(rest)


def _find_first_verb(sentence: str) -> str:
    """The verb that a sentence begins with, where it begins with one; after an article stands a thing."""
    text = sentence.strip()
    rest = _PREAMBLE.sub("", text)
    match = re.match(r"[A-Za-z]+", rest)
    before = text[: len(text) - len(rest)].lower().split()
    return match[0].lower() if match and before[-1:] not in (["a"], ["an"], ["the"]) else ""


def _find_base_form(word: str) -> str:
    """The base form of a verb, as far as the lists know it.

    >>> _find_base_form("queries"), _find_base_form("searches"), _find_base_form("moves")
    ('query', 'search', 'move')
    """
    if word in _READS | _ACTS:
        return word
    for ending, base in _ENDINGS:
        if word.endswith(ending):
            return word[: -len(ending)] + base
    return word
