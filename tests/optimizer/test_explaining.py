"""Whoever asks why a routine is not there is told what agents do, what is explained, and what would change it."""

from __future__ import annotations

import pytest

from langchain_awo.errors import CompileError
from langchain_awo.model.trace.effect import Effect
from langchain_awo.optimizer.explaining import explain_routine, parse_routine
from langchain_awo.optimizer.explanation import ExplainedStep, Explanation, Gain, StepTrial
from langchain_awo.optimizer.log.corpus import build_corpus
from langchain_awo.optimizer.pipeline import Options
from tests.optimizer.notation import traces_of

ALERT = '"al{n}" get_alert(al{n}) -> {{"team": "t{n}", "severity": "{severity}"}}'
PAGE = " | page_oncall(t{n})"
DECLARED = {"page_oncall": Effect.WRITE}
WRITING = Options(writes="guarded", effects=DECLARED)


def runs(count, line, *, first=1):
    return "\n".join(line.replace("{n}", str(n)) for n in range(first, first + count))


def alerts(paged, quiet, *, exceptions=0):
    """So many urgent alerts that were paged, others that were not, and others that were paged all the same."""
    urgent, mild = (ALERT.format(n="{n}", severity=each) for each in ("high", "low"))
    return "\n".join(
        [
            runs(paged, urgent + PAGE),
            runs(quiet, mild, first=200),
            runs(exceptions, mild + PAGE, first=400),
        ]
    )


def explained(text, routine="get_alert > page_oncall", options=WRITING):
    corpus = build_corpus(traces_of(text), declared=options.effects)
    return explain_routine(corpus, parse_routine(routine), options=options)


def test_a_step_says_how_often_agents_go_on_to_it_and_what_they_do_else():
    step = explained(alerts(12, 30, exceptions=3)).steps[1]
    assert (step.follows, step.places, step.tasks) == (15, 45, 15)
    assert step.elsewhere == (("", 30),)


def test_a_condition_that_is_not_sure_enough_says_by_how_many_places():
    found = explained(alerts(12, 30, exceptions=3))
    assert not found.compiled
    (reason,) = found.obstacles
    assert 'with the condition #1/severity == "high" it is 12 of 12, and 30 of 33 others did not' in reason
    assert "2 places with it and 4 places without it short of the bound of 0.80" in reason
    assert found.remedies == ("more tasks in which agents continue this way",)


def test_with_as_many_more_places_as_were_missing_it_is_compiled():
    assert "2 places with it short of the bound" in explained(alerts(12, 30)).obstacles[0]
    found = explained(alerts(14, 30))
    assert found.compiled
    assert found.obstacles == found.remedies == ()


def test_an_effect_that_nobody_declared_is_in_the_way_and_so_are_writes_that_were_not_asked_for():
    text = alerts(40, 40)
    assert "its effect is undeclared" in explained(text, options=Options()).obstacles[0]
    found = explained(text, options=Options(effects=DECLARED))
    assert "it writes and only reads were compiled" in found.obstacles[0]
    assert "use --writes to include it" in found.remedies


def test_a_write_for_each_item_of_a_list_says_that_it_is_none():
    """Its only argument is explained, and yet it is bound to no single place."""
    renew = '"renew c{n}" get_loans(c{n}) -> {"loans": ["l{n}a", "l{n}b"]} | renew(l{n}a) & renew(l{n}b)'
    options = Options(writes="guarded", effects={"renew": Effect.WRITE})
    (reason,) = explained(runs(12, renew), "get_loans > renew", options).obstacles
    assert reason == "renew: id is each of #1/loans/*: a write is not made for every item of a list"


def test_a_protected_tool_is_in_the_way():
    options = Options(writes="guarded", effects=DECLARED, protected=frozenset({"page_oncall"}))
    assert "page_oncall is protected" in explained(alerts(40, 40), options=options).obstacles


def test_an_argument_that_nothing_explains_is_named_with_the_place_that_comes_nearest():
    line = '"al{n}" get_alert(al{n}) -> {"near": "h{n}"} | get_service('
    text = f"{runs(5, line + 'h{n})')}\n{runs(9, line + 'x{n})', first=100)}"
    found = explained(text, "get_alert > get_service")
    (argument,) = found.steps[1].arguments
    assert (argument.name, argument.source, argument.is_explained) == ("id", "#1/near", False)
    assert (argument.agree, argument.calls) == (5, 14)
    assert "id is #1/near in 5 of 14 calls only" in found.obstacles[0]


def test_a_routine_that_saves_too_little_is_told_with_its_gain_and_the_least():
    line = '"al{n}" get_alert(al{n}) -> {"service": "h{n}"} | get_service(h{n})'
    rest = '"al{n}" get_alert(al{n}) -> {"service": "h{n}"}'
    found = explained(f"{runs(2, line)}\n{runs(40, rest, first=100)}", "get_alert > get_service")
    assert found.gain.worth < found.gain.least
    assert not found.compiled
    assert found.steps[1].call == "get_service(id=#1/service)"


def test_what_is_compiled_is_told_by_its_name():
    line = '"al{n}" get_alert(al{n}) -> {"service": "h{n}"} | get_service(h{n})'
    assert explained(runs(30, line), "get_alert > get_service*").compiled


def test_steps_behind_one_that_cannot_be_made_are_looked_at_all_the_same():
    line = '"al{n}" get_alert(al{n}) | get_service(x{n}) -> {"region": "r{n}"} | get_region(r{n})'
    found = explained(runs(20, line), "get_alert > get_service > get_region")
    assert found.obstacles
    assert [(each.source, each.agree) for each in found.steps[2].arguments] == [("#2/region", 20)]


def test_what_compiling_refuses_of_the_whole_is_in_the_way_too():
    line = '"al{n}" get_alert(al{n}) -> {"host": "h{n}"} | get_host(h{n})'
    found = explained(runs(30, line), "get_alert > get_host")
    assert "get_host reaches out" in found.obstacles[0]
    assert any("kind: trust, tool: get_host" in each for each in found.remedies)


@pytest.mark.parametrize("text", ["get_alert", "", "get_alert > ", "> page_oncall"])
def test_what_is_no_routine_is_refused(text):
    with pytest.raises(CompileError, match="at least two tools"):
        parse_routine(text)


def test_a_tool_that_no_trace_has_is_named_with_the_nearest_one():
    with pytest.raises(CompileError, match="'page_onkall'; did you mean 'page_oncall'"):
        explained(alerts(5, 5), "get_alert > page_onkall")


def test_an_explanation_reads_as_a_verdict_then_each_step_the_gain_and_what_would_change_it():
    page = ExplainedStep(
        tool="page_oncall",
        effect="write",
        follows=15,
        places=45,
        tasks=15,
        elsewhere=(("", 29), ("mute_alert", 1)),
        call="page_oncall(team=#1/team)",
        trial=StepTrial(agree=12, total=15, bound=0.58, wanted=0.8),
        obstacles=("the agents decide",),
    )
    gain = Gain(saved=12, in_vain=30, worth=9.5, least=10.25, unwanted_writes=3)
    found = Explanation(routine=("page_oncall",), runs=45, steps=(page,), gain=gain, remedies=("more tasks",))
    assert str(found).splitlines() == [
        "page_oncall",
        "Not compiled: the agents decide.",
        "",
        "1  page_oncall (write): starts in 45 places of 15 tasks",
        "    elsewhere, agents went on to an answer (29), mute_alert (1)",
        "    reproduced in 12 of 15 held-out places: lower bound 0.58, needs 0.80",
        "    in the way: the agents decide",
        "",
        (
            "Gain in these traces: 12 model calls saved and 30 tool calls made in vain, worth 9.5 model calls; "
            "at least 10.2 are needed; it would make 3 writes that the agents did not."
        ),
        "",
        "What would change that:",
        "  - more tasks",
    ]
