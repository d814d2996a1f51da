"""Names that model providers refuse never reach them, and the tools get their own back."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.tools import BaseTool, StructuredTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from langchain_awo.errors import PlanError
from langchain_awo.model.ir.binding import Constant, Item, Parameter
from langchain_awo.model.ir.identifier import assign_provider_keys
from langchain_awo.model.ir.metatool import Map, MetaTool, ParameterSpec, Step
from langchain_awo.model.ir.provider_schema import adapt_schema, restore_value
from langchain_awo.runtime.inner.schemas import assign_field_names
from langchain_awo.runtime.tool.lowering import lower
from langchain_awo.runtime.tool.signatures import find_mismatch, read_signature
from langchain_awo.runtime.tool.toolkit import MetaToolkit
from tests.releases import IS_OLD
from tests.runtime.desk import plan_of

KEY = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
HARD = [
    "prénom",
    "first name",
    "a/b",
    "7days",
    "顧客",
    "",
    "x" * 200,
    "x" * 201,
    "first_name",
    "$top",
    "from",
    "config",
]


def keys_in(schema: Any) -> list[str]:
    if isinstance(schema, list):
        return [key for each in schema for key in keys_in(each)]
    if not isinstance(schema, dict):
        return []
    own = list(schema.get("properties", {})) if isinstance(schema.get("properties"), dict) else []
    return own + [key for each in schema.values() for key in keys_in(each)]


def taking(names: list[str], given: list[Any]) -> BaseTool:
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in names}}

    def keep(**args: Any) -> str:
        given.append(args)
        return "ok"

    return StructuredTool(name="keep", description="Keeps.", func=keep, args_schema=schema)


def test_every_parameter_has_a_key_that_providers_accept_and_the_tool_its_own_name() -> None:
    given: list[Any] = []
    names = [name for name in HARD if name not in ("config", "")]  # LangChain takes these for itself
    steps = (Step(tool="keep", args={name: Parameter(name=name) for name in names}),)
    meta = MetaTool(
        name="keep_all",
        description="keep is only run if first name is given.",
        steps=steps,
        parameters=tuple(ParameterSpec(name=name, schema={"type": "string"}) for name in names),
    )
    lowered = lower(meta, [taking(names, given)])
    function = convert_to_openai_tool(lowered)["function"]
    keys = list(function["parameters"]["properties"])
    assert all(KEY.fullmatch(key) for key in keys)
    assert len(set(keys)) == len(names) + 1
    assert f"if {assign_field_names(meta.parameters)['first name']} is given" in function["description"]
    lowered.invoke({spec: spec for spec in assign_field_names(meta.parameters).values()})
    assert given == [{name: assign_field_names(meta.parameters)[name] for name in names}]


def test_so_have_the_members_of_objects_that_a_parameter_lists() -> None:
    given: list[Any] = []
    item = {
        "type": "object",
        "properties": {"first name": {"type": "string"}, "adresse postale": {"$ref": "#/$defs/gone"}},
        "required": ["first name"],
    }
    over = Map(source=Parameter(name="people"))
    step = Step(
        tool="keep",
        args={"first name": Item(path="/first name"), "adresse postale": Item(path="/adresse postale")},
        over=over,
    )
    people = ParameterSpec(name="people", schema={"type": "array", "items": item})
    lowered = lower(
        MetaTool(name="keep_all", description="", steps=(step,), parameters=(people,)),
        [taking(["first name", "adresse postale"], given)],
    )
    shown = convert_to_openai_tool(lowered)["function"]["parameters"]
    assert all(KEY.fullmatch(key) for key in keys_in(shown))
    assert "$ref" not in json.dumps(shown)
    lowered.invoke({"people": [{"first_name": "Ann", "adresse_postale": {"zip": 7}}]})
    assert given == [{"first name": "Ann", "adresse postale": {"zip": 7}}]


@given(st.lists(st.text(max_size=70) | st.sampled_from(HARD), unique=True, max_size=12))
def test_any_keys_become_different_ones_that_providers_accept(names: list[str]) -> None:
    keys = assign_provider_keys(names)
    assert set(keys) == set(names)
    assert len(set(keys.values())) == len(names)
    assert all(KEY.fullmatch(key) for key in keys.values())
    assert all(re.fullmatch(r"[A-Za-z]\w{0,63}", field, re.ASCII) for field in _fields(names))


def _fields(names: list[str]) -> list[str]:
    fields = assign_field_names([ParameterSpec(name=name) for name in names])
    assert len(set(fields.values())) == len(names)
    return list(fields.values())


def schemas() -> Any:
    leaf = st.just({"type": "string"}) | st.just({"$ref": "#/x"}) | st.just(True)
    keys = st.sampled_from(["é", "e", "a b", "a_b", "ok"])
    return st.recursive(
        leaf,
        lambda inner: (
            st.dictionaries(keys, inner, max_size=3).map(lambda each: {"type": "object", "properties": each})
            | inner.map(lambda each: {"type": "array", "items": each})
            | st.lists(inner, max_size=2).map(lambda each: {"anyOf": each})
        ),
        max_leaves=6,
    )


@given(schemas().filter(lambda each: isinstance(each, dict)))
def test_a_value_for_the_shown_schema_gets_the_keys_of_the_original(schema: dict[str, Any]) -> None:
    shown = adapt_schema(schema)
    assert all(KEY.fullmatch(key) for key in keys_in(shown))
    value = dict.fromkeys(shown.get("properties", {}), 1)
    assert restore_value(value, schema) == dict.fromkeys(schema.get("properties", {}), 1)


@pytest.mark.parametrize("name", ["get.order", "récupérer", "get order", "x" * 65, ""])
def test_a_meta_tool_whose_name_providers_refuse_is_refused(name: str) -> None:
    kept = taking(["a"], [])
    meta = MetaTool(name=name, description="", steps=(Step(tool="keep", args={"a": Constant(value="b")}),))
    with pytest.raises(PlanError, match="providers refuse it"):
        MetaToolkit(plan=plan_of([kept], meta), tools=[kept])


class Aliased(BaseModel):
    """Arguments with other names than the fields."""

    model_config = ConfigDict(populate_by_name=True)

    sender: str = Field(alias="from")
    recipient: str = Field(validation_alias=AliasChoices("to", "send-to"))


@pytest.mark.skipif(IS_OLD, reason="older releases call tools by field names only")
@pytest.mark.parametrize("names", [("from", "to"), ("from", "send-to"), ("sender", "recipient")])
def test_arguments_are_known_by_their_aliases_too(names: tuple[str, str]) -> None:
    given: list[Any] = []

    def post(sender: str, recipient: str) -> str:
        given.append((sender, recipient))
        return "ok"

    posting = StructuredTool(name="post", description="Posts.", func=post, args_schema=Aliased)
    step = Step(tool="post", args={names[0]: Constant(value="ann"), names[1]: Constant(value="bob")})
    meta = MetaTool(name="post_all", description="", steps=(step,))
    assert find_mismatch(meta, {"post": read_signature(posting)}, {"post": posting}) == ""
    lower(meta, [posting]).invoke({})
    assert given == [("ann", "bob")]
    wrong = MetaTool(
        name="post_all", description="", steps=(Step(tool="post", args={"of": Constant(value=1)}),)
    )
    assert "has no argument 'of'" in find_mismatch(
        wrong, {"post": read_signature(posting)}, {"post": posting}
    )
