"""The view as code is valid Python whatever a plan's texts hold, and reads like the plan."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
)
from langchain_awo.model.ir.metatool import (
    Filter,
    Guard,
    Map,
    MetaTool,
    ParameterSpec,
    Step,
    ToolkitPlan,
    ToolSignature,
)
from langchain_awo.model.ir.pointer import escape
from langchain_awo.model.ir.transform import TRANSFORM_NAMES
from langchain_awo.model.ir.validation import check_plan
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.views.python_view import render_python

FIND = Step(tool="find_user", args={"email": Parameter(name="email")}, effect=Effect.READ)
EMAIL = (ParameterSpec(name="email"),)


def plan_of(*steps, name="m", description="Does it.", parameters=EMAIL):
    meta_tool = MetaTool(name=name, description=description, parameters=parameters, steps=steps)
    signatures = {step.tool: ToolSignature(source="traces") for step in steps}
    plan = ToolkitPlan(meta_tools=(meta_tool,), tools=signatures)
    assert check_plan(plan) == ""
    return plan


def lines_of(plan):
    code = render_python(plan)
    ast.parse(code)
    return [line.strip() for line in code.splitlines()]


def test_a_routine_reads_like_a_function():
    orders = Step(
        tool="get_order",
        args={"order_id": Item(path="/id")},
        over=Map(
            source=Output(step=1, path="/orders/*"), limit=5, filter=Filter(path="/open", values=(True,))
        ),
        effect=Effect.READ,
    )
    lines = lines_of(plan_of(FIND, orders, description="Finds orders.", name="find_orders"))
    assert lines[0].startswith('"""A view of a compiled toolkit')
    opened = "[item for item in every(step_1['orders']) if item['open'] in [True]][:5]"
    called = f"step_2 = [tools.get_order(order_id=item['id']) for item in {opened}]"
    wanted = [
        "def find_orders(tools, *, email):",
        '"""Finds orders.',
        "step_1 = tools.find_user(email=email)",
        called,
        "return [step_1, step_2]",
    ]
    assert [line for line in lines if line in wanted] == wanted


BINDINGS = {
    "'order ' + str(step_1['id'])": Template(prefix="order ", source=Output(step=1, path="/id")),
    "step_1['name'].lower()": Transform(name="lower", source=Output(step=1, path="/name")),
    "[part_1['id'] for part_1 in every(step_1['o'])]": Output(step=1, path="/o/*/id"),
    "step_1['o'][-1]": Output(step=1, path="/o/-1"),
    "{'a': [email, None]}": ObjectOf(
        members={"a": ListOf(elements=(Parameter(name="email"), Constant(value=None)))}
    ),
    "arguments_1['email']": Argument(step=1, path="/email"),
}


@pytest.mark.parametrize("shown", BINDINGS)
def test_each_binding_is_the_expression_it_stands_for(shown):
    lines = lines_of(plan_of(FIND, Step(tool="note", args={"text": BINDINGS[shown]})))
    assert any(f"tools.note(text={each})" in lines[-2] for each in (shown, f"({shown})"))


def test_arguments_that_are_used_again_are_named_before_the_call():
    lines = lines_of(plan_of(FIND, Step(tool="note", args={"text": Argument(step=1, path="/email")})))
    first = lines.index("arguments_1 = {'email': email}")
    assert lines[first + 1] == "step_1 = tools.find_user(**arguments_1)"


def test_guards_are_conditions():
    skipped = Step(tool="a", guard=Guard(source=Output(step=1), test="nonempty"))
    stopped = Step(
        tool="b", guard=Guard(source=Output(step=1, path="/s"), test="equals", value="x", otherwise="stop")
    )
    lines = lines_of(plan_of(FIND, skipped, stopped))
    assert "step_2 = tools.a() if bool(step_1) else None" in lines
    stop = lines.index("if not (step_1['s'] == 'x'):")
    assert lines[stop + 1] == "return [step_1, step_2]"


def test_names_that_python_cannot_use_are_written_as_texts():
    odd = Step(tool="server/find-user", args={"class": Parameter(name="class"), "to": Constant(value=1)})
    lines = lines_of(plan_of(odd, name="import", parameters=(ParameterSpec(name="class", required=False),)))
    assert "def import_(tools, *, class_=None):" in lines
    assert "step_1 = getattr(tools, 'server/find-user')(to=(1), **{'class': class_})" in lines


def test_a_binding_as_deep_as_a_plan_may_hold_is_still_python():
    deep = Parameter(name="email")
    for _ in range(40):
        deep = Template(prefix="(", source=deep, suffix=")")
    assert lines_of(plan_of(Step(tool="note", args={"text": deep})))


TEXT = st.text(max_size=12) | st.sampled_from(
    ['"""', "'''", "\\", "\n", "\r\n", "\x0c", "\x00", "#", "x\nimport os", "{x}", "None", "\u2028", '"', "ﬁ"]
)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT, lambda inner: st.lists(inner, max_size=2)
)


@st.composite
def plans(draw):
    first, second = draw(TEXT), draw(TEXT)
    pointer = "/" + "/".join(draw(st.lists(st.just("*") | TEXT.map(escape), min_size=1, max_size=3)))
    leaf = draw(
        st.sampled_from(
            [
                Constant(value=draw(VALUE)),
                Parameter(name=first, path=pointer),
                Output(step=1, path=pointer),
                Argument(step=1, path="/" + escape(first)),
                Item(path=pointer),
            ]
        )
    )
    changed = Transform(name=draw(st.sampled_from(TRANSFORM_NAMES)), source=leaf, option=draw(TEXT))
    shaped = ObjectOf(members={second: Template(prefix=first, source=changed, suffix=second)})
    guard = Guard(
        source=Output(step=1, path=pointer),
        test=draw(st.sampled_from(["given", "nonempty", "equals"])),
        value=draw(VALUE),
        otherwise=draw(st.sampled_from(["skip", "stop"])),
    )
    over = Map(
        source=Output(step=1, path=pointer), filter=Filter(path=pointer, values=tuple(draw(st.lists(VALUE))))
    )
    return plan_of(
        Step(tool=first, args={first: Parameter(name=first)}, optional=(first,)),
        Step(tool=second, args={first: shaped, "plain": leaf}, over=over, guard=guard, never_empty=True),
        name=draw(
            st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True).filter(lambda n: n not in (first, second))
        ),
        description=draw(TEXT),
        parameters=tuple(ParameterSpec(name=each) for each in dict.fromkeys([first, second])),
    )


def test_the_items_that_a_caller_names_are_shown_as_such():
    over = Map(
        source=Output(step=1, path="/orders/*"),
        filter=Filter(path="/title", named=Parameter(name="title")),
    )
    order = Step(tool="get_order", args={"order_id": Item(path="/id")}, over=over)
    parameters = (ParameterSpec(name="email"), ParameterSpec(name="title"))
    lines = lines_of(plan_of(FIND, order, name="find_order", parameters=parameters))
    named = "[item for item in every(step_1['orders']) if alike(item['title'], title)][:20]"
    assert f"step_2 = [tools.get_order(order_id=item['id']) for item in {named}]" in lines


def test_the_members_of_an_object_are_shown_with_their_keys():
    over = Map(source=Output(step=1, path="/orders/*entries"))
    order = Step(tool="get_order", args={"order_id": Item(path="/key")}, over=over)
    lines = lines_of(plan_of(FIND, order, name="find_order", parameters=(ParameterSpec(name="email"),)))
    members = "[{'key': key, 'value': member} for key, member in step_1['orders'].items()]"
    assert f"step_2 = [tools.get_order(order_id=item['key']) for item in ({members})[:20]]" in lines


@settings(deadline=None, max_examples=150)
@given(plans())
def test_whatever_the_texts_hold_the_view_is_one_function_and_nothing_else(plan):
    code = render_python(plan)
    tree = compile(code, "view", "exec", ast.PyCF_ONLY_AST)
    compile(code, "view", "exec")
    kinds = [type(each) for each in tree.body]
    assert kinds == [ast.Expr, ast.ImportFrom, *[ast.FunctionDef] * 6]
    assert not any(isinstance(each, ast.Import) for each in ast.walk(tree))
    assert code == render_python(plan)
