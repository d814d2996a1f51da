"""A tool of unknown effect is suggested as a read where nothing speaks against it, and a person decides."""

from __future__ import annotations

import pytest

from langchain_awo.model.rules import DeclareEffect, RuleSet
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.trace.trace import Message, ModelCallRecord, ToolCallRecord, Trace
from langchain_awo.optimizer.log.corpus import build_corpus
from langchain_awo.optimizer.pipeline import Options
from langchain_awo.optimizer.rules.file import dump_rules, load_rules
from langchain_awo.optimizer.rules.suggest import suggest_rules
from langchain_awo.optimizer.rules.suggest_effects import suggest_effects


def trace(number, calls):
    """One run of (tool, args, output), one model call each."""
    return Trace(
        trace_id=f"t{number}",
        task_id=f"task{number}",
        messages=(Message(role="user", text="go", before=0),),
        model_calls=tuple(ModelCallRecord() for _ in calls),
        tool_calls=tuple(
            ToolCallRecord(call_id=str(i), name=tool, args=args, output=output, model_call=i)
            for i, (tool, args, output) in enumerate(calls)
        ),
    )


def runs(between, *, count=20, after="open"):
    """A lamp is read, something is called twice, and the lamp is read again."""
    return [
        trace(
            n,
            [
                ("get_lamp", {"id": n}, "open"),
                *between(n),
                ("get_lamp", {"id": n}, after if n == count - 1 else "open"),
            ],
        )
        for n in range(count)
    ]


def twice(n):
    return [("frobnicate", {"id": n}, f"f{n}"), ("frobnicate", {"id": n}, f"f{n}")]


def suggested(traces):
    return list(suggest_effects(build_corpus(traces)))


def test_a_tool_around_which_nothing_changes_is_suggested_with_its_counts_and_off():
    (rule,) = suggested(runs(twice))
    assert (rule.tool, rule.effect, rule.on) == ("frobnicate", Effect.READ, False)
    assert "called 40 times in 20 tasks; 20 of 20 equal reads around it returned the same" in rule.evidence
    assert "20 of 20 calls with equal arguments returned the same" in rule.evidence
    assert "86% of the time by a 95% lower bound" in rule.evidence


@pytest.mark.parametrize(
    "traces",
    [
        pytest.param(runs(twice, after="shut"), id="a read around it differed once"),
        pytest.param(runs(twice, count=10), id="too few to tell"),
        pytest.param(
            runs(lambda n: [("frobnicate", {"id": n}, f"f{n}"), ("frobnicate", {"id": n}, f"g{n}")]),
            id="it returned something else the second time",
        ),
        pytest.param(
            runs(lambda n: [*twice(n), ("update_lamp", {"id": n}, "ok")]), id="something was written too"
        ),
        pytest.param(
            runs(lambda n: [*twice(n), ("yonder", {"id": n}, "ok")]), id="another tool may have done it"
        ),
        pytest.param(
            runs(lambda n: [("update_lamp", {"id": n}, "ok")] * 2), id="its name says that it writes"
        ),
    ],
)
def test_a_tool_is_not_suggested_if(traces):
    assert suggested(traces) == []


def test_a_suggestion_is_written_read_and_counts_only_when_a_person_switches_it_on():
    text = dump_rules(suggest_rules(build_corpus(runs(twice))))
    assert "kind: effect" in text
    assert Options(rules=load_rules(text)).effects == {}
    accepted = load_rules(text.replace("on: false", "on: true"))
    assert Options(rules=accepted).effects == {"frobnicate": Effect.READ}


def test_what_is_declared_otherwise_wins_over_a_rule():
    rules = RuleSet((DeclareEffect(tool="frobnicate", effect=Effect.READ),))
    assert Options(rules=rules, effects={"frobnicate": Effect.WRITE}).effects == {"frobnicate": Effect.WRITE}
