"""How many tokens a text takes where no provider counted them: four characters each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.ir.provider_schema import adapt_schema
from langchain_awo.model.ir.telling import tell_steps
from langchain_awo.model.text.encoding import dumps, present
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.text.tokens import CHARACTERS_PER_TOKEN
from langchain_awo.model.trace.handback import HandBack, ToldCall, tell_fetched

RESUME_FIELD: Final[dict[str, JSONValue]] = {
    "type": "string",
    "description": "Continue a stopped run; pass the same arguments again.",
}
"""What a meta-tool that writes is shown with besides its own parameters."""


def estimate_bound_tokens(name: str, description: str, parameters: Mapping[str, JSONValue]) -> int:
    """What a tool takes of a prompt, in the form in which `bind_tools` sends it.

    >>> estimate_bound_tokens("find", "Find a user.", {"type": "object", "properties": {"email": {"type": "string"}}})
    37
    """
    function = {"name": name, "description": description, "parameters": parameters}
    return -(-len(dumps({"type": "function", "function": function})) // CHARACTERS_PER_TOKEN)


def estimate_schema_tokens(meta_tool: MetaTool) -> int:
    """What the schema of a named meta-tool adds to a prompt."""
    properties = {spec.name: adapt_schema(spec.schema) or {"type": "string"} for spec in meta_tool.parameters}
    required = [spec.name for spec in meta_tool.parameters if spec.required]
    if not meta_tool.effect.is_read:
        properties["resume_token"] = RESUME_FIELD
    parameters = {"properties": properties, "required": required, "type": "object"}
    return estimate_bound_tokens(meta_tool.name, meta_tool.description, parameters)


def estimate_told_tokens(meta_tool: MetaTool, calls: Sequence[ToldCall], *, below: bool) -> float:
    """What the calls of a use take of a prompt, by the very text that the runtime writes.

    Args:
        meta_tool: whose calls these are.
        calls: that succeeded, by step, with their outputs as they came.
        below: they stand below another tool's answer, and are not an answer of their own.
    """
    steps = tell_steps(meta_tool, [replace(each, output=present(each.output)) for each in calls])
    text = tell_fetched(steps) if below else dumps(HandBack().to_json(steps))
    return len(text) / CHARACTERS_PER_TOKEN


def estimate_text_tokens(value: JSONValue) -> float:
    """What a value takes as text."""
    return len(value if isinstance(value, str) else dumps(value)) / CHARACTERS_PER_TOKEN
