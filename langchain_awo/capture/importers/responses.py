"""Items of OpenAI's Responses API, which Codex keeps too: messages, calls and outputs, each an item of its own.

What a model gives at once is several items; they are one model call until an output or a user's message comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from langchain_awo.capture.importers.blocks import Unread, read_content, read_id, read_output
from langchain_awo.capture.importers.lines import read_text
from langchain_awo.capture.importers.turns import (
    Answer,
    Item,
    MessageText,
    RequestedCall,
    Turn,
    read_call_arguments,
)
from langchain_awo.model.text.json_value import JSONValue

_CALLS: Final = frozenset({"function_call", "custom_tool_call", "local_shell_call"})
_OUTPUTS: Final = frozenset({"function_call_output", "custom_tool_call_output", "local_shell_call_output"})
_KINDS: Final = frozenset({"message", "reasoning", *_CALLS, *_OUTPUTS})


def is_item(value: JSONValue) -> bool:
    """Whether a value is an item of the Responses API."""
    if not isinstance(value, Mapping):
        return False
    kind = value.get("type")
    if not isinstance(kind, str) or kind == "message":
        return kind == "message" and isinstance(value.get("role"), str)
    return kind in _KINDS or ("role" not in value and kind.endswith("_call") and "id" in value)


class ResponseItems:
    """Reads items one after another.

    Args:
        unread: called with the kind of each item that is not understood, such as a search the provider made itself.
    """

    def __init__(self, unread: Unread) -> None:
        self._unread = unread
        self._response = 0

    def read(self, item: Mapping[str, Any], *, part_of: str = "") -> list[Item]:
        """What happened in an item.

        Args:
            item: the item.
            part_of: id of the response it is of, when that is known.
        """
        kind = item["type"]
        part_of = part_of or f"response {self._response}"
        if kind in _OUTPUTS:
            self._response += 1
            return [_read_answer(item)]
        if kind == "message":
            return self._message(item, part_of)
        if kind in _CALLS:
            return [Turn(asks=(_read_call(item),), part_of=part_of)]
        if kind != "reasoning":
            self._unread(kind)
        return []

    def _message(self, item: Mapping[str, Any], part_of: str) -> list[Item]:
        role = item["role"]
        content = read_content(item.get("content"), self._unread)
        if role == "assistant":
            return [Turn(text=content.text, part_of=part_of)]
        self._response += 1
        return [MessageText(role="user" if role == "user" else "system", text=content.text)]


def _read_call(item: Mapping[str, Any]) -> RequestedCall:
    written = next((item[key] for key in ("arguments", "input", "action") if item.get(key) is not None), None)
    return RequestedCall(
        name=read_text(item.get("name")) or item["type"].removesuffix("_call"),
        args={"input": written} if item["type"] == "custom_tool_call" else read_call_arguments(written),
        call_id=read_id(item.get("call_id") or item.get("id")),
    )


def _read_answer(item: Mapping[str, Any]) -> Answer:
    return Answer(call_id=read_id(item.get("call_id")), output=read_output(item.get("output")))
