"""A tool that does many things is told apart by its action, so that routines of actions are found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from langchain_awo.errors import RuleError
from langchain_awo.model.rules import Normalize, RuleSet, SelectBy
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.views.notation import format_meta_tool
from langchain_awo.optimizer.baseline.merge import build_graph
from langchain_awo.optimizer.pipeline import Options, compile_corpus, compile_plan
from langchain_awo.optimizer.recompile.recompile import recompile_plan
from langchain_awo.optimizer.rules.file import load_rules
from langchain_awo.optimizer.rules.specialize import specialize
from tests.optimizer.notation import corpus_of, traces_of

PAGE = '{{"fields": {{"Query": {{"at": "e{n}1"}}}}, "buttons": {{"Go": {{"at": "e{n}2"}}, "Pay": {{"at": "e{n}3"}}}}}}'

RULES = load_rules("""
rules:
- {kind: normalize, tool: type_text, key: at, lookup: /fields/*/at}
- {kind: normalize, tool: press, key: at, lookup: /buttons/*/at}
- {kind: normalize, key: at, pattern: '^e[0-9]+$'}
- {kind: select, tool: type_text, keys: [at]}
- {kind: select, tool: press, keys: [at]}
""")


OPTIONS = {
    "rules": RULES,
    "writes": "guarded",
    "effects": {"press": Effect.WRITE, "type_text": Effect.IDEMPOTENT},
}


def shop(count, *, button="2"):
    """Runs in which the elements of a page have other ids on every page."""
    return "\n".join(
        f'"cup {n}" show_page(id=p{n}) -> {PAGE.format(n=n)} | '
        f"type_text(at=e{n}1, text=cup {n}) -> {PAGE.format(n=n)} | press(at=e{n}{button}) -> done{n}"
        for n in range(10, 10 + count)
    )


def compiled(text, **options):
    meta_tools, _ = compile_corpus(corpus_of(text), Options(**{**OPTIONS, **options}))
    return "\n".join(format_meta_tool(each) for each in meta_tools)


def test_an_element_counts_as_what_the_page_calls_it():
    labels = {
        data["call"].label for _, _, data in build_graph(corpus_of(shop(3)), rules=RULES).edges(data=True)
    }
    assert labels == {"show_page", "type_text(Query)", "press(Go)"}


def test_an_element_that_has_no_name_under_the_path_is_data():
    text = f"show_page(id=p) -> {PAGE.format(n=1)} | press(at=e77)"
    labels = {data["call"].label for _, _, data in build_graph(corpus_of(text), rules=RULES).edges(data=True)}
    assert labels == {"show_page", "press"}


def test_only_the_latest_page_names_elements():
    text = f'show_page(id=p) -> {PAGE.format(n=1)} | show_page(id=q) -> {{"buttons": {{}}}} | press(at=e12)'
    labels = {data["call"].label for _, _, data in build_graph(corpus_of(text), rules=RULES).edges(data=True)}
    assert labels == {"show_page", "press"}


def test_calls_issued_together_do_not_name_elements_for_each_other():
    text = f"show_page(id=p) -> {PAGE.format(n=1)} & press(at=e12)"
    labels = {data["call"].label for _, _, data in build_graph(corpus_of(text), rules=RULES).edges(data=True)}
    assert labels == {"show_page", "press"}


def test_a_routine_of_actions_calls_the_real_tool_with_the_id_that_the_page_gave():
    found = compiled(shop(30))
    assert "press(at=#" in found
    assert "/buttons/Go/at" in found
    assert "press_go" in found
    assert "  press_go(" not in found


def test_where_agents_press_different_buttons_of_a_page_they_decide():
    """The two buttons are different actions, though both are `press`."""
    assert "press(" not in compiled(shop(14) + "\n" + shop(30, button="3").replace("cup", "mug"))


def test_without_a_select_rule_nothing_changes():
    corpus = corpus_of(shop(2))
    assert specialize(corpus, RuleSet()).corpus is corpus


def test_the_name_of_an_action_is_never_that_of_a_tool():
    corpus = corpus_of(shop(1) + "\n" + '"x" press_go(id=1)')
    assert "press_go_2" in specialize(corpus, RULES).tools


def test_an_action_has_the_effect_that_is_declared_for_it():
    corpus = specialize(corpus_of(shop(1)), RULES, declared={"press_go": Effect.READ}).corpus
    assert corpus.effects["press_go"] is Effect.READ
    assert corpus.effects["type_text_query"] is corpus.effects["type_text"]


@pytest.mark.parametrize("tools", [{"press"}, {"press_go"}])
def test_no_meta_tool_calls_a_protected_tool_or_action(tools):
    assert "press(" not in compiled(shop(14), protected=frozenset(tools))


def test_the_same_runs_in_another_order_give_the_same_plan():
    traces = traces_of(shop(12))
    options = Options(rules=RULES)
    assert compile_plan(traces, options=options) == compile_plan(traces[::-1], options=options)


@pytest.mark.parametrize(
    ("rule", "fix"),
    [
        (Normalize(lookup="/buttons/*/at"), "give its name in `key`"),
        (Normalize(key="at", lookup="/buttons/at"), "with one `\\*`"),
        (Normalize(key="at", lookup="buttons/*/at"), "with one `\\*`"),
        (Normalize(key="at", lookup="/*/*/at"), "with one `\\*`"),
        (Normalize(key="at", pattern="e", lookup="/buttons/*/at"), "leave out type, pattern and replacement"),
    ],
)
def test_a_lookup_that_cannot_work_is_named_with_its_fix(rule, fix):
    rules = RuleSet((rule, SelectBy(tool="press", keys=("at",))))
    with pytest.raises(RuleError, match=fix):
        compile_plan(traces_of(shop(1)), options=Options(rules=rules))


def test_a_recompiled_routine_of_actions_keeps_its_name():
    """A former plan has the real tools in its steps; what they do is compared as it is saved."""
    traces = traces_of(shop(30))
    options = Options(**OPTIONS)
    plan = compile_plan(traces, options=options)
    (meta_tool,) = plan.meta_tools
    former = replace(plan, meta_tools=(replace(meta_tool, name="order_it", description="Orders a thing."),))
    found = recompile_plan(traces, former, options=options)
    assert [each.name for each in found.kept] == ["order_it"]
    assert found.kept[0].description == "Orders a thing."
