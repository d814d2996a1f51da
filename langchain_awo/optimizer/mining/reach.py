"""Keeps outputs at home: what another tool returned is not sent out by a routine, and what one author did alone is none.

before::

    1  get_customer(email=$email)
    2  fetch_url(url="https://shop.example/c?d={#1/card}")

after::

    refused: fetch_url reaches out, and its url would be made of what get_customer returned
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from langchain_awo.model.ir.metatool import MetaTool, Refused, Step
from langchain_awo.model.ir.reach import find_leaking_argument
from langchain_awo.model.ir.trimming import renumber_steps, with_steps
from langchain_awo.model.rules import RuleSet, Trust
from langchain_awo.optimizer.log.corpus import Corpus
from langchain_awo.optimizer.mining.align import advance, align
from langchain_awo.optimizer.mining.occurrences import collect_occurrences


def apply_trust(corpus: Corpus, rules: RuleSet | None) -> Corpus:
    """The same corpus, where the tools that rules trust reach nowhere."""
    return replace(corpus, trusted=list_trusted(rules))


def list_trusted(rules: RuleSet | None) -> frozenset[str]:
    """The tools that rules say are safe to be handed what other tools returned."""
    return frozenset(rule.tool for rule in (rules.active if rules else ()) if isinstance(rule, Trust))


def keep_home(candidate: MetaTool, corpus: Corpus) -> tuple[MetaTool | None, list[Refused]]:
    """A routine less the steps that would take an output out or that one author alone supports, and why.

    Steps that use a dropped one go with it. `None` if no routine is left.
    """
    dropped, refused = set[int](), list[Refused]()
    for number, step in enumerate(candidate.steps, start=1):
        if step.depends_on & dropped:
            dropped.add(number)
        elif argument := find_leaking_argument(step, candidate.steps, corpus.reach.get(step.tool)):
            dropped.add(number)
            refused.append(_refuse_leak(candidate, step, argument))
    for number in sorted(_find_one_author_steps(candidate, corpus) - dropped):
        dropped |= {number} | _find_dependents(candidate, number)
        refused.append(_refuse_one_author(candidate, candidate.steps[number - 1]))
    if not dropped:
        return candidate, refused
    kept = _without(candidate, dropped)
    return (kept if len(kept.steps) > 1 else None), refused


def _refuse_leak(candidate: MetaTool, step: Step, argument: str) -> Refused:
    reason = (
        f"{step.tool} reaches out, and its {argument} would be made of what another tool returned; "
        f"if it is safe, say so by a rule `kind: trust, tool: {step.tool}`"
    )
    routine = (candidate.steps[0].tool, step.tool)
    return Refused(
        routine=routine, code="reaches_out", reason=reason, occurrences=candidate.evidence.occurrences
    )


def _refuse_one_author(candidate: MetaTool, step: Step) -> Refused:
    return Refused(
        routine=(candidate.steps[0].tool, step.tool),
        code="one_author",
        reason=f"only one author's runs go on to {step.tool}; a routine needs several",
        occurrences=candidate.evidence.occurrences,
    )


def _find_dependents(candidate: MetaTool, number: int) -> set[int]:
    numbers = {number}
    for later, step in enumerate(candidate.steps, start=1):
        if step.depends_on & numbers:
            numbers.add(later)
    return numbers


def _without(candidate: MetaTool, dropped: Iterable[int]) -> MetaTool:
    gone = frozenset(dropped)
    kept = {number: step for number, step in enumerate(candidate.steps, start=1) if number not in gone}
    return with_steps(candidate, renumber_steps(kept))


def _find_one_author_steps(candidate: MetaTool, corpus: Corpus) -> set[int]:
    """The steps that only runs of one known author bear out, where the corpus has runs of others too."""
    if not corpus.has_authors:
        return set()
    authors: dict[int, set[str]] = {}
    for occurrence in collect_occurrences(corpus, candidate.steps[0].tool):
        authors.setdefault(1, set()).add(occurrence.run.author)
        for number, step in enumerate(candidate.steps[1:], start=2):
            keys = align(step, occurrence)
            if any(call.key in keys for call in occurrence.followers):
                authors.setdefault(number, set()).add(occurrence.run.author)
            advance(number, step, occurrence)
    return {number for number, names in authors.items() if len(names) == 1 and "" not in names}
