"""Horizontal merging: equal histories of different executions become one state.

A state's key is made of what led there: the chain of calls that keep their place, then the *sum* of the hashes of the
calls since that may change places. So commuting reads need no sorting, and partitions counted apart simply add up. The
hash of a read includes those of the reads it uses, so that a history never merges with one in which they were swapped.

before (no rules, two executions)::

    start > get_user > get_order > cancel
    start > get_order > get_user > cancel

after (`commute all reads`; the user's record did not lead to the order)::

    start > get_user  > {get_user, get_order} > cancel     weights 1, 1, 2
    start > get_order > {get_user, get_order}              weights 1, 1
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, TypeAlias

from langchain_awo.model.graph import ROOT, WorkflowGraph
from langchain_awo.model.ir.canonical import CanonicalCall
from langchain_awo.model.rules import RuleSet
from langchain_awo.model.text.encoding import dumps
from langchain_awo.optimizer.log.corpus import Corpus
from langchain_awo.optimizer.rules.check import check_rules
from langchain_awo.optimizer.rules.path import Path, PathCall
from langchain_awo.optimizer.rules.prepare import build_paths

_BITS: Final = 64
_EMPTY: Final = 0

Edge: TypeAlias = tuple[str, str, CanonicalCall]
"""State, next state and the call between them."""


def build_graph(
    corpus: Corpus, *, rules: RuleSet | None = None, history: int | None = None, threshold: int = 1
) -> WorkflowGraph:
    """The merged histories of a corpus.

    Args:
        corpus: the runs to merge.
        rules: merging rules, the safe defaults if not given; `RuleSet()` shows the histories before merging.
        history: states are pooled by so many recent calls instead of the full history, so that a routine in the middle
            of a run is found; such a graph may have cycles.
        threshold: lighter edges are left out; the totals of their states still count them.
    """
    paths = build_paths(corpus, check_rules(rules, corpus))
    return build_counted_graph(count_decisions(paths, history=history), threshold=threshold)


@dataclass(slots=True)
class Decisions:
    """How often each decision was made; those of partitions counted apart add up."""

    weights: Counter[Edge] = field(default_factory=Counter)

    def add(self, other: Decisions) -> None:
        """Adds the decisions of another partition."""
        self.weights.update(other.weights)


def count_decisions(paths: Iterable[Path], *, history: int | None = None) -> Decisions:
    """Counts each decision of each path; with full histories on columns, where each state is worked out once."""
    if history is None:
        return _count_full(paths)
    decisions = Decisions()
    for path in paths:
        source = ROOT
        for each, target in zip(path.calls, walk_states(path.calls, history=history), strict=True):
            decisions.weights[source, target, each.canonical] += 1
            source = target
    return decisions


@dataclass(frozen=True, slots=True)
class _Symbol:
    """A call with all that decides the next state, so that paths of equal symbols go through equal states.

    Attributes:
        is_read: whether it may change places, and `is_first` whether it is the first of those that it may do so with.
        uses: how many calls before it those are that it uses.
    """

    canonical: CanonicalCall
    is_read: bool = False
    is_first: bool = False
    uses: tuple[int, ...] = ()


def _generate_symbols(calls: Sequence[PathCall]) -> Iterator[_Symbol]:
    stretch: int | None = None
    for index, each in enumerate(calls):
        if each.stretch is None:
            yield _Symbol(each.canonical)
        else:
            uses = tuple(sorted(index - position for position in each.uses))
            yield _Symbol(each.canonical, is_read=True, is_first=each.stretch != stretch, uses=uses)
        stretch = each.stretch


def _count_full(paths: Iterable[Path]) -> Decisions:
    from langchain_awo.optimizer.counting.columns import as_columns  # noqa: PLC0415  # numpy is slow to import
    from langchain_awo.optimizer.counting.prefixes import count_prefixes  # noqa: PLC0415

    numbers: dict[_Symbol, int] = {}
    columns = as_columns(
        [numbers.setdefault(each, len(numbers)) for each in _generate_symbols(path.calls)] for path in paths
    )
    symbols = list(numbers)
    found = count_prefixes(columns)
    nodes = zip(found.parents.tolist(), found.codes.tolist(), found.counts.tolist(), strict=True)
    tree, decisions = _States(), Decisions()
    for parent, code, count in nodes:
        symbol = symbols[found.symbols[code]]
        source, target = tree.add(parent, symbol)
        decisions.weights[source, target, symbol.canonical] += count
    return decisions


@dataclass(slots=True)
class _States:
    """The states of a prefix tree, node by node; the same keys as `walk_states`."""

    parents: list[int] = field(default_factory=list)
    chains: list[int] = field(default_factory=list)
    reads: list[int] = field(default_factory=list)
    hashes: list[int] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def add(self, parent: int, symbol: _Symbol) -> tuple[str, str]:
        """Adds a node; the keys of the states before and after it."""
        chain, reads = (_EMPTY, _EMPTY) if parent < 0 else (self.chains[parent], self.reads[parent])
        own = _EMPTY
        if not symbol.is_read:
            chain, reads = _hash("step", chain, reads, symbol.canonical), _EMPTY
        else:
            if symbol.is_first:
                chain, reads = _hash("rest", chain, reads), _EMPTY
            used = sum(self._before(parent, distance) for distance in symbol.uses)
            own = _hash("read", used % 2**_BITS, symbol.canonical)
            reads = (reads + own) % 2**_BITS
        for column, value in (
            (self.parents, parent),
            (self.chains, chain),
            (self.reads, reads),
            (self.hashes, own),
        ):
            column.append(value)
        self.keys.append(_encode_key(chain, reads))
        return (self.keys[parent] if parent >= 0 else ROOT), self.keys[-1]

    def _before(self, node: int, distance: int) -> int:
        """The hash of the read so many calls before the child of a node."""
        for _ in range(distance - 1):
            if node < 0:
                return _EMPTY
            node = self.parents[node]
        return self.hashes[node] if node >= 0 else _EMPTY


def walk_states(calls: Sequence[PathCall], *, history: int | None = None) -> Iterator[str]:
    """The key of the state after each call."""
    if history is None:
        yield from _walk_full_states(calls)
        return
    for end in range(1, len(calls) + 1):
        start = max(0, end - history)
        *_, last = _walk_full_states(calls[start:end], offset=start)
        yield last


def _walk_full_states(calls: Sequence[PathCall], *, offset: int = 0) -> Iterator[str]:
    chain, reads = _EMPTY, _EMPTY
    stretch: int | None = None
    hashes: dict[int, int] = {}
    for index, each in enumerate(calls, start=offset):
        if each.stretch is None:
            chain, reads = _hash("step", chain, reads, each.canonical), _EMPTY
        else:
            if each.stretch != stretch:
                chain, reads = _hash("rest", chain, reads), _EMPTY
            used = sum(hashes.get(position, _EMPTY) for position in each.uses)
            hashes[index] = _hash("read", used % 2**_BITS, each.canonical)
            reads = (reads + hashes[index]) % 2**_BITS
        stretch = each.stretch
        yield _encode_key(chain, reads)


def _encode_key(chain: int, reads: int) -> str:
    return f"{_hash('state', chain, reads):016x}"


def _hash(*parts: str | int | CanonicalCall) -> int:
    plain = [[part.tool, *part.selectors] if isinstance(part, CanonicalCall) else part for part in parts]
    return int.from_bytes(blake2b(dumps(plain).encode(), digest_size=_BITS // 8).digest())


def build_counted_graph(decisions: Decisions, *, threshold: int = 1) -> WorkflowGraph:
    """The counted decisions as a graph, pruned, with exact totals."""
    edges = _rank_edges(decisions)
    into, out_of = Counter[str](), Counter[str]()
    usual: dict[str, CanonicalCall] = {}
    for source, target, weight, call in edges:
        into[target] += weight
        out_of[source] += weight
        usual.setdefault(target, call)
    graph = WorkflowGraph()
    graph.add_node(ROOT, call=None, count=out_of[ROOT], out_total=out_of[ROOT])
    for source, target, weight, call in edges:
        if weight >= threshold:
            for node in (source, target):
                if node != ROOT:
                    graph.add_node(node, call=usual[node], count=into[node], out_total=out_of[node])
            graph.add_edge(source, target, weight=weight, call=call)
    return graph


def _rank_edges(decisions: Decisions) -> list[tuple[str, str, int, CanonicalCall]]:
    """Edges with the weight of all their calls and the most frequent of these, heavy edges first."""
    calls: dict[tuple[str, str], Counter[CanonicalCall]] = {}
    for (source, target, call), weight in decisions.weights.items():
        calls.setdefault((source, target), Counter())[call] += weight
    edges = [
        (source, target, sum(counts.values()), min(counts, key=lambda call: (-counts[call], call)))
        for (source, target), counts in calls.items()
    ]
    return sorted(edges, key=lambda edge: (-edge[2], edge[3], edge[0], edge[1]))
