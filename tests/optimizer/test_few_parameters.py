"""At most five parameters: what agents rarely gave is left out, and a routine that needs more is refused."""

from __future__ import annotations

from langchain_awo.optimizer.pipeline import Options, compile_corpus
from tests.optimizer.notation import corpus_of
from tests.optimizer.test_mining import runs

FOUND = '-> {"rooms": ["r{n}", "s{n}"]} | get_room(r{n}) | get_room(s{n})'


def search(**filters):
    """A search in the words of its user, then a look at each room."""
    args = {**{name: f"{name}{{n}}" for name in ("city", "day", "kind", "query")}, **filters}
    said = " ".join(str(value) for value in args.values())
    listed = ", ".join(f"{name}={value}" for name, value in args.items())
    return f'"{said}" search_rooms({listed}) {FOUND}'


def compiled(*lines):
    text = "\n".join(runs(count, line, first=first) for count, line, first in lines)
    return compile_corpus(corpus_of(text), Options())


def test_filters_that_agents_leave_at_the_same_value_are_fixed_and_told():
    usual = search(least=0, most=9000, order="best")
    (found,), _ = compiled((28, usual, 10), (2, search(least=300, most=9000, order="new"), 50))
    assert [spec.name for spec in found.parameters] == ["city", "day", "kind", "order", "query"]
    assert found.steps[0].args["least"].value == 0
    assert (
        "looked up by the arguments of search_rooms, always with least=0 and most=9000." in found.description
    )


def test_of_filters_that_agents_leave_out_as_many_are_left_out_as_must_be():
    (found,), _ = compiled((28, search(), 10), (2, search(least="l{n}", most="m{n}"), 50))
    assert [spec.name for spec in found.parameters] == ["city", "day", "kind", "most", "query"]
    assert found.steps[0].args.keys() == {"city", "day", "kind", "most", "query"}
    assert found.steps[0].optional == ("most",)


def test_a_routine_of_which_every_argument_differs_is_refused():
    found, refused = compiled((30, search(least="l{n}", most="m{n}"), 10))
    assert found == []
    (reason,) = (each.reason for each in refused if each.code == "parameters")
    assert "a caller would have to give 6 arguments (city, day, kind, least, most, query)" in reason


def test_what_a_later_step_needs_is_not_left_out():
    same = search(least="l1", most="m1").replace("get_room(s{n})", "get_room(s{n}, kind=m1)")
    found, _ = compiled((30, same, 10))
    assert all(len(each.parameters) <= 5 for each in found)
