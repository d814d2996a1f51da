"""What the notation prints can be read back, whatever the names and values are; what cannot be read is told with its place."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from langchain_awo.errors import NotationError
from langchain_awo.model.ir.binding import (
    Argument,
    Constant,
    Item,
    ListOf,
    ObjectOf,
    Output,
    Parameter,
    Template,
    Transform,
    list_leaves,
)
from langchain_awo.model.ir.metatool import (
    Condition,
    Filter,
    Guard,
    GuardEvidence,
    Map,
    MetaTool,
    ParameterSpec,
    Step,
    UseEvidence,
)
from langchain_awo.model.ir.pointer import escape
from langchain_awo.model.ir.transform import TRANSFORM_NAMES
from langchain_awo.model.ir.validation import check_meta_tool
from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.views.notation import format_binding, format_meta_tool
from langchain_awo.model.views.notation_parser import parse_meta_tool, parse_meta_tools
from tests.model.test_plan_schema import FULL

PLAIN = st.sampled_from(["id", "user_id", "args", "item", "list", "Content-Type", "a.b", "null", "størrelse"])
ODD = st.sampled_from(
    [
        "",
        " ",
        "a b",
        "a,b",
        "a=b",
        'say "x"',
        "{",
        "}",
        "{{",
        "$x",
        "#1",
        "a/b",
        "~",
        "*",
        "?",
        "1st",
        "x#y",
        "\n",
        "\\",
    ]
) | st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
NAMES = PLAIN | ODD
PATHS = st.lists(st.sampled_from(["0", "-1"]) | NAMES.map(escape), max_size=3).map(
    lambda found: "".join(f"/{segment}" for segment in found)
)
STARRED = st.lists(st.just("*") | NAMES.map(escape), min_size=1, max_size=4).map(
    lambda found: "".join(f"/{segment}" for segment in found)
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=4,
)


@cache
def bindings(number, *, in_map):
    """Bindings of a step; every earlier step is single, so that its arguments can be read."""
    earlier = st.integers(1, max(1, number - 1))
    kinds = [
        st.builds(Constant, value=VALUES),
        st.builds(Parameter, name=st.sampled_from(PARAMETERS), path=PATHS | STARRED),
    ]
    if number > 1:
        kinds += [
            st.builds(Output, step=earlier, path=PATHS | STARRED),
            st.builds(Argument, step=st.just(1), path=PATHS.map(lambda path: f"/id{path}")),
        ]
    if in_map:
        kinds += [st.builds(Item, path=PATHS | STARRED)] * 2
    return st.recursive(
        st.one_of(kinds),
        lambda inner: (
            st.builds(Template, prefix=NAMES, source=inner, suffix=NAMES)
            | st.builds(Transform, name=st.sampled_from(TRANSFORM_NAMES), source=inner, option=NAMES)
            | st.builds(ObjectOf, members=st.dictionaries(NAMES, inner, max_size=3))
            | st.lists(inner, max_size=3).map(lambda found: ListOf(elements=tuple(found)))
        ),
        max_leaves=3,
    )


PARAMETERS = ["id", "a b", 'odd "name"?', "{x}"]
TESTS = st.sampled_from(["given", "empty", "nonempty", "equals", "one_of", "at_least", "at_most"])


@cache
@st.composite
def guards(draw, number):
    source = bindings(number, in_map=False)
    also = draw(st.lists(st.builds(Condition, source=source, test=TESTS, value=VALUES), max_size=2))
    counts = [draw(st.integers(0, 99)) for _ in range(2)]
    return Guard(
        source=draw(source),
        test=draw(TESTS),
        value=draw(VALUES),
        also=tuple(also),
        otherwise=draw(st.sampled_from(["skip", "stop"])),
        evidence=GuardEvidence(
            held=counts[0],
            followed=draw(st.integers(0, counts[0])),
            others=counts[1],
            others_followed=draw(st.integers(0, counts[1])),
        ),
    )


@cache
@st.composite
def maps(draw, number):
    filters = st.builds(Filter, path=PATHS, values=st.lists(VALUES, max_size=3).map(tuple))
    filters |= st.builds(
        Filter, path=PATHS, named=st.builds(Parameter, name=st.sampled_from(PARAMETERS), path=PATHS | STARRED)
    )
    return Map(
        source=draw(bindings(number, in_map=False)),
        limit=draw(st.integers(1, 1_000)),
        filter=draw(st.none() | filters),
    )


@cache
@st.composite
def steps(draw, number):
    over = draw(st.none() | maps(number)) if number > 1 else None
    args = draw(st.dictionaries(NAMES, bindings(number, in_map=over is not None), max_size=3))
    if number == 1:
        args["id"] = Parameter(name="id")
    return Step(
        tool=draw(NAMES),
        args=args,
        optional=tuple(name for name in args if draw(st.booleans())),
        over=over,
        guard=draw(st.none() | guards(number)),
        effect=draw(st.sampled_from(Effect)),
        never_empty=draw(st.booleans()),
        hide=dict.fromkeys(draw(st.lists(PATHS.filter(bool), max_size=4)), UseEvidence()),
    )


@st.composite
def routines(draw):
    return MetaTool(
        name=draw(st.sampled_from(["get_all", "a-b", "0"])),
        description="",
        parameters=tuple(ParameterSpec(name=name, required=draw(st.booleans())) for name in PARAMETERS),
        steps=tuple(draw(steps(number)) for number in range(1, draw(st.integers(1, 3)) + 1)),
    )


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(routines())
def test_whatever_is_printed_reads_back_as_the_same_routine(routine):
    shown = format_meta_tool(routine, whole=True)
    found = parse_meta_tool(shown)
    assert found == routine
    assert repr(found.steps) == repr(parse_meta_tool(format_meta_tool(found, whole=True)).steps)
    assert [dumps(value) for value in constants(found)] == [dumps(value) for value in constants(routine)]


def constants(routine):
    """Constant values in order; `==` alone takes 1, 1.0 and true for the same."""
    found = (binding for step in routine.steps for _, binding in sorted(step.args.items()))
    return [leaf.value for binding in found for leaf in list_leaves(binding) if isinstance(leaf, Constant)]


def test_the_random_routines_are_ones_that_a_saved_toolkit_may_have():
    accepted = []

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(routines())
    def look(routine):
        accepted.append(not check_meta_tool(routine))

    look()
    assert sum(accepted) * 2 > len(accepted)


def test_a_meta_tool_that_uses_every_form_reads_back_but_for_what_is_not_shown():
    (full,) = FULL.meta_tools
    (spec,) = full.parameters
    first, second = full.steps
    shown = replace(first, hide=dict.fromkeys(first.hide, UseEvidence()))
    expected = replace(
        full,
        description="",
        mode="append",
        parameters=(replace(spec, schema={}),),
        steps=(shown, second),
        decision=None,
        chosen=(),
        approval=(),
    )
    assert parse_meta_tool(format_meta_tool(full, whole=True)) == expected


MAPPED = Output(step=1, path="/orders/*")


@pytest.mark.parametrize(
    ("over", "args", "shown"),
    [
        (MAPPED, {"id": Item(path="/id")}, "get(id=#1/orders/*/id) # reads, once for each item, at most 20"),
        (Parameter(name="ids"), {"id": Item()}, "get(id=$ids/*) # reads, once for each item, at most 20"),
        (
            MAPPED,
            {"id": Item(path="/id"), "all": Output(step=1, path="/orders/*/id")},
            "get(id=item/id, all=#1/orders/*/id) # reads, once for each item of #1/orders/*, at most 20",
        ),
        (Output(step=1, path="/orders"), {"id": Item()}, "get(id=item) # reads, once for each item of #1/orders, at most 20"),
        (MAPPED, {"id": Constant(value=1)}, "get(id=1) # reads, once for each item of #1/orders/*, at most 20"),
    ],
)  # fmt: skip
def test_the_list_of_a_map_is_named_only_where_its_items_do_not_tell_it(over, args, shown):
    step = Step(tool="get", args=args, over=Map(source=over), effect=Effect.READ)
    routine = MetaTool(name="r", description="", steps=(Step(tool="a"), step))
    line = format_meta_tool(routine).splitlines()[2]
    assert " ".join(line.split()) == f"2 {shown}"
    assert parse_meta_tool(format_meta_tool(routine)).steps[1] == step


@pytest.mark.parametrize(
    ("binding", "shown"),
    [
        (Constant(value='{"a": 1}'), r'"{{\"a\": 1}}"'),
        (Template(prefix="{", source=Output(step=1), suffix="}"), '"{{{#1}}}"'),
        (Template(prefix="", source=ObjectOf(members={"a": Output(step=1)})), '"{ {a: #1}}"'),
        (ListOf(elements=(Constant(value=1),)), "list(1)"),
        (Constant(value=[1]), "[1]"),
        (ObjectOf(members={}), "object()"),
        (Constant(value={}), "{}"),
        (Output(step=1, path="/first name/0"), '#1/"first name"/0'),
        (Parameter(name="a/b", path="/c"), '$"a/b"/c'),
    ],
)
def test_what_would_read_as_something_else_is_told_apart(binding, shown):
    assert format_binding(binding) == shown
    assert parse_meta_tool(f"r()\n  1  get(id={shown})").steps[0].args == {"id": binding}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("r(a)\n  1  get(id=$a¦", "expected ')', and the line ends"),
        ("r(a)\n  ¦2  get(id=$a)", "expected '1', found '2  get(id=$a)'; steps are numbered one by one"),
        ("r(a)\n  1  get(id¦:$a)", "an argument is written name=binding"),
        ("r(a)\n  1  get(id=¦open)", "expected a binding, found 'open)'; write $parameter"),
        ('r(a)\n  1  get(id="{¦a}")', "expected a binding, found 'a}\")'"),
        ('r(a)\n  1  get(id="a¦}")', "a brace of the text itself is written twice"),
        ("r(a)\n  1  get(id=#¦x)", "expected a number"),
        ("r(a)\n  1  get(id=¦²)", "expected a binding"),
        ("r(a)\n  1  get(id=lower($a, ¦5))", "expected a text in double quotes"),
        ("r(a)\n  1  get()  # ¦reeds", "expected what the step does, found 'reeds'; say one of: reads;"),
        ("r(a)\n  1  get()  # reads, ¦twice", "expected a clause"),
        ("r(a)\n  1  get()  # reads, skip unless $a¦ = 1", "say `==`, `in`"),
        ("r(a)\n  1  get()  # reads, once for each item¦", "say how many items at most"),
        ("r(a)\n  1  get(id=$a)  # reads, once for each item, at most 3¦", "say `once for each item of #1/list`"),
        ("r(a)\n  1  get()  # reads, hides /a, /b and ¦2 more", "print the meta-tool with whole=True"),
        ("r(a ¦b)", "expected ')'"),
        ("r¦", "expected '('"),
        ("r(a) ¦reads", "one call stands on one line"),
        ("¦", "expected one meta-tool, found 0"),
        ("¦a()\n\nb()", "expected one meta-tool, found 2"),
        ("¦r()\n  1  get(a=" + "[" * 30_000, "nested too deep"),
        ("r()\n  1  get(a=¦" + "7" * 5_000 + ")", "a shorter number"),
        ("r()\n  1  get()  # reads, skip unless $a == ¦" + "[" * 200 + "]" * 200, "at most 100 levels"),
        ("r()\n  1  get()  # reads, skip unless $a == ¦" + "[" * 30_000, "a value in JSON"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_with_its_place_and_the_fix(text, problem):
    """Reading stops where the bar stands."""
    before, _, after = text.partition("¦")
    with pytest.raises(NotationError) as caught:
        parse_meta_tool(before + after)
    assert problem in str(caught.value)
    place = before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
    assert (caught.value.line, caught.value.column) == place


@pytest.mark.parametrize("value", ["1e999", "[-1e999, 2]", "NaN", '{"a": [Infinity]}'])
def test_a_number_that_json_does_not_have_reads_back_as_the_text_it_became(value):
    found = parse_meta_tool(f"r(a)\n  1  get()  # reads, skip unless $a == {value}")
    assert parse_meta_tool(format_meta_tool(found, whole=True)).steps == found.steps


def test_several_meta_tools_are_read_in_order_and_comments_of_heads_are_not():
    found = parse_meta_tools(
        "\n a  \n".replace(" a  ", "")
        + "a(x?)   # 9 of 9 held-out places\n  1  get(id?=$x)\n\n\nb()\n  1  list_all()  # writes\n"
    )
    assert [each.name for each in found] == ["a", "b"]
    assert found[0].parameters == (ParameterSpec(name="x", required=False),)
    assert found[0].steps[0].optional == ("id",)
    assert found[1].effect is Effect.WRITE


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from('ab1(){}[]"#$/*.,:=? \n\\-'), max_size=30))
def test_no_text_raises_anything_but_a_notation_error(text):
    for meta_tools in (text, f"r()\n  1  get(id={text})"):
        with suppress(NotationError):
            parse_meta_tools(meta_tools)
