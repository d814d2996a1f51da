"""What a step's arguments are bound to, from what recorded calls have in common."""

from __future__ import annotations

import pytest

from langchain_awo.model.ir.binding import Frame, resolve
from langchain_awo.model.text.encoding import dumps, loads
from langchain_awo.model.views.notation import format_binding
from langchain_awo.optimizer.dataflow.consensus import Example, collect_votes

LETTERS = "abcdefghijkl"


def flow(output, argument, *, count=12, agreement=0.85):
    """The consensus on the argument `x` of calls that follow a call with an output; both are made of a number."""
    examples = [
        Example(f"task {n}", Frame(arguments={1: {"q": f"q{n}"}}, outputs={1: output(n)}), {"x": argument(n)})
        for n in range(count)
    ]
    found = collect_votes(examples)
    bound = found.place("x", agreement=agreement)
    agreeing = [each for each in examples if bound and resolve(bound.binding, each.frame) == each.args["x"]]
    assert not bound or len(agreeing) == bound.evidence.agree
    return bound


def shown(output, argument):
    bound = flow(output, argument)
    return format_binding(bound.binding) if bound else None


@pytest.mark.parametrize(
    ("output", "argument", "expected"),
    [
        (lambda n: {"id": f"u{n}"}, lambda n: f"u{n}", "#1/id"),
        (lambda n: {"token": f"t{n}x"}, lambda n: f"Bearer t{n}x", '"Bearer {#1/token}"'),
        (lambda n: {"id": 40 + n}, lambda n: f"/users/{40 + n}/orders", '"/users/{#1/id}/orders"'),
        (lambda n: {"name": f"Ann {LETTERS[n]}x"}, lambda n: f"ann {LETTERS[n]}x", "lower(#1/name)"),
        (lambda n: {"n": 100 + n}, lambda n: str(100 + n), "to_text(#1/n)"),
        (lambda n: {"n": str(100 + n)}, lambda n: 100 + n, "to_number(#1/n)"),
        (lambda n: {"at": f"2024-05-{n + 10}T10:00:00"}, lambda n: f"2024-05-{n + 10}", 'date_format(#1/at, "%Y-%m-%d")'),
        (lambda n: {"at": f"2024-05-{n + 10}"}, lambda n: f"{n + 10}.05.2024", 'date_format(#1/at, "%d.%m.%Y")'),
        (lambda n: {"at": f"2024-05-{n + 10}"}, lambda n: f"2024-05-{n + 13}", 'date_offset(#1/at, "3")'),
        (lambda n: {"name": f"Ann Lee{n}"}, lambda n: f"Lee{n}", 'split_last(#1/name, " ")'),
        (lambda n: {"mail": f"ann{n}@x.org"}, lambda n: f"ann{n}", 'split_first(#1/mail, "@")'),
        (lambda n: f"Order O-{n + 10} was created.", lambda n: f"O-{n + 10}", 'token_after(#1, "Order ")'),
        (lambda n: {"ids": [f"a{n}", f"b{n}"]}, lambda n: [f"a{n}", f"b{n}"], "#1/ids"),
        (lambda n: {"who": {"a": n, "b": f"b{n}"}}, lambda n: {"a": n, "b": f"b{n}"}, "#1/who"),
        (lambda n: [{"id": f"a{n}"}, {"id": f"b{n}"}], lambda n: [f"a{n}", f"b{n}"], "#1/*/id"),
        (
            lambda n: {"first": f"f{n}", "dob": f"d{n}"},
            lambda n: [{"name": f"f{n}", "born": f"d{n}", "kind": "adult"}],
            '[{born: #1/dob, kind: "adult", name: #1/first}]',
        ),
        (lambda n: {"id": f"u{n}"}, lambda n: {"by": {"id": f"u{n}"}, "via": f"q{n}"}, "{by: {id: #1/id}, via: #1.args/q}"),
    ],
)  # fmt: skip
def test_an_argument_is_bound_to_what_makes_it(output, argument, expected):
    assert shown(output, argument) == expected


def test_of_two_places_that_always_agree_the_output_is_taken_before_the_argument_and_the_other_is_reported():
    bound = flow(lambda n: {"id": f"q{n}"}, lambda n: f"q{n}")
    assert format_binding(bound.binding) == "#1/id"
    assert bound.evidence.tied == ("#1.args/q",)


def test_of_two_places_that_always_agree_the_later_step_then_the_shorter_path_is_taken():
    """Two outputs hold the value, the later one twice."""
    outputs = [{"id": "{n}"}, {"deep": {"id": "{n}"}, "id": "{n}"}]
    examples = [
        Example(f"task {n}", Frame(outputs=dict(enumerate(of(outputs, n), start=1))), {"x": f"u{n}"})
        for n in range(12)
    ]
    bound = collect_votes(examples).place("x", agreement=0.85)
    assert format_binding(bound.binding) == "#2/id"
    assert bound.evidence.tied == ("#2/deep/id", "#1/id")


def of(outputs, n):
    """Outputs of a number."""
    return loads(dumps(outputs).replace("{n}", f"u{n}"))


def test_two_places_that_explain_as_much_and_contradict_each_other_are_not_guessed_between():
    def output(n):
        return {"a": f"v{n}" if n else "w", "b": f"v{n}" if n != 1 else "w"}

    assert flow(output, lambda n: f"v{n}") is None


def test_a_flag_that_agrees_no_more_than_chance_would_is_no_source():
    """Eleven of twelve are true on both sides, and the one that is not is another one: ten agree, as many as by chance."""
    assert flow(lambda n: {"ok": n != 0}, lambda n: n != 1, agreement=0.8) is None
    assert flow(lambda n: {"ok": f"v{n}" if n < 10 else "w"}, lambda n: f"v{n}", agreement=0.8) is not None


def test_a_flag_that_always_agrees_and_varies_is_a_source():
    assert shown(lambda n: {"ok": n % 2 == 0}, lambda n: n % 2 == 0) == "#1/ok"


def test_a_value_that_never_varies_is_no_evidence_for_a_place():
    assert flow(lambda n: {"limit": 50, "id": n}, lambda n: 50) is None


def test_an_object_with_a_member_that_most_calls_have_and_nothing_explains_is_not_bound():
    bound = flow(lambda n: {"id": f"u{n}"}, lambda n: {"id": f"u{n}"} | ({"odd": n} if n < 8 else {}))
    assert bound is None


def test_lists_of_different_lengths_are_not_bound_element_by_element():
    assert flow(lambda n: {"id": f"u{n}"}, lambda n: [f"u{n}"] * (1 + n % 3)) is None


@pytest.mark.parametrize("text", ["nothing to see", "x" * 100_000, "a " * 5_000, "#\x00 O-", ""])
def test_texts_that_hold_nothing_are_no_trouble(text):
    assert flow(lambda n: text, lambda n: f"O-{n + 10}") is None
