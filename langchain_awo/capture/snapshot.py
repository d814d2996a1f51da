"""Copies of LangChain's live objects as plain data, taken at the moment of the event."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.outputs import LLMResult
from langgraph.errors import GraphBubbleUp, ParentCommand

from langchain_awo.capture.frozen import MAX_VALUE, NOTHING, Frozen, freeze, freeze_arguments, pack_plain
from langchain_awo.model.text.encoding import project_output
from langchain_awo.model.text.failure import find_failure
from langchain_awo.model.trace.trace import ReplayMark, Status

MAX_ERROR_TEXT: Final = 4000
"""Longer error messages, in characters, are cut."""


def replay_of(metadata: Mapping[str, Any]) -> ReplayMark | None:
    """The mark that a meta-tool leaves on the calls it makes."""
    name = metadata.get("awo_meta_tool")
    if name is None:
        return None
    step = metadata.get("awo_step")
    return ReplayMark(meta_tool=str(name), step=step) if name and isinstance(step, int) else None


def freeze_call_arguments(inputs: object, text: str) -> bytes:
    """The arguments as the model wrote them, frozen; what LangGraph injects is left out."""
    packed = pack_plain(inputs) if type(inputs) is dict else None
    if packed is not None and len(packed) <= MAX_VALUE:
        return packed
    if not isinstance(inputs, Mapping):
        return freeze_arguments({"input": text})
    if any(_is_injected(value.__class__) for value in inputs.values()):
        inputs = {key: value for key, value in inputs.items() if not _is_injected(value.__class__)}
    return freeze_arguments(dict(inputs))


@cache
def _is_injected(kind: type) -> bool:
    """Whether values of this type are machinery; older cores report them when a tool's annotations are strings."""
    names = {base.__name__ for base in kind.__mro__ if base.__module__.startswith(("langgraph", "langchain"))}
    return not names.isdisjoint({"ToolRuntime", "Runtime", "BaseStore", "BaseCallbackManager"})


def read_result(output: object) -> tuple[Status, Frozen, str | None]:
    """Status, output and error of a tool that returned; of a list the only message in it decides."""
    message = output
    if isinstance(output, list):
        messages = [each for each in output if isinstance(each, ToolMessage)]
        message = messages[0] if len(messages) == 1 else output
    if isinstance(message, ToolMessage):
        value = project_output(message.content, message.artifact)
        if message.status == "error":
            return "error", freeze(value), _cut(read_text(message.content))
    else:
        value = output
    told = find_failure(value)
    return "ok" if told is None else "error", freeze(value), told


def read_failure(error: BaseException) -> tuple[Status, Frozen, str | None]:
    """Status, output and error of a tool that raised; raising is also how graphs interrupt and hand over."""
    if isinstance(error, ParentCommand):
        return "ok", freeze(error.args[0] if error.args else None), None
    if isinstance(error, GraphBubbleUp):
        return "interrupted", NOTHING, None
    if isinstance(error, asyncio.CancelledError):
        return "cancelled", NOTHING, describe(error)
    return "error", NOTHING, describe(error)


def describe(error: BaseException) -> str:
    """An exception in one line, such as `"ValueError: no such user"`."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001  # an exception that cannot be shown is still an exception to record
        text = ""
    return _cut(f"{type(error).__name__}: {text}") if text else type(error).__name__


def _cut(text: str) -> str:
    """A text that is not too long; half a secret at its end would not be known for one, so the last word goes too."""
    if len(text) <= MAX_ERROR_TEXT:
        return text
    kept = text[:MAX_ERROR_TEXT]
    return kept[: max(kept.rfind(" "), kept.rfind("\n"), MAX_ERROR_TEXT - 400)]


def read_text(content: object) -> str:
    """The text of a message's content; pictures and other blocks have none."""
    if isinstance(content, str):
        return content
    if not isinstance(content, Sequence):
        return str(content)
    parts = [part.get("text") if isinstance(part, Mapping) else part for part in content]
    return "\n".join(part for part in parts if isinstance(part, str))


def get_message(response: LLMResult) -> AIMessage | None:
    """The message of a chat model, `None` for a model that completes text."""
    for generations in response.generations:
        for generation in generations:
            message = getattr(generation, "message", None)
            if isinstance(message, AIMessage):
                return message
    return None


def read_answer(message: AIMessage | None, response: LLMResult) -> str:
    """The text of a model's answer."""
    if message is not None:
        return read_text(message.content)
    return "\n".join(generation.text for generations in response.generations for generation in generations)


def find_model_name(metadata: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:
    """The name of a model, empty when nobody says it."""
    return str(metadata.get("ls_model_name") or parameters.get("model") or parameters.get("model_name") or "")


def is_structured(event: Mapping[str, Any]) -> bool:
    """Whether a model is asked for an answer in a given form, as by `with_structured_output`."""
    options = event.get("options")
    return isinstance(options, Mapping) and "ls_structured_output_format" in options
