"""Copies of LangChain's live objects as plain data, taken at the moment of the event."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.outputs import LLMResult
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.errors import GraphBubbleUp, ParentCommand

from langchain_awo.capture.state import Label
from langchain_awo.model.encoding import project_output, to_json
from langchain_awo.model.failure import failure_in
from langchain_awo.model.hints import HINT_NAMES
from langchain_awo.model.installation import METADATA
from langchain_awo.model.trace import JSONValue, Replay, Status, TokenUsage, ToolSpec

MAX_ERROR_TEXT: Final = 4000
"""Longer error messages, in characters, are cut."""

_INTERNAL_PREFIXES: Final = ("langgraph_", "ls_", "lc_", "awo_", "__", "checkpoint_")
_LABEL_KEYS: Final = frozenset({"thread_id", "task_id", "trial", "domain", "checkpoint_ns", "mcp", METADATA})
_INTERNAL_TAGS: Final = ("seq:step:", "graph:step:", "langsmith:", "retry:attempt:", "map:key:")


def label_of(metadata: Mapping[str, Any], tags: Iterable[str]) -> Label:
    """What the configuration of a root run says about it."""
    task_id, thread_id, trial = (metadata.get(key) for key in ("task_id", "thread_id", "trial"))
    own = {key: value for key, value in metadata.items() if not _is_internal(key)}
    return Label(
        task_id=None if task_id is None else str(task_id),
        thread_id=None if thread_id is None else str(thread_id),
        trial=trial if isinstance(trial, int) else None,
        domain=str(metadata.get("domain") or ""),
        tags=tuple(tag for tag in tags if not tag.startswith(_INTERNAL_TAGS)),
        metadata=to_json(own),
    )


def _is_internal(key: str) -> bool:
    return key in _LABEL_KEYS or key in HINT_NAMES or key.startswith(_INTERNAL_PREFIXES)


def agent_scope(metadata: Mapping[str, Any]) -> str:
    """Where in a tree of agents a run belongs: the graph it runs in, and the agent's name if it has one."""
    graph = str(metadata.get("langgraph_checkpoint_ns") or "").rpartition("|")[0]
    name = str(metadata.get("lc_agent_name") or "")
    return f"{graph}#{name}" if graph and name else graph or name


def replay_of(metadata: Mapping[str, Any]) -> Replay | None:
    """The mark that a meta-tool leaves on the calls it makes."""
    name, step = metadata.get("awo_meta_tool"), metadata.get("awo_step")
    return Replay(meta_tool=str(name), step=step) if name and isinstance(step, int) else None


def arguments_of(inputs: object, text: str) -> dict[str, JSONValue]:
    """The arguments as the model wrote them; what LangGraph injects is left out."""
    if not isinstance(inputs, Mapping):
        return {"input": to_json(text)}
    return {str(key): to_json(value) for key, value in inputs.items() if not _is_injected(value.__class__)}


@cache
def _is_injected(kind: type) -> bool:
    """Whether values of this type are machinery; older cores report them when a tool's annotations are strings."""
    names = {base.__name__ for base in kind.__mro__ if base.__module__.startswith(("langgraph", "langchain"))}
    return not names.isdisjoint({"ToolRuntime", "Runtime", "BaseStore", "BaseCallbackManager"})


def result_of(output: object) -> tuple[Status, JSONValue, str | None]:
    """Status, output and error of a tool that returned."""
    if not isinstance(output, ToolMessage):
        value = to_json(output)
    else:
        value = project_output(output.content, output.artifact)
        if output.status == "error":
            return "error", value, _cut(text_of(output.content))
    told = failure_in(value)
    return "ok" if told is None else "error", value, told


def failure_of(error: BaseException) -> tuple[Status, JSONValue, str | None]:
    """Status, output and error of a tool that raised; raising is also how graphs interrupt and hand over."""
    if isinstance(error, ParentCommand):
        return "ok", to_json(error.args[0] if error.args else None), None
    if isinstance(error, GraphBubbleUp):
        return "interrupted", None, None
    if isinstance(error, asyncio.CancelledError):
        return "cancelled", None, describe(error)
    return "error", None, describe(error)


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


def text_of(content: object) -> str:
    """The text of a message's content; pictures and other blocks have none."""
    if isinstance(content, str):
        return content
    if not isinstance(content, Sequence):
        return str(content)
    parts = [part if isinstance(part, str) else part.get("text") for part in content]
    return "\n".join(part for part in parts if isinstance(part, str))


def message_of(response: LLMResult) -> AIMessage | None:
    """The message of a chat model, `None` for a model that completes text."""
    for generations in response.generations:
        for generation in generations:
            message = getattr(generation, "message", None)
            if isinstance(message, AIMessage):
                return message
    return None


def completion_of(response: LLMResult) -> str:
    """The text of a model that completes text."""
    return "\n".join(generation.text for generations in response.generations for generation in generations)


def usage_of(message: AIMessage | None, response: LLMResult) -> TokenUsage | None:
    """Tokens as the provider reported them: on the message, else beside it."""
    reported = message.usage_metadata if message is not None else None
    if reported:
        details = reported.get("input_token_details") or {}
        return TokenUsage(
            input_tokens=reported["input_tokens"],
            output_tokens=reported["output_tokens"],
            cached_tokens=details.get("cache_read") or 0,
        )
    output = response.llm_output or {}
    beside = output.get("token_usage") or output.get("usage")
    return _usage_beside(beside) if isinstance(beside, Mapping) and beside else None


def _usage_beside(usage: Mapping[str, Any]) -> TokenUsage:
    details = usage.get("prompt_tokens_details") or {}
    cached = details.get("cached_tokens") if isinstance(details, Mapping) else 0
    return TokenUsage(
        input_tokens=int(usage.get("prompt_tokens") or usage.get("input_tokens") or 0),
        output_tokens=int(usage.get("completion_tokens") or usage.get("output_tokens") or 0),
        cached_tokens=int(cached or usage.get("cache_read_input_tokens") or 0),
    )


def model_name_of(metadata: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:
    """The name of a model, empty when nobody says it."""
    return str(metadata.get("ls_model_name") or parameters.get("model") or parameters.get("model_name") or "")


class OfferedTools:
    """Reads the tools bound to model calls; remembers them, since an agent binds the same ones every time."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[JSONValue, ToolSpec]] = {}

    def read(self, parameters: Mapping[str, Any]) -> list[ToolSpec]:
        """The tools in the parameters of a model's invocation, in their order; what is no tool is passed over."""
        bound = parameters.get("tools") or parameters.get("functions") or ()
        found = [self._spec(tool) for tool in bound] if isinstance(bound, list | tuple) else []
        return [spec for spec in found if spec is not None]

    def _spec(self, tool: object) -> ToolSpec | None:
        if isinstance(tool, BaseTool):
            known = self._known.get(tool.name)
            if known is None or known[0] is not tool:
                known = tool, _spec_of(convert_to_openai_tool(tool)) or ToolSpec(name=tool.name)
                self._known[tool.name] = known
            return known[1]
        name = _name_in(tool)
        if not name or not isinstance(tool, Mapping):
            return None
        known = self._known.get(name)
        if known is None or known[0] != tool:
            spec = _spec_of(tool) or ToolSpec(name=name)
            known = self._known[name] = to_json(tool), spec
        return known[1]


def _spec_of(tool: Mapping[str, Any]) -> ToolSpec | None:
    inner = tool.get("function")
    body = inner if isinstance(inner, Mapping) else tool
    name = _name_in(tool)
    if not name:
        return None
    schema = body.get("parameters") or body.get("input_schema") or {}
    return ToolSpec(
        name=name,
        description=str(body.get("description") or ""),
        parameters=to_json(schema) if isinstance(schema, Mapping) else {},
    )


def _name_in(tool: object) -> str | None:
    if not isinstance(tool, Mapping):
        return None
    inner = tool.get("function")
    name = (inner if isinstance(inner, Mapping) else tool).get("name")
    return name if isinstance(name, str) else None
