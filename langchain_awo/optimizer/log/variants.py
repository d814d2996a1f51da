"""What kinds of runs there are: a path for each, told so that the use of meta-tools does not change it.

A path is the first tool, the tools that no meta-tool reads unasked, and every write, each once and in order. A meta-tool's
call counts as its first tool and the writes it made. What meta-tools may read on their own account is left out: with them
there is more of it, and that is no change of what agents are asked to do. Trials of one task that take the same path count
once, because they are near copies. Lookups that a meta-tool gathers are left out even at the beginning, since gathering
changes their order.

before (a meta-tool reads `list_orders` after `find_customer`)::

    find_customer  list_orders  list_orders  send_email
    find_customer_with_orders  send_email

after::

    find_customer > send_email
    find_customer > send_email
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.text.encoding import compute_digest, decode
from langchain_awo.model.trace.handback import HandBack
from langchain_awo.optimizer.counting.distinct import Distinct
from langchain_awo.optimizer.log.corpus import Call, Corpus, Run

OTHER: Final = "*"
"""Stands for every path that is not listed."""

LEAST: Final = 2
"""Paths that fewer tasks took are not listed."""

MOST: Final = 100
"""At most so many are."""


class PathCounter:
    """Counts how many tasks took each path, a run at a time and in any order.

    Args:
        meta_tools: that the runs may have had.
    """

    def __init__(self, meta_tools: Sequence[MetaTool]) -> None:
        self._by_name = {meta_tool.name: meta_tool for meta_tool in meta_tools}
        self._unasked = frozenset(
            step.tool for meta_tool in meta_tools for step in meta_tool.steps[1:] if step.effect.is_read
        )
        self._taken = Distinct()
        self._counts: Counter[str] = Counter()

    def add(self, run: Run) -> None:
        """Counts a run, unless a trial of its task took the same path."""
        path = " > ".join(dict.fromkeys(_select_telling(run, self._by_name, self._unasked)))
        if self._taken.add_one(int(compute_digest([path, run.task]), 16)):
            self._counts[path] += 1

    @property
    def mix(self) -> dict[str, int]:
        """Tasks by path, sorted by path; runs without a tool call have the empty path."""
        return dict(sorted(self._counts.items()))


def count_paths(corpus: Corpus, meta_tools: Sequence[MetaTool]) -> dict[str, int]:
    """How many tasks took each path, as `PathCounter.mix`."""
    counter = PathCounter(meta_tools)
    for run in corpus.runs:
        counter.add(run)
    return counter.mix


def keep_frequent(mix: Mapping[str, int], *, most: int = MOST) -> dict[str, int]:
    """The paths that at least `LEAST` tasks took, at most so many of them, and the number of all others as `OTHER`.

    Paths that matter to a test are far above the least, so that leaving out rare ones does not favour the others.
    """
    ranked = sorted(mix, key=lambda path: (-mix[path], path))
    kept = [path for path in ranked if mix[path] >= LEAST][:most]
    rest = sum(mix.values()) - sum(mix[path] for path in kept)
    return {**{path: mix[path] for path in sorted(kept)}, **({OTHER: rest} if rest else {})}


def _select_telling(run: Run, by_name: Mapping[str, MetaTool], only_first: frozenset[str]) -> Iterator[str]:
    """The tools of a run that tell its kind: of the reads, `only_first` tell at its beginning only."""
    first = True
    for call in (call for segment in run.segments for current in segment.rounds for call in current.calls):
        for tool, is_read in _expand_call(call, by_name):
            if not is_read or first or tool not in only_first:
                yield tool
            first = False


def _expand_call(call: Call, by_name: Mapping[str, MetaTool]) -> Iterator[tuple[str, bool]]:
    """The tool of a call and whether it reads; of a meta-tool its first tool and what it wrote."""
    meta_tool = by_name.get(call.tool)
    if meta_tool is None:
        yield call.tool, call.effect.is_read
        return
    yield meta_tool.steps[0].tool, meta_tool.steps[0].effect.is_read
    hand_back = HandBack.read(decode(call.output))
    ran = {inner.tool for inner in hand_back.calls} if hand_back else set()
    for step in meta_tool.steps[1:]:
        if step.tool in ran and not step.effect.is_read:
            yield step.tool, False
