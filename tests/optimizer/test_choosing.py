"""What candidates cover, in which mode one pays, why one is left out, and what its parameters are called."""

from __future__ import annotations

import pytest

from langchain_awo.errors import PlanError
from langchain_awo.ledger.balance import Balance
from langchain_awo.model.ir.metatool import Evidence, ToolkitPlan
from langchain_awo.model.trace.effect import Effect
from langchain_awo.optimizer.counting.smallest import Smallest
from langchain_awo.optimizer.log.commands import REASON
from langchain_awo.optimizer.replay.cost import Books
from langchain_awo.optimizer.replay.tally import Tally
from langchain_awo.optimizer.selection import cover
from langchain_awo.optimizer.selection.cover import Cover, sample_corpus
from langchain_awo.optimizer.selection.parameters import with_telling_parameters
from langchain_awo.optimizer.selection.refusing import refuse_not_worth_it, refuse_off_limits
from langchain_awo.optimizer.selection.select import LeftOut
from langchain_awo.optimizer.selection.weigh import Scales, Weight, choose
from langchain_awo.optimizer.settings import restore_options
from tests.optimizer.notation import corpus_of
from tests.optimizer.routines import each, routine, step

CHAIN = routine(step("get_order", "$id"), step("get_user", "#1/user"), step("get_city", "#2/city"))
RUNS = '3x "order o7" get_order(o7) -> {"user": "u44"} | get_user(u44) -> {"city": "c5"} | get_city(c5)'
ALL = frozenset({1, 2, 3})


def covering(*routines, runs=RUNS):
    return Cover(corpus_of(runs), routines)


def test_steps_are_chosen_with_all_that_they_depend_on():
    (candidate,) = covering(CHAIN).candidates
    assert candidate.closed(frozenset({3})) == {1, 2, 3}
    assert candidate.closed(frozenset()) == {1}


def test_a_candidate_with_some_steps_is_a_routine_of_its_own():
    (candidate,) = covering(CHAIN).candidates
    shorter = candidate.restricted(frozenset({1, 2}))
    assert shorter.tools == ("get_order", "get_user")
    assert shorter.evidence.calls_saved == 1.0
    assert candidate.restricted(frozenset({1, 2})) is shorter


def test_what_a_choice_saves_adds_up_over_segments_and_is_simulated_once():
    found = covering(CHAIN)
    assert found.touched({0: ALL}) == {0, 1, 2}
    whole = found.tally({0: ALL}, unasked=False)
    assert (whole.saved, found.tally({0: frozenset({1, 2})}, unasked=False).saved) == (6, 3)
    assert found.tally({0: ALL}, unasked=False, touched={1}).saved == 2
    assert found.segment_tally(0, {0: ALL}, unasked=False) is found.segment_tally(0, {0: ALL}, unasked=False)
    assert found.tally({}, unasked=False).saved == 0


def test_a_loop_on_one_call_is_one_place_to_start_from():
    loop = covering(
        CHAIN,
        runs='"order o7" get_order(o7) -> {"user": "u44"} | get_order(o7) | get_order(o7) | get_user(u44)',
    )
    assert list(loop.candidates[0].places[0]) == [0]


def test_a_large_log_is_looked_at_in_part_the_same_part_in_any_order(monkeypatch):
    corpus = corpus_of("\n".join(f"get({n}) | find({n})" for n in range(10)))
    assert sample_corpus(corpus) is corpus
    monkeypatch.setattr(cover, "MAX_ROUNDS", 6)
    part = {run.trace_id for run in sample_corpus(corpus).runs}
    assert len(part) == 3
    monkeypatch.setattr(cover, "MAX_ROUNDS", 1)
    assert len(sample_corpus(corpus).runs) == 1, "one run is always looked at"


def weight(mode, *, fresh=0.0, reread=0.0, model_calls=0.0, over_fetched=0.0, followed=1.0, told=0):
    balance = Balance(model_calls=model_calls, over_fetched=over_fetched, fresh=fresh, reread=reread)
    tally = Tally()
    if told:
        corpus = corpus_of(RUNS)
        tally = Cover(corpus, [CHAIN]).tally({0: ALL}, unasked=True)
    return Weight(mode, tally, balance, followed, runs=4)


REASONS = {"append": "it saves most", "continue": "unasked", "prefetch": "ahead", "entry": "at once"}


def chosen(*weights, picked="append"):
    found = choose({each.mode: each for each in weights}, picked, REASONS)
    return found.chosen.mode if found.chosen else None


@pytest.mark.parametrize(
    ("balance", "pays", "uncached"),
    [
        ({"fresh": 1.0}, True, True),
        ({"fresh": -1.0, "reread": 2.0}, True, True),
        ({"fresh": 1.0, "reread": -5.0}, True, False),
        ({"fresh": -1.0}, False, False),
        ({}, False, False),
    ],
)
def test_a_mode_pays_if_it_saves_tokens_with_prompt_caching_or_without(balance, pays, uncached):
    """Where nothing is cached, only tokens at full price count."""
    assert weight("append", **balance).pays(caching=True) is pays
    assert weight("append", **balance).pays(caching=False) is uncached


def test_without_prompt_caching_nothing_that_costs_tokens_is_installed_to_save_waiting():
    waits = {"append": weight("append", fresh=1.0, reread=-5.0, model_calls=1.0)}
    assert choose(waits, "append", REASONS).chosen.mode == "append"
    found = choose(waits, "append", REASONS, caching=False)
    assert found.chosen is None
    assert found.reason.startswith("it would cost tokens, and prompts are not cached. A run: append +0.25")
    waits["prefetch"] = weight("prefetch", told=1)
    assert choose(waits, "append", REASONS, caching=False).chosen.mode == "prefetch"


@pytest.mark.parametrize(
    ("runs", "waiting"),
    [
        ('10x "order o{n}" get_order(o{n}) -> {"lines": ["l{n}"]}', 1.5),
        ('"order o7" get_order(o7) -> {"lines": ["l1", "l2", "l3", "l4", "l5", "l6"]}', 1.95),
    ],
)
def test_a_tool_call_in_vain_is_a_twentieth_of_a_model_call_and_those_of_one_step_are_waited_for_once(
    runs, waiting
):
    lines = routine(step("get_order", "$id"), each("get_line", "#1/lines"))
    tally = covering(lines, runs=runs).tally({0: frozenset({1, 2})}, unasked=True)
    assert Weight("append", tally, Balance(model_calls=2.0), 1.0, runs=4).waiting == pytest.approx(waiting)


def test_a_mode_loses_if_it_saves_neither_tokens_nor_waiting():
    assert weight("prefetch", told=1).waiting > 0
    assert weight("append", fresh=-1.0).loses
    assert weight("append").loses
    assert not weight("append", fresh=-1.0, model_calls=1.0).loses


def test_what_was_picked_stays_if_it_saves_tokens():
    assert chosen(weight("append", fresh=1.0), weight("continue", fresh=9.0)) == "append"


def test_another_mode_takes_over_where_the_picked_one_costs_tokens():
    both = [weight("append", fresh=-1.0, model_calls=1.0), weight("continue", fresh=9.0)]
    assert chosen(*both) == "continue"
    assert choose({each.mode: each for each in both}, "append", REASONS).reason.startswith(
        "append costs more tokens than it saves; continue does not. A run: append"
    )


def test_reads_are_made_ahead_only_where_half_of_them_are_asked_for():
    waits = weight("append", fresh=-1.0, model_calls=1.0)
    assert chosen(waits, weight("prefetch", told=1, followed=0.5)) == "prefetch"
    assert chosen(waits, weight("prefetch", told=1, followed=0.49)) == "append"
    assert chosen(waits, weight("prefetch", followed=1.0)) == "append", "nothing was read ahead"


def test_what_costs_tokens_and_saves_no_waiting_is_not_installed():
    found = choose({"append": weight("append", fresh=-8.0)}, "append", REASONS)
    assert found.chosen is None
    assert found.reason == (
        "it would cost tokens and save no waiting. A run: "
        "append +0.00 model calls, -2 tokens (-2 with prompt caching), 0.00 calls in vain"
    )


def test_a_mode_is_weighed_on_all_runs_and_reads_ahead_put_nothing_into_a_prompt():
    corpus = corpus_of(RUNS)
    tally = Cover(corpus, [CHAIN]).tally({0: ALL}, unasked=True)
    scales = Scales(Books(corpus))
    continued, ahead = scales.weigh("continue", tally), scales.weigh("prefetch", tally)
    assert (continued.runs, continued.balance.model_calls, continued.followed) == (3, 6, 1.0)
    assert (ahead.balance.model_calls, ahead.balance.tokens) == (0, 0)
    assert str(ahead) == "prefetch, with 100% of its reads asked for"
    assert scales.weigh("append", Tally(), schemas=10.0).balance.tokens < 0


def refused_tools(**options):
    corpus = corpus_of("get_it(1) | delete_it(1) | delete_it(2) | book_it(1)")
    found = refuse_off_limits(corpus, options.get("protected", ()), options.get("commands", ()))
    return [(each.routine, each.code, each.occurrences) for each in found]


def test_tools_that_no_routine_may_call_are_named_with_how_often_they_were_called():
    assert refused_tools() == [(("delete_it",), "destructive", 2)]
    assert refused_tools(protected={"book_it", "delete_it"}) == [
        (("book_it",), "protected", 1),
        (("delete_it",), "protected", 2),
    ]
    assert refused_tools(commands={"get_it"}, protected={"get_it"})[1] == (("get_it",), "command", 1)
    assert "Command" in REASON


def left(*steps, **more):
    figures = {"alone": 5.0, "added": 1.0, "least": 2.0, "unwanted_writes": 0, "chosen": -1, "is_full": False}
    meta_tool = routine(*steps)
    return LeftOut(meta_tool=meta_tool, **{**figures, **more})


def kept(name, *steps):
    made = routine(*steps)
    return type(made)(name=name, description="", steps=made.steps, evidence=Evidence())


FIRST, SECOND = (
    (step("get_order", "$id"), step("get_user", "#1/user")),
    (step("get_order", "$id"), step("get_city", "#1/c")),
)


@pytest.mark.parametrize(
    ("candidate", "others", "reason", "covered_by"),
    [
        (left(*FIRST), [], "it adds 1.0 saved model calls in these traces; at least 2.0 are needed", ""),
        (left(*FIRST, added=-1.0), [], "it adds 0.0 saved model calls", ""),
        (left(*FIRST, unwanted_writes=1200), [], "in 1,200 places of these traces it would make a write", ""),
        (left(*FIRST, added=3.0, is_full=True), [], "it would save 3.0 model calls, but the budget is used up", ""),
        (left(*CHAIN.steps), [kept("two", *FIRST)], "two covers it but for get_city; it would add 1.0", "two"),
        (left(*CHAIN.steps, alone=1.0), [kept("two", *FIRST)], "it adds 1.0 saved", ""),
        (left(*FIRST), [kept("other", *SECOND)], "it adds 1.0 saved", ""),
        (left(*CHAIN.steps, chosen=0), [kept("cut", *FIRST)], "cut covers it but for get_city", "cut"),
    ],
)  # fmt: skip
def test_a_candidate_that_adds_too_little_is_refused_with_what_covers_it(
    candidate, others, reason, covered_by
):
    (refused,) = refuse_not_worth_it([candidate], others)
    assert refused.code == "no_gain"
    assert refused.reason.startswith(reason)
    assert refused.covered_by == covered_by


def test_a_candidate_is_the_nearer_the_more_it_adds_and_one_that_was_chosen_is_not_refused():
    assert list(refuse_not_worth_it([left(*FIRST)], [kept("same", *FIRST)])) == []
    near = [next(refuse_not_worth_it([left(*FIRST, added=added)], [])).nearness for added in (-1.0, 1.0, 9.0)]
    assert near == [0.0, 0.5, 1.0]
    assert next(refuse_not_worth_it([left(*FIRST, least=0.0)], [])).nearness == 0.0


def test_numbered_parameters_are_called_after_the_tool_they_are_for():
    meta_tool = routine(
        step("get_user", "$status"), step("crm.search_tickets", "$status_2"), step("list", "$id_9")
    )
    better = with_telling_parameters(meta_tool)
    assert [spec.name for spec in better.parameters] == ["list_id", "status", "tickets_status"]
    assert better.steps[1].args["id"].name == "tickets_status"


def test_a_name_that_is_taken_is_not_given_again():
    meta_tool = routine(step("get_x", "$id_2"), step("get_x", "$id_3"), step("find", "$name"))
    assert [spec.name for spec in with_telling_parameters(meta_tool).parameters] == ["x_id", "id_3", "name"]
    plain = routine(step("get_x", "$id"))
    assert with_telling_parameters(plain) is plain


class Thing:
    def __init__(self, key, weight=1):
        self.key, self.weight = key, weight


@pytest.mark.parametrize(
    ("weights", "bound", "kept"),
    [
        ([3, 4, 1], 5, ["a", "b"]),
        ([9, 1], 5, ["a"]),
        ([1, 1, 1], 3, ["a", "b", "c"]),
        ([1, 1, 1, 1], 3, ["a", "b", "c"]),
        ([], 3, []),
    ],
)
def test_a_sample_is_the_smallest_keys_until_those_before_weigh_enough(weights, bound, kept):
    sample = Smallest()
    for key, weight_ in reversed(list(zip("abcd", weights, strict=False))):
        sample.add(Thing(key, weight_), bound=bound)
    sample.cut(bound)
    assert [each.key for each in sample.items] == kept
    assert sample.cutoff == (kept[-1] if len(kept) < len(weights) else None)


def test_things_of_one_key_stay_together():
    sample = Smallest()
    for key in "aabb":
        sample.add(Thing(key, 2), bound=3)
    sample.cut(3)
    assert [each.key for each in sample.items] == ["a", "a"]
    assert sample.fits("a")
    assert not sample.fits("b")


def test_options_are_those_that_the_plan_was_compiled_with():
    plan = ToolkitPlan(
        settings={"writes": "guarded", "max_tools": 3, "effects": {"pay": "write"}, "protected": ["x"]}
    )
    options = restore_options(plan)
    assert (options.writes, options.max_tools, options.protected) == ("guarded", 3, {"x"})
    assert options.effects == {"pay": Effect.WRITE}
    assert restore_options(ToolkitPlan()).writes == "none"


@pytest.mark.parametrize(
    "settings",
    [
        {"writes": "all"},
        {"max_tools": "many"},
        {"max_tools": None},
        {"effects": []},
        {"effects": {"a": "x"}},
        {"protected": 3},
    ],
)
def test_settings_of_something_else_are_refused(settings):
    with pytest.raises(PlanError, match="not those of a compiled one"):
        restore_options(ToolkitPlan(settings=settings))
