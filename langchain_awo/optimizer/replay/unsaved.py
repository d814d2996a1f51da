"""Why continue mode saves nothing of what its ceiling counts.

The ceiling asks only whether the arguments of a read occur in what was produced since the anchor call. Of each model call that it
counts, this module says what became of it: the read repeats an earlier one, it follows its anchor and nothing ties it to it, or
a routine was found that is not worth running unasked.

before::

    continue ceiling 19.4 %, saved 0.0 %

after::

    71% of it only repeats an earlier call; 24% is get_stock after list_shelves, which was refused (unbound): ...
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from langchain_awo.model.ir.metatool import MetaTool, Refused
from langchain_awo.model.text.phrasing import join_words
from langchain_awo.optimizer.log.corpus import Corpus
from langchain_awo.optimizer.replay.ceiling import continued_rounds

WORTH_TELLING: Final = 0.05
"""Share of the model calls from which on a continue ceiling that nothing is saved of needs a reason."""

NOTHING: Final = 0.05
"""Share of the ceiling up to which next to nothing is saved."""

MOST: Final = 3
"""Pairs of tools that are told of, those that the ceiling counts most often first."""

LEAST: Final = 0.05
"""Share of the ceiling that a pair of tools must have to be told of."""


def why_unsaved(
    corpus: Corpus, meta_tools: Sequence[MetaTool], refused: Sequence[Refused], *, saved: float
) -> str:
    """What became of the model calls that the continue ceiling counts, in one sentence; empty where there is nothing to say.

    Args:
        corpus: the held-out runs.
        meta_tools: those that were compiled, and `refused` what was not.
        saved: share of the model calls that continue mode saves.
    """
    repeats, pairs = 0, Counter[tuple[str, str]]()
    for anchor, current, is_repeat in continued_rounds(corpus):
        repeats += is_repeat
        if not is_repeat:
            pairs.update([(anchor.calls[0].tool, current.calls[0].tool)])
    counted = repeats + pairs.total()
    if counted < WORTH_TELLING * corpus.model_calls or saved * corpus.model_calls > NOTHING * counted:
        return ""
    told = [f"{repeats / counted:.0%} of it only repeats an earlier call"] if repeats else []
    told += (
        f"{count / counted:.0%} is {tool} after {anchor}, {_explain_fate(anchor, tool, meta_tools, refused)}"
        for (anchor, tool), count in _rank_common(pairs)
        if count >= LEAST * counted
    )
    return "; ".join(told)


def _rank_common(pairs: Counter[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], int]]:
    yield from sorted(pairs.items(), key=lambda each: (-each[1], each[0]))[:MOST]


def _explain_fate(anchor: str, tool: str, meta_tools: Sequence[MetaTool], refused: Sequence[Refused]) -> str:
    """What became of a tool that often follows another, in words."""
    if anchor == tool:
        return "the same tool asked again, which no routine makes of one answer"
    holding = [each for each in meta_tools if each.tools[0] == anchor and tool in each.tools[1:]]
    if holding:
        asked = join_words([each.name for each in holding])
        return f"which {asked} makes where a model asks for it: unasked it would fetch too much in vain"
    said = [each for each in refused if _is_about(each, anchor, tool)]
    if not said:
        return "which too few of the compiled tasks show"
    best = max(said, key=lambda each: (each.occurrences, each.reason))
    return f"which was refused ({best.code}): {best.reason}"


def _is_about(each: Refused, anchor: str, tool: str) -> bool:
    routine = [name.rstrip("*") for name in each.routine]
    return routine[:1] == [anchor] and tool in routine[1:]
