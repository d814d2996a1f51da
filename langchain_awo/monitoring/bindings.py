"""Whether bindings hold as well as they did: the same trial as when they were verified, on the new runs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from langchain_awo.model.ir.metatool import MetaTool, Step
from langchain_awo.monitoring.usage import Use
from langchain_awo.optimizer.log.corpus import Corpus
from langchain_awo.optimizer.mining.align import advance
from langchain_awo.optimizer.mining.cross_validate import try_step
from langchain_awo.optimizer.mining.occurrences import collect_occurrences

LEVEL: Final = 0.001
"""As for the path mix."""

MIN_TRIALS: Final = 10
"""With fewer nothing is tested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """Bindings of a step that hold less often than they did.

    Attributes:
        p_value: of Fisher's exact test or of the binomial test.
    """

    step: int
    tool: str
    p_value: float
    sentence: str


@dataclass(slots=True)
class Endings:
    """How the uses of a meta-tool ended.

    Attributes:
        ended: uses that did, and `completed` those of them that were not handed back.
        lost: by step, uses that stopped there because a binding led to nothing.
    """

    ended: int = 0
    completed: int = 0
    lost: Counter[int] = field(default_factory=Counter)

    def add(self, use: Use) -> None:
        """Counts a use."""
        if use.is_open:
            return
        self.ended += 1
        self.completed += use.hand_back is None
        if use.hand_back is not None and use.hand_back.cause == "unresolved":
            self.lost[use.hand_back.step] += 1


def find_violations(meta_tool: MetaTool, corpus: Corpus, endings: Endings) -> list[Violation]:
    """Steps whose bindings are violated more often than in the evidence of the toolkit.

    Where agents did by themselves what a step does, it is tried on their calls, and Fisher's exact test compares with the
    held-out places of the evidence; completed uses count as places where it held. Trials of one task are near copies: of the
    new ones the first counts, and the places of the evidence count as if its tasks had had one each. Where the meta-tool ran, uses that stopped
    because a binding led to nothing are held against the share of places that contradicted, by a binomial test.

    Args:
        corpus: runs, or a fair sample of those that call the first tool.
        endings: of all uses.
    """
    return [*_find_contradicted(meta_tool, corpus, endings), *_find_unresolved(meta_tool, endings)]


def _find_contradicted(meta_tool: MetaTool, corpus: Corpus, endings: Endings) -> list[Violation]:
    anchor = meta_tool.steps[0].tool
    runs = corpus.around(anchor).runs
    first = {run.task: run for run in reversed(runs)}
    fresh = Corpus(tuple(run for run in runs if first[run.task] is run), corpus.specs, corpus.effects)
    occurrences = collect_occurrences(fresh, anchor)
    found = []
    for number, step in enumerate(meta_tool.steps[1:], start=2):
        now = try_step(step, occurrences)
        for each in occurrences:
            advance(number, step, each)
        agree, contradict = now.agree + endings.completed, now.total - now.agree
        before = _read_evidence(step, meta_tool)
        if before is None or agree + contradict < MIN_TRIALS:
            continue
        p_value = _test_contradicted((contradict, agree), (before[1], before[0]))
        if p_value < LEVEL:
            sentence = (
                f"step {number} ({step.tool}) held in {agree} of {agree + contradict} places, in {before[0]} of "
                f"{sum(before)} when it was compiled (Fisher p = {p_value:.2g})"
            )
            found.append(Violation(step=number, tool=step.tool, p_value=p_value, sentence=sentence))
    return found


def _test_contradicted(now: tuple[int, int], before: tuple[int, int]) -> float:
    from scipy.stats import fisher_exact  # noqa: PLC0415  # slow to import

    return float(fisher_exact(np.array([now, before]), alternative="greater").pvalue)


def _find_unresolved(meta_tool: MetaTool, endings: Endings) -> list[Violation]:
    ended = endings.ended
    if ended < MIN_TRIALS:
        return []
    found = []
    for number, step in enumerate(meta_tool.steps, start=1):
        lost = endings.lost[number]
        agree, contradict = _read_evidence(step, meta_tool) or (0, 0)
        usual = (contradict + 1) / (agree + contradict + 2)
        p_value = _test_lost(lost, ended, usual) if lost else 1.0
        if p_value < LEVEL:
            sentence = (
                f"step {number} ({step.tool}) led to nothing in {lost} of {ended} uses, {usual:.0%} were to be "
                f"expected (binomial p = {p_value:.2g})"
            )
            found.append(Violation(step=number, tool=step.tool, p_value=p_value, sentence=sentence))
    return found


def _test_lost(lost: int, ended: int, usual: float) -> float:
    from scipy.stats import binomtest  # noqa: PLC0415  # slow to import

    return float(binomtest(lost, ended, usual, alternative="greater").pvalue)


def _read_evidence(step: Step, meta_tool: MetaTool) -> tuple[int, int] | None:
    """In how many held-out places the step agreed and contradicted when it was verified, trials of a task taken together."""
    seen = [(each.held_out_agree, each.held_out_contradict) for each in step.evidence.values()]
    agree, contradict = max(seen, key=sum, default=(0, 0))
    known = meta_tool.evidence
    alone = min(1.0, known.tasks / known.occurrences) if known.occurrences else 1.0
    places = round(agree * alone), round(contradict * alone)
    return places if sum(places) else None
