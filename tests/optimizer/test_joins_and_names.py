"""Made-up agents whose truth is known: what joins two lookups is found, and the item that a user names, whatever all is called."""

import random

import pytest

from langchain_awo.model.ir.binding import Output, Parameter
from langchain_awo.optimizer.pipeline import Options, compile_corpus
from tests.optimizer.notation import corpus_of

NOUNS = ("station", "airport", "warehouse", "branch")
KEYS = ("code", "number", "ref", "place_id")
TEXTS = ("title", "label", "name", "subject")


def compiled(runs):
    """The meta-tools of runs in the notation."""
    meta_tools, _ = compile_corpus(corpus_of("\n".join(runs)), Options())
    return meta_tools


def joining_run(number, seed, *, says_both=True):
    """Two lookups, side by side or one after the other, and a read that takes something from each."""
    chance = random.Random(seed)  # noqa: S311  # made-up data, not a secret
    noun, key = chance.choice(NOUNS), chance.choice(KEYS)
    beside, turned = chance.random() < 0.5, chance.random() < 0.5
    first, second = ("to", "start") if turned else ("start", "to")
    said = f"from ann{number} to bob{number}" if says_both else f"from ann{number}"
    one, two = (
        f'find_{noun}(town={who}{number}) -> {{"open": true, "{key}": "{mark}{number}x"}}'
        for who, mark in (("ann", "a"), ("bob", "b"))
    )
    reads = f"get_fare({first}=a{number}x, {second}=b{number}x)"
    return f'1x "{said}" {one} {"&" if beside else "|"} {two} | {reads}', (noun, key, first, second)


@pytest.mark.parametrize("seed", range(3))
def test_a_read_that_joins_two_lookups_is_found_with_what_it_takes_from_each(seed):
    made = [joining_run(number, seed) for number in range(12)]
    noun, key, first, second = made[0][1]
    (found,) = compiled(run for run, _ in made)
    assert [step.tool for step in found.steps] == [f"find_{noun}", f"find_{noun}", "get_fare"]
    assert [spec.name for spec in found.parameters] == ["town", "other_town"]
    assert found.steps[2].args == {
        first: Output(step=1, path=f"/{key}"),
        second: Output(step=2, path=f"/{key}"),
    }


@pytest.mark.parametrize("seed", range(3))
def test_a_lookup_that_nobody_can_ask_for_beforehand_is_not_joined(seed):
    assert compiled(joining_run(number, seed, says_both=False)[0] for number in range(12)) == []


def naming_run(number, seed, *, is_named=True):
    """A list of which an agent reads one item further, that its user spoke of, or one that nobody did."""
    chance = random.Random(f"{seed} {number}")  # noqa: S311  # made-up data, not a secret
    text = random.Random(seed).choice(TEXTS)  # noqa: S311
    size = chance.randint(4, 7)
    wanted = chance.randrange(size)
    items = ", ".join(
        f'{{"kind": "thing", "{text}": "thing {number} {at}", "key": "k{number}x{at}"}}' for at in range(size)
    )
    said = f"u{number}, thing {number} {wanted} please" if is_named else f"u{number}, the best thing please"
    return (
        f'1x "{said}" list_things(owner=u{number}) -> {{"things": [{items}]}} | get_thing(key=k{number}x{wanted})',
        text,
    )


@pytest.mark.parametrize("seed", range(3))
def test_the_item_that_a_user_speaks_of_is_named_by_the_text_that_tells_it(seed):
    made = [naming_run(number, seed) for number in range(16)]
    text = made[0][1]
    (found,) = compiled(run for run, _ in made)
    kept = found.steps[1].over.filter
    assert kept.path == f"/{text}"
    assert kept.named == Parameter(name=f"thing_{text}")
    assert [spec.name for spec in found.parameters] == ["owner", f"thing_{text}"]
    assert all(spec.required for spec in found.parameters)


@pytest.mark.parametrize("seed", range(3))
def test_an_item_that_nobody_spoke_of_is_left_to_the_agent(seed):
    found = compiled(naming_run(number, seed, is_named=False)[0] for number in range(16))
    assert not any(step.over and step.over.filter for each in found for step in each.steps)
