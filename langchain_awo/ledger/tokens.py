"""How many tokens a text takes where no provider counted them: four characters each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.ir.projection import leave_out
from langchain_awo.model.ir.provider_schema import adapt_schema
from langchain_awo.model.text.encoding import dumps, present
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.handback import FETCHED_NOTE

CHARACTERS_PER_TOKEN: Final = 4
"""Used only where the provider's count was not recorded."""

RESUME_FIELD: Final[dict[str, JSONValue]] = {
    "type": "string",
    "description": "Continue a stopped run; pass the same arguments again.",
}
"""What a meta-tool that writes is shown with besides its own parameters."""

NOTE_TOKENS: Final = len(dumps({"note": FETCHED_NOTE, "steps": []})) / CHARACTERS_PER_TOKEN
"""What stands below an answer besides the steps that were fetched along with it."""

ANSWER_TOKENS: Final = len(dumps({"status": "completed", "steps": []})) / CHARACTERS_PER_TOKEN
"""What stands in the answer of a meta-tool besides its steps."""


def estimate_bound_tokens(name: str, description: str, parameters: Mapping[str, JSONValue]) -> int:
    """What a tool takes of a prompt, in the form in which `bind_tools` sends it.

    >>> bound_tokens("find", "Find a user.", {"type": "object", "properties": {"email": {"type": "string"}}})
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


def estimate_told_tokens(
    step: int, tool: str, args: JSONValue, output: JSONValue, *, hide: Mapping[str, object]
) -> float:
    """What one call takes of the answer of a meta-tool, or of what was fetched along with an answer.

    Args:
        hide: places of the output that the model is not shown.
    """
    shown, _ = leave_out(present(output), hide)
    told = {"step": step, "tool": tool, "args": args, "output": shown}
    return (len(dumps(told)) + 1) / CHARACTERS_PER_TOKEN


def estimate_text_tokens(value: JSONValue) -> float:
    """What a value takes as text."""
    return len(value if isinstance(value, str) else dumps(value)) / CHARACTERS_PER_TOKEN
