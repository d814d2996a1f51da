"""Any Python value to JSON, text to JSON, and digests: one meaning for capture, mining and execution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from langchain_awo.model.text.decoding import MAX_TEXT_TO_PARSE, decode, present
from langchain_awo.model.text.json_text import (
    choose_reader,
    compute_digest,
    compute_digests,
    dump_line,
    dumps,
    loads,
    same,
)
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.text.snapshot import MAX_DEPTH, remove_surrogates, to_json

__all__: Final = [
    "MAX_DEPTH",
    "MAX_TEXT_TO_PARSE",
    "choose_reader",
    "compute_digest",
    "compute_digests",
    "decode",
    "dump_line",
    "dumps",
    "loads",
    "present",
    "project_output",
    "same",
    "to_json",
]


def project_output(content: object, artifact: object = None) -> JSONValue:
    """What an agent can use of a tool's result, as a JSON value.

    Args:
        content: the content of a `ToolMessage`, or the raw value a tool returned.
        artifact: the artifact of a `ToolMessage`; MCP adapters put `structured_content` there.

    Returns:
        The structured content (its single `result` unwrapped) if there is one, else the joined text blocks
        without their random ids, else the value itself.
    """
    if artifact is None and type(content) is str:
        return remove_surrogates(content)
    structured = artifact.get("structured_content") if isinstance(artifact, Mapping) else None
    if structured is not None:
        only = isinstance(structured, Mapping) and set(structured) == {"result"}
        return to_json(structured["result"] if only else structured)
    if isinstance(content, list) and content and all(_is_block(block) for block in content):
        texts = [block if isinstance(block, str) else block.get("text") for block in content]
        if all(isinstance(text, str) for text in texts):
            return remove_surrogates("\n".join(texts))
        return [_without_id(block) for block in content]
    return to_json(content)


def _is_block(block: object) -> bool:
    return isinstance(block, str) or (isinstance(block, Mapping) and isinstance(block.get("type"), str))


def _without_id(block: object) -> JSONValue:
    value = to_json(block)
    return {key: item for key, item in value.items() if key != "id"} if isinstance(value, dict) else value
