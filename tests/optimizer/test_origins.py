"""Where arguments come from in general, and how many on held-out tasks that explains."""

from __future__ import annotations

from langchain_awo.model.ir.binding import Constant
from langchain_awo.optimizer.dataflow.coverage import measure_coverage
from langchain_awo.optimizer.dataflow.observations import collect_sights, number_sources
from langchain_awo.optimizer.dataflow.origins import learn_origins
from tests.optimizer.notation import corpus_of


def runs(line, *, first=10, count=12):
    """The same kind of run for several tasks; `{n}` differs."""
    return "\n".join(line.replace("{n}", str(number)) for number in range(first, first + count))


def origins(text):
    """The origins of every argument as text, such as `get_user* /orders/*`."""
    corpus = corpus_of(text)
    sources = number_sources(corpus)
    return {
        f"{tool} {path}": [_shown(each, sources) for each in found]
        for (tool, path), found in learn_origins(collect_sights(corpus, sources)).items()
    }


def _shown(origin, sources):
    if isinstance(origin.source, Constant):
        return f"= {origin.source.value}"
    return f"{sources.name(origin.source.step)} {origin.source.path}"


def test_the_place_that_most_tasks_agree_on_comes_first():
    found = origins(runs('find_user(a{n}) -> {"uid": "u{n}", "n": 5} | get_user(id=u{n}, limit=5)'))
    assert found["get_user /id"][0] == "find_user /uid"


def test_an_argument_that_never_varies_is_a_constant_though_a_place_holds_it():
    found = origins(runs('find_user(a{n}) -> {"uid": "u{n}", "n": 5} | get_user(id=u{n}, limit=5)'))
    assert found["get_user /limit"] == ["= 5"]


def test_trials_of_one_task_have_one_vote():
    """Nine runs of one task take the first order, three tasks the second; the tasks win."""
    line = 'get_user(u{n}) -> {"a": "x{n}", "b": "y{n}"} | get_order(%s{n})'
    trials = runs(f"task=same {line % 'x'}", first=10, count=9)
    tasks = runs(line % "y", first=30, count=3)
    assert origins(f"{trials}\n{tasks}")["get_order /id"][0] == "get_user /b"


def test_what_flows_from_any_of_several_calls_is_an_item_of_all_of_them():
    line = 'get_order(o{n}) -> {"user": "u{n}"} | get_order(p{n}) -> {"user": "w{n}"} | get_user(%s{n})'
    found = origins(f"{runs(line % 'u')}\n{runs(line % 'w', first=50)}")
    assert found["get_user /id"][0] == "get_order* /*/user"


def test_nested_arguments_are_counted_leaf_by_leaf():
    line = 'get_user(u{n}) -> {"name": {"first": "f{n}"}, "dob": "d{n}"} | book(who=[{"name": "f{n}"}])'
    found = origins(runs(line))
    assert found["book /who/*/name"][0] == "get_user /name/first"


def test_coverage_is_whole_where_everything_flows_and_misses_what_the_model_makes_up():
    line = 'find_user(a{n}) -> {"uid": "u{n}"} | get_user(u{n}) | note(id=u{n}, text=free{n})'
    found = measure_coverage(corpus_of(runs(line)))
    assert found.arguments == 6 * 3
    assert (found.covered.total(), found.nowhere, found.said) == (12, 6, 0)


def test_arguments_of_one_item_must_come_from_one_and_the_same_item():
    """A third of the runs pair the id of one order with the day of the other: right places, no such item."""
    orders = 'list_orders(u{n}) -> [{"id": "o{n}", "day": "a{n}"}, {"id": "p{n}", "day": "b{n}"}]'
    pairs = ("id=o{n}, day=a{n}", "id=p{n}, day=b{n}", "id=p{n}, day=a{n}")
    thirds = [runs(f"{orders} | get_order({pair})", first=10 + 20 * i) for i, pair in enumerate(pairs)]
    found = measure_coverage(corpus_of("\n".join(thirds)))
    assert found.covered["item"] < found.arguments == 36
    assert found.missed


def test_words_of_the_user_are_told_apart_from_what_occurs_nowhere():
    line = '"say w{n}" find_user(a{n}) -> {"uid": "u{n}"} | note(id=u{n}, text=w{n})'
    found = measure_coverage(corpus_of(runs(line)))
    assert (found.covered.total(), found.said, found.nowhere) == (6, 6, 0)
