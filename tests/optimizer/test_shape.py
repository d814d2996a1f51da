"""A place of an output is hidden only if many agents had it before them and hardly one used it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from langchain_awo.model.ir.metatool import MetaTool, Step
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.trace.trace import Message, ModelCallRecord, ToolCallRecord, Trace
from langchain_awo.optimizer.log.corpus import build_corpus
from langchain_awo.optimizer.selection.mentions import is_telling, says, split_words
from langchain_awo.optimizer.selection.output_liveness import uses_of
from langchain_awo.optimizer.selection.prune_outputs import Showing, prune_outputs

READ = MetaTool(name="m", description="", steps=(Step(tool="get_order", effect=Effect.READ),))


def run(number, *, said="Here you are.", sends=None, output=None, **known):
    """A run that reads an order and says something; `sends` is the argument of a later call."""
    record = output or {
        "order_id": f"O-{number}",
        "status": "paid",
        "total": 1000.5 + number,
        "street": f"{number} High Street of the Long Town",
        "phone": f"555-0{number:04}",
        "gift": bool(number % 2),
        "lines": [
            {"sku": f"S-{number}-{line}", "batch": f"batch {number}{line}{line} of the factory"}
            for line in (1, 2)
        ],
    }
    later = (
        [ToolCallRecord(call_id="b", name="send", args={"text": sends}, output="ok", model_call=1)]
        if sends
        else []
    )
    return Trace(
        trace_id=f"{number:04}",
        task_id=f"{number}",
        messages=(Message(role="user", text="go", before=0),),
        model_calls=(
            ModelCallRecord(text=known.get("before", "")),
            ModelCallRecord(text=said),
            ModelCallRecord(),
        ),
        tool_calls=(
            ToolCallRecord(call_id="a", name="get_order", args={"id": number}, output=record, model_call=0),
            *later,
        ),
    )


def hidden(*runs, **showing):
    (shaped,) = prune_outputs([READ], build_corpus(runs), showing=Showing(**showing))
    return list(shaped.steps[0].hide)


def many(**known):
    return [run(n, **known) for n in range(60)]


def test_records_that_nobody_used_are_hidden_and_the_rest_is_not():
    assert hidden(*[run(n, said=f"It is ${1000.5 + n:,.2f}.") for n in range(60)]) == [
        "/lines/*/batch",
        "/phone",
        "/street",
    ]


def test_the_evidence_is_kept_with_each_place():
    (shaped,) = prune_outputs([READ], build_corpus([*many(), run(70, said="call 555-00070")]))
    seen = shaped.steps[0].hide["/phone"]
    assert (seen.outputs, seen.tasks, seen.used) == (61, 61, 1)


@pytest.mark.parametrize("how", ["said", "sends"])
def test_a_place_that_some_used_in_words_or_in_a_call_is_shown(how):
    runs = [run(n, **({how: f"call 555-0{n:04}"} if n % 5 == 0 else {})) for n in range(60)]
    assert "/phone" not in hidden(*runs)
    assert "/street" in hidden(*runs)


def test_what_was_said_before_the_output_came_is_no_use_of_it():
    assert "/phone" in hidden(*[run(n, before=f"call 555-0{n:04}?") for n in range(60)])


def test_thin_evidence_hides_nothing():
    assert hidden(*many()[:30]) == []
    assert hidden(*[replace(each, task_id=f"{n % 5}") for n, each in enumerate(many())]) == []


def test_nothing_is_hidden_where_the_words_of_the_agents_were_not_recorded():
    assert hidden(*many(said="")) == []
    assert hidden(*many(said="", before="I look it up.")) == []
    assert hidden(*many()) != []


def test_what_choices_are_made_by_is_shown_though_nobody_says_it():
    offers = [
        run(
            n,
            output={
                "offers": [
                    {"shelf": f"C{n}{i} " * 4, "unitPrice": 40.5 + n + i, "options": f"option {n}{i} " * 9}
                    for i in (1, 2, 3)
                ],
                "legal": f"paragraph {n} " * 20,
            },
        )
        for n in range(60)
    ]
    assert hidden(*offers) == ["/legal", "/offers/*/shelf"]


def test_few_values_are_conditions_that_agents_decide_by_without_saying_them():
    policies = [
        run(n, output={"order_id": f"O-{n}", "total": n, "rule": f"rule {n % 4}: " + "long words " * 20})
        for n in range(60)
    ]
    assert hidden(*policies) == []


def test_outcomes_and_identities_are_shown_whether_used_or_not():
    runs = [
        run(
            n,
            output={
                "error": f"number {n} " * 9,
                "user_id": f"u{n}" * 9,
                "name": f"Ann {n} " * 9,
                "x": f"no {n}" * 20,
            },
        )
        for n in range(60)
    ]
    assert hidden(*runs) == ["/x"]


def test_small_outputs_and_outputs_of_which_nothing_is_used_stay_whole():
    assert hidden(*[run(n, output={"order_id": f"O-{n}", "zip": f"{40000 + n}"}) for n in range(60)]) == []
    assert hidden(*[run(n, output={"zip": f"{n} to the north of the town" * 9}) for n in range(60)]) == []


def test_the_order_of_the_traces_does_not_matter():
    assert prune_outputs([READ], build_corpus(many())) == prune_outputs(
        [READ], build_corpus(reversed(many()))
    )


def test_keys_that_are_data_are_one_place():
    runs = [
        run(n, output={"cards": {f"card_{n}00{i}": {"last4": 1000 + n} for i in (1, 2)}}) for n in range(20)
    ]
    uses, outputs = uses_of(build_corpus(runs), "get_order")
    assert (outputs, list(uses)) == (20, ["/cards/*/last4"])


SAYINGS = {
    1859: "that is $1,859.00 in all",
    350.5: "you get $350.50 back",
    "2024-05-20": "it leaves on May 20th",
    "2024-05-20T14:30:00": "at 2:30 PM",
    "basic_economy": "this is Basic Economy, sorry",
    "a.b@example.com": "I wrote to a.b@example.com.",
    "13-inch everyday laptop with strong battery and solid performance": "it has a strong battery and more",
}


@pytest.mark.parametrize("value", SAYINGS)
def test_values_are_found_however_an_agent_puts_them(value):
    assert says(f" {' '.join(split_words(SAYINGS[value]))} ", value)


@pytest.mark.parametrize(
    ("value", "said"), [("W12", "order W123"), (12, "12.5 percent"), ("May 2", "on May 20")]
)
def test_a_part_of_a_longer_word_is_no_use(value, said):
    assert not says(f" {' '.join(split_words(said))} ", value)


def test_values_that_stand_anywhere_tell_nothing():
    assert not any(is_telling(value) for value in (None, True, 7, 0, "", "x", "3", -2.5, "False", "null"))
    assert all(is_telling(value) for value in (11, 12.5, "no", "O-1"))
