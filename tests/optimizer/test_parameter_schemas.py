"""A parameter is shown to the model with the schema that the tool has for it."""

from __future__ import annotations

import pytest

from langchain_awo.model.trace.trace import ToolSpec
from langchain_awo.optimizer.pipeline import Options, compile_plan
from tests.optimizer.notation import traces_of

ID = {"type": "string", "description": "Whose."}
TOOLS = [
    ToolSpec(name="find_user", parameters={"type": "object", "properties": {"id": ID}, "required": ["id"]}),
    ToolSpec(name="get_user", parameters={"type": "object", "properties": {"id": {"type": "string"}}}),
]


@pytest.mark.parametrize("strategy", ["default", "awo"])
def test_the_schema_of_a_parameter_is_that_of_the_argument_it_goes_to(strategy):
    traces = traces_of('12x "a{n}" find_user(a{n}) -> {"uid": "u{n}"} | get_user(u{n})')
    (kept,) = compile_plan(traces, tools=TOOLS, options=Options(strategy=strategy)).meta_tools
    assert {spec.name: spec.schema for spec in kept.parameters} == {"id": ID}
