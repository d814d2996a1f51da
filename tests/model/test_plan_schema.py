"""The published schema is that of the types, and accepts what the package writes."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from langchain_awo.model.ir.binding import Constant, ListOf, ObjectOf, Output, Parameter, Template, Transform
from langchain_awo.model.ir.decision import HumanDecision
from langchain_awo.model.ir.metatool import (
    Filter,
    Guard,
    Map,
    MetaTool,
    ParameterSpec,
    Step,
    ToolkitPlan,
    ToolSignature,
    UseEvidence,
)
from langchain_awo.model.ir.plan_schema import plan_schema
from langchain_awo.model.trace.effect import Effect
from langchain_awo.plan_file import encode_plan

PUBLISHED = Path(__file__).parents[2] / "docs" / "toolkit.schema.json"

FULL = ToolkitPlan(
    rejected=(
        MetaTool(
            name="not_this",
            description="Nobody wants it.",
            steps=(Step(tool="find", effect=Effect.READ),),
            decision=HumanDecision(verdict="rejected", digest="1" * 64, reason="nobody wants it"),
        ),
    ),
    tools={"find": ToolSignature(source="traces", effect=Effect.READ)},
    meta_tools=(
        MetaTool(
            name="all_of_it",
            description="Uses every form.",
            parameters=(ParameterSpec(name="q", schema={"type": "string"}, required=False),),
            mode="continue",
            decision=HumanDecision(
                verdict="accepted", digest="0" * 64, by="Ann", at="2026-03-02T09:00:00+00:00"
            ),
            chosen=("mode", "name"),
            approval=("find",),
            steps=(
                Step(
                    tool="find",
                    args={"q": Parameter(name="q")},
                    effect=Effect.READ,
                    hide={"/a/*/b": UseEvidence(outputs=50, tasks=9, used=1)},
                ),
                Step(
                    tool="find",
                    args={
                        "a": Template(prefix="x", source=Output(step=1, path="/a")),
                        "b": Transform(name="lower", source=Output(step=1)),
                        "c": ObjectOf(members={"d": ListOf(elements=(Constant(value=None),))}),
                    },
                    over=Map(source=Output(step=1, path="/*"), filter=Filter(path="/s", values=(1, "2"))),
                    guard=Guard(source=Parameter(name="q"), test="equals", value=[1]),
                ),
            ),
        ),
    ),
)


@pytest.fixture(scope="module")
def validator():
    schema = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_published_schema_is_up_to_date():
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == plan_schema(), (
        "run: awo schema > docs/toolkit.schema.json"
    )


def test_a_toolkit_with_every_form_is_valid_as_it_is_written(validator):
    validator.validate(json.loads(encode_plan(FULL)))


WRONG = {
    "no version": lambda data: data.pop("schema_version"),
    "another version": lambda data: data.update(schema_version=3),
    "a name that is no text": lambda data: data["meta_tools"][0].update(name=5),
    "a binding of an unknown kind": lambda data: data["meta_tools"][0]["steps"][0]["args"].update(
        q={"kind": "eval", "code": "1"}
    ),
    "an unknown mode": lambda data: data["meta_tools"][0].update(mode="always"),
    "a verdict that is none": lambda data: data["meta_tools"][0]["decision"].update(verdict="perhaps"),
    "a decision about nothing": lambda data: data["meta_tools"][0]["decision"].pop("digest"),
    "no steps at all": lambda data: data["meta_tools"][0].pop("steps"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_toolkit_is_not_valid(validator, what):
    data = json.loads(encode_plan(FULL))
    WRONG[what](data)
    assert not validator.is_valid(data)


def test_types_and_their_properties_are_described():
    schema = plan_schema()
    assert "description" in schema["properties"]["corpus"]
    undescribed = [name for name, each in schema["$defs"].items() if not each.get("description")]
    assert set(undescribed) <= {"JsonValue", "JSONValue"}
