"""The blocks of a message's content, in the spellings of all providers: text, tool calls, results, and the rest counted.

| provider | call | result |
|---|---|---|
| Anthropic | `tool_use` {id, name, input} | `tool_result` {tool_use_id, content, is_error} |
| Bedrock Converse | `toolUse` {toolUseId, name, input} | `toolResult` {toolUseId, content, status} |
| Gemini | `functionCall` {name, args, id?} | `functionResponse` {name, response, id?} |
| OpenTelemetry | `tool_call` {id, name, arguments} | `tool_call_response` {id, response or result} |
| Vercel AI SDK | `tool-call` {toolCallId, toolName, args or input} | `tool-result` {toolCallId, result or output} |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from langchain_awo.capture.importers.lines import read_text
from langchain_awo.capture.importers.turns import Answer, RequestedCall, read_call_arguments
from langchain_awo.model.text.encoding import dumps, project_output, to_json
from langchain_awo.model.text.json_value import JSONValue

Unread = Callable[[str], None]
"""Called with the kind of each block that was not understood."""

_SILENT: Final = frozenset(
    {
        *(
            "thinking",
            "redacted_thinking",
            "reasoning",
            "reasoning_content",
            "reasoningContent",
            "reasoning_text",
        ),
        *("cachePoint", "cache_point", "thought", "input_json_delta", "step-start", "summary_text"),
    }
)
_MEDIA: Final = frozenset(
    {
        *(
            "image_url",
            "image",
            "input_image",
            "audio",
            "input_audio",
            "file",
            "input_file",
            "document",
            "video",
        ),
        *("media", "inlineData", "inline_data", "fileData", "file_data", "blob", "uri", "guardContent"),
    }
)
_CALLS: Final = frozenset({"tool_use", "toolUse", "functionCall", "function_call", "tool_call", "tool-call"})
_RESULTS: Final = frozenset(
    {
        *("tool_result", "toolResult", "functionResponse", "function_response"),
        *("tool_call_response", "tool-result", "tool_call_result"),
    }
)
_UNTYPED: Final = (*_CALLS, *_RESULTS, *_SILENT, *_MEDIA)
_IDS: Final = ("tool_use_id", "toolUseId", "toolCallId", "tool_call_id", "call_id", "id")
_WRITTEN: Final = ("input", "args", "arguments")
_OUTPUTS: Final = ("content", "response", "result", "output")


@dataclass(slots=True)
class Content:
    """What the content of one message holds."""

    texts: list[str] = field(default_factory=list)
    asks: list[RequestedCall] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The words, block by block."""
        return "\n".join(self.texts)


def read_content(content: JSONValue, unread: Unread) -> Content:
    """The text, the tool calls and the results in a message's content; a picture stands as `[image_url]`."""
    found = Content()
    if content is None:
        return found
    if isinstance(content, str):
        found.texts.append(content)
        return found
    blocks = content if isinstance(content, Sequence) else [content]
    for block in blocks:
        _read_block(block, found, unread)
    return found


def read_message_text(content: JSONValue) -> str:
    """The words of a message; a block that is no text stands as its type."""
    return read_content(content, lambda _: None).text


def _read_block(block: JSONValue, found: Content, unread: Unread) -> None:
    if not isinstance(block, Mapping):
        found.texts.append(block if isinstance(block, str) else dumps(to_json(block)))
        return
    kind, body = _determine_kind(block)
    text = next((body[key] for key in ("text", "content", "refusal") if isinstance(body.get(key), str)), None)
    if kind in _CALLS:
        _read_call(kind, body, found, unread)
    elif kind in _RESULTS:
        found.answers.append(_read_result(body))
    elif kind in _SILENT or body.get("thought") is True:
        return
    elif kind in ("text", "input_text", "output_text", "refusal", "") and text is not None:
        found.texts.append(text)
    elif kind in _MEDIA:
        found.texts.append(f"[{kind}]")
    else:
        unread(kind or "unknown")
        found.texts.append(text if text is not None else f"[{kind or 'block'}]")


def _determine_kind(block: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The type of a block and what is in it; Bedrock and Gemini name the type by the key it is under."""
    kind = block.get("type")
    if isinstance(kind, str) and not (kind == "function" and "function" in block):
        inner = block.get(kind)
        return kind, inner if isinstance(inner, Mapping) and kind in (*_CALLS, *_RESULTS) else block
    for key in _UNTYPED:
        if isinstance(block.get(key), Mapping):
            return key, block[key]
    if kind is None and isinstance(block.get("text"), str):
        return "text", block
    return str(kind or next(iter(block), "")), block


def _read_call(kind: str, body: Mapping[str, Any], found: Content, unread: Unread) -> None:
    name = body.get("name") or body.get("toolName")
    if not isinstance(name, str):
        unread(kind)
        return
    written = next((body[key] for key in _WRITTEN if body.get(key) is not None), None)
    given = next((body[key] for key in ("call_id", "toolCallId", "toolUseId", "id") if body.get(key)), None)
    found.asks.append(RequestedCall(name=name, args=read_call_arguments(written), call_id=read_id(given)))


def _read_result(body: Mapping[str, Any]) -> Answer:
    output = next((body[key] for key in _OUTPUTS if body.get(key) is not None), None)
    answered = next((body[key] for key in _IDS if body.get(key)), None)
    failed = body.get("is_error") is True or body.get("isError") is True or body.get("status") == "error"
    value = read_output(output)
    return Answer(
        call_id=read_id(answered),
        name=read_text(body.get("name") or body.get("toolName")),
        output=value,
        status="error" if failed else None,
        error=(value if isinstance(value, str) else dumps(value)) if failed else None,
    )


def read_output(content: JSONValue) -> JSONValue:
    """The output in a result's content: Bedrock's `json` and Vercel's `value` unwrapped, text blocks joined."""
    if isinstance(content, list) and len(content) == 1 and isinstance(content[0], Mapping):
        only = content[0]
        if set(only) == {"json"}:
            return to_json(only["json"])
    if isinstance(content, list) and all(
        isinstance(each, Mapping) and set(each) == {"text"} for each in content
    ):
        return "\n".join(str(each["text"]) for each in content)
    if isinstance(content, Mapping) and set(content) == {"type", "value"}:
        return to_json(content["value"])
    if isinstance(content, list) and all(
        isinstance(each, Mapping) and isinstance(each.get("text"), str) for each in content
    ):
        return "\n".join(each["text"] for each in content)
    return project_output(content)


def read_id(value: JSONValue) -> str:
    """An id as text; of a list, as some exporters write, the last."""
    return read_text(value[-1]) if isinstance(value, list) and value else read_text(value)
