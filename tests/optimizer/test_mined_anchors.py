"""Where mining begins, and what the literal strategy makes of the arguments that nothing binds."""

from __future__ import annotations

import pytest

from langchain_awo.model.rules import RuleSet
from langchain_awo.model.trace.trace import ToolSpec
from langchain_awo.optimizer.baseline.binding import bind
from langchain_awo.optimizer.baseline.windows import find_windows
from langchain_awo.optimizer.log.corpus import build_corpus
from langchain_awo.optimizer.pipeline import Options, mine
from langchain_awo.optimizer.rules.prepare import build_paths
from tests.optimizer.notation import corpus_of, traces_of


@pytest.mark.parametrize(("tasks", "anchors"), [(1, 0), (2, 1), (3, 1)])
def test_a_tool_that_two_tasks_call_may_be_an_anchor(tasks, anchors):
    told = []
    list(mine(corpus_of(f"{tasks}x get(1)"), Options(), lambda _, done, total: told.append((done, total))))
    assert told[-1] == (anchors, anchors)


def test_tools_to_be_avoided_are_no_anchors():
    told = []
    options = Options(protected=frozenset({"get"}))
    list(mine(corpus_of("2x get(1) | find(2)"), options, lambda _, done, total: told.append(total)))
    assert told[-1] == 1


SCHEMA = {"type": "string", "description": "What to look for."}


def bound(text, *, bindings="consensus", size=2):
    """The routine of the first calls of each run."""
    find = ToolSpec(name="find", parameters={"type": "object", "properties": {"id": SCHEMA, "odd": True}})
    corpus = build_corpus(traces_of(text), tools=[find])
    paths = build_paths(corpus, RuleSet())
    routine = paths[0].canonical[:size]
    return bind(routine, find_windows(paths, routine), corpus, bindings=bindings)


def test_what_nothing_binds_is_a_parameter_with_the_schema_of_its_tool():
    found = bound("\n".join(f"get({n}) | find(x{n})" for n in range(5)))
    assert [(spec.name, spec.schema, spec.required) for spec in found.parameters] == [
        ("id", {}, True),
        ("id_2", SCHEMA, True),
    ]


def test_a_schema_that_is_no_object_says_nothing():
    found = bound("\n".join(f"get({n}) | find(odd=x{n})" for n in range(5)))
    assert found.parameters[1].schema == {}


def test_what_only_some_calls_have_is_optional_and_what_stands_for_nothing_there_is_meant():
    found = bound('get(1) | find(id=x1)\nget(2) | find(id=x2, kind="")\nget(3) | find(id=x3)')
    kind = next(spec for spec in found.parameters if spec.name == "kind")
    assert (kind.required, kind.meant) == (False, ("",))
    assert found.steps[1].optional == ("kind",)


@pytest.mark.parametrize("bindings", ["exact", "consensus"])
def test_a_read_that_is_bound_to_the_first_step_is_eager(bindings):
    found = bound(
        "\n".join(f'get({n}) -> {{"user": "u{n}x"}} | find(u{n}x)' for n in range(8)), bindings=bindings
    )
    assert found.steps[1].eager
    assert not found.steps[0].eager
    assert [spec.name for spec in found.parameters] == ["id"]


def test_a_read_that_asks_for_something_is_not_eager():
    assert not bound("\n".join(f"get({n}) | find(x{n})" for n in range(5))).steps[1].eager
