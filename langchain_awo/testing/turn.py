"""One turn of a scripted model: a fresh message, whole or in the chunks that a provider would stream."""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Iterator

from langchain_core.messages import AIMessage, AIMessageChunk, ToolCall
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk

from langchain_awo.model.text.encoding import dumps

CHARACTERS_PER_TOKEN = 4
"""What all estimates of token usage go by."""

ARGUMENT_CHUNK = 24
"""Characters of a tool call's arguments in one chunk: small enough that no consumer gets them whole."""


def copy_turn(step: AIMessage | str, *, input_tokens: int, model_name: str) -> AIMessage:
    """A message of its own for this turn.

    LangChain gives it the id of the run; equal ids in one thread would replace each other in the history.
    Ids of tool calls that the step does not fix are made up, and usage that it does not state is estimated.
    """
    message = AIMessage(content=step) if isinstance(step, str) else step.model_copy(deep=True)
    message.id = None
    message.tool_calls = [
        ToolCall(**{**call, "id": call["id"] if call["id"] is not None else f"call_{uuid.uuid4().hex}"})
        for call in message.tool_calls
    ]
    message.response_metadata = {"model_name": model_name, **message.response_metadata}
    if message.usage_metadata is None:
        message.usage_metadata = _estimate_usage(message, input_tokens)
    return message


def split_turn(message: AIMessage) -> Iterator[AIMessageChunk]:
    """The message as a stream: its words, each tool call's name and then its arguments in pieces, the usage."""
    if isinstance(message.content, str):
        for word in re.findall(r"\S+\s*|\s+", message.content):
            yield AIMessageChunk(content=word)
    else:
        yield AIMessageChunk(content=message.content)
    for index, call in enumerate(message.tool_calls):
        yield _build_call_chunk(index, name=call["name"], call_id=call["id"])
        text = dumps(call["args"])
        for start in range(0, len(text), ARGUMENT_CHUNK):
            yield _build_call_chunk(index, args=text[start : start + ARGUMENT_CHUNK])
    yield AIMessageChunk(
        content="",
        usage_metadata=message.usage_metadata,
        response_metadata=message.response_metadata,
        additional_kwargs=message.additional_kwargs,
        chunk_position="last",
    )


def _build_call_chunk(
    index: int, *, name: str | None = None, call_id: str | None = None, args: str = ""
) -> AIMessageChunk:
    part = tool_call_chunk(name=name, args=args, id=call_id, index=index)
    return AIMessageChunk(content="", tool_call_chunks=[part])


def _estimate_usage(message: AIMessage, input_tokens: int) -> UsageMetadata:
    asked = "".join(call["name"] + dumps(call["args"]) for call in message.tool_calls)
    output_tokens = math.ceil((len(message.text) + len(asked)) / CHARACTERS_PER_TOKEN)
    return UsageMetadata(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        total_tokens=input_tokens + output_tokens,
    )
