"""What merging must keep whatever the runs are."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from langchain_awo.model.ir.metatool import ToolkitPlan
from langchain_awo.model.rules import (
    Alias,
    CollapseLogin,
    CollapseRepeats,
    Commute,
    Ignore,
    Normalize,
    RuleSet,
    SelectBy,
)
from langchain_awo.optimizer.baseline.extract import extract
from langchain_awo.optimizer.baseline.literal import compile_literal
from langchain_awo.optimizer.baseline.merge import (
    Decisions,
    build_counted_graph,
    build_graph,
    count_decisions,
    walk_states,
)
from langchain_awo.optimizer.log.corpus import build_corpus
from langchain_awo.optimizer.rules.apply import follow
from langchain_awo.optimizer.rules.check import DEFAULT_RULES
from langchain_awo.optimizer.rules.collapse import collapse_repeats
from langchain_awo.optimizer.rules.file import dump_rules
from langchain_awo.optimizer.rules.prepare import build_paths
from langchain_awo.optimizer.rules.suggest import suggest_rules
from langchain_awo.plan_file import encode_plan
from tests.optimizer.notation import corpus_of, traces_of

KNOWN = '"k0 k1 k2 k3"'
READS = ["get_a(k0)", "get_b(k1)", "get_c(k2)", "get_d(k3)"]
CALLS = [*READS, "update_x(k0)", "add_y(k1)", 'find_z(k2) -> {"to": "k9"}', "get_a(k9)", "!get_b(k0)"]

runs = st.lists(st.sampled_from(CALLS), min_size=0, max_size=6).map(
    lambda calls: f"{KNOWN} {' | '.join(calls)}"
)
corpora = st.lists(runs, min_size=1, max_size=12)


@given(corpora, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_same_traces_in_any_order_give_the_same_bytes(lines, chance):
    """The drawing, the plan and the suggestions do not depend on the order of the traces."""
    traces = traces_of("\n".join(lines))
    shuffled = chance.sample(traces, len(traces))
    assert _bytes(build_corpus(traces)) == _bytes(build_corpus(shuffled))


def _bytes(corpus):
    meta_tools, refused = compile_literal(corpus, threshold=2)
    plan = ToolkitPlan(meta_tools=tuple(meta_tools), refused=tuple(refused))
    return build_graph(corpus).draw_mermaid(), encode_plan(plan), dump_rules(suggest_rules(corpus))


@given(st.permutations(READS), st.permutations(READS))
@settings(max_examples=40, deadline=None)
def test_reads_with_no_flow_come_to_the_same_state_in_any_order(left, right):
    corpus = corpus_of(f"{KNOWN} {' | '.join(left)}\n{KNOWN} {' | '.join(right)}")
    first, second = build_paths(corpus, RuleSet((Commute(),)))
    assert _last_state(first) == _last_state(second)


@given(st.permutations(READS), st.integers(1, 3), st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_reads_never_change_places_with_a_write(order, left, right):
    """The same reads around the same write are the same state only if the same reads stand before it."""
    runs = [[*order[:cut], "update_x(k0)", *order[cut:]] for cut in (left, right)]
    corpus = corpus_of("\n".join(f"{KNOWN} {' | '.join(run)}" for run in runs))
    first, second = build_paths(corpus, RuleSet((Commute(),)))
    assert (_last_state(first) == _last_state(second)) == (left == right)


ODD_NAMES = str.maketrans({"a": "ä", "x": "x.ÿ", "y": "y_1"})
RULES = [
    Commute(),
    Commute(tools=("get_a", "get_b", "find_z")),
    CollapseRepeats(of="identical"),
    CollapseRepeats(of="reads"),
    CollapseLogin(tools=("get_a", "get_b")),
    Ignore(tool="get_c"),
    Alias(tool="get_d", to="get_e"),
    SelectBy(tool="get_a", keys=("id",)),
    Normalize(key="id"),
]
some_rules = st.lists(st.sampled_from(RULES), unique=True)


@given(corpora, some_rules, st.booleans())
@settings(max_examples=60, deadline=None)
def test_runs_that_come_to_one_state_made_the_same_writes_in_the_same_order(lines, rules, odd):
    """A write that changes nothing when it is made again counts once in a row."""
    corpus = corpus_of("\n".join(line.translate(ODD_NAMES) if odd else line for line in lines))
    made = {}
    for path in build_paths(corpus, RuleSet(tuple(rules))):
        reached = walk_states(path.calls)
        for end, state in enumerate(reached, start=1):
            made.setdefault(state, set()).add(_writes(path.calls[:end]))
    assert all(len(writes) == 1 for writes in made.values())


@given(corpora, some_rules, st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_rules_come_to_the_same_in_any_order_and_change_nothing_when_they_are_followed_again(
    lines, rules, chance
):
    """Of rules about single calls this holds where no two are about one tool: they are followed in the order in which they stand."""
    corpus, ruled = corpus_of("\n".join(lines)), RuleSet(tuple(rules))
    shuffled = RuleSet(tuple(chance.sample(rules, len(rules))))
    paths = build_paths(corpus, ruled)
    assert [path.canonical for path in build_paths(corpus, shuffled)] == [path.canonical for path in paths]
    assert [collapse_repeats(path.calls, ruled) for path in paths] == [list(path.calls) for path in paths]
    followed = follow(corpus, ruled)
    assert _calls(follow(corpus, shuffled)) == _calls(followed) == _calls(follow(followed, ruled))


def _calls(corpus):
    return [
        [[(call.key, call.ok) for call in current.calls] for current in segment.rounds]
        for run in corpus.runs
        for segment in run.segments
    ]


def _writes(calls):
    writes = [each.call.tool for each in calls if not each.call.effect.is_read]
    return tuple(tool for tool, _ in itertools.groupby(writes))


def _last_state(path):
    ((*_, (_source, target, _call)),) = [list(count_decisions([path]).weights)]
    return target


@given(corpora, st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_partitions_counted_apart_add_up(lines, parts):
    paths = build_paths(corpus_of("\n".join(lines)), DEFAULT_RULES)
    together = Decisions()
    for part in range(parts):
        together.add(count_decisions(paths[part::parts]))
    assert together.weights == count_decisions(paths).weights


@given(corpora, st.integers(1, 4), st.sampled_from([None, 1, 2]))
@settings(max_examples=40, deadline=None)
def test_pruning_first_does_not_change_what_is_extracted(lines, threshold, history):
    """Totals stay exact, so that the half rule sees what was pruned. Shown for trees, where support is exact too."""
    paths = build_paths(corpus_of("\n".join(lines)), RuleSet())
    decisions = count_decisions(paths, history=history)
    pruned = extract(build_counted_graph(decisions, threshold=threshold), threshold=threshold)
    if history is None:
        assert pruned == extract(build_counted_graph(decisions), threshold=threshold)
    assert all(len(each.calls) > 1 and each.support >= 1 for each in pruned)


def test_support_in_a_tree_is_what_was_recorded():
    """Sixteen endings of three runs each: a pair for each second call, then what follows it."""
    lines = [f"3x {KNOWN} get_a(k0) | {' | '.join(pair)}" for pair in itertools.product(READS, repeat=2)]
    graph = build_graph(corpus_of("\n".join(lines)), rules=RuleSet())
    found = extract(graph, threshold=2)
    supports = sorted((len(each.calls), each.support) for each in found)
    assert supports == [(2, 12)] * 4 + [(3, 3)] * 16
