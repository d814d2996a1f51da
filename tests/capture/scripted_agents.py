"""A sink that is a list, a chat model that says what it was told to say, and programs in processes of their own."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import PrivateAttr

from langchain_awo.model.trace import ToolCallRecord, Trace


class ListSink:
    def __init__(self) -> None:
        self.traces: list[Trace] = []

    def append(self, traces: Sequence[Trace]) -> None:
        self.traces.extend(traces)


class Scripted(BaseChatModel):
    """Says the messages of its script, in order; fails where the script has an exception."""

    script: list[Any]
    name_shown: str = "scripted-1"
    _next: int = PrivateAttr(default=0)
    _lock: Any = PrivateAttr(default_factory=threading.Lock)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> Any:
        return {**super()._get_ls_params(stop=stop, **kwargs), "ls_model_name": self.name_shown}

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Any:
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools])

    def _say(self) -> AIMessage:
        with self._lock:
            said = self.script[self._next]
            self._next += 1
        if isinstance(said, Exception):
            raise said
        return said.model_copy()

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._say())])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        said = self._say()
        for word in str(said.content).split():
            yield ChatGenerationChunk(message=AIMessageChunk(content=word + " "))
        for index, call in enumerate(said.tool_calls):
            text = str(call["args"]).replace("'", '"')
            for part, name, id_ in ((text[:3], call["name"], call["id"]), (text[3:], None, None)):
                chunk = {"name": name, "args": part, "id": id_, "index": index, "type": "tool_call_chunk"}
                yield ChatGenerationChunk(message=AIMessageChunk(content="", tool_call_chunks=[chunk]))
        yield ChatGenerationChunk(message=AIMessageChunk(content="", usage_metadata=said.usage_metadata))


def call(name: str, call_id: str, **args: Any) -> dict[str, Any]:
    return {"name": name, "args": args, "id": call_id, "type": "tool_call"}


def asks(*calls: dict[str, Any]) -> AIMessage:
    usage = {"input_tokens": 100, "output_tokens": 10, "total_tokens": 110}
    return AIMessage("", tool_calls=list(calls), usage_metadata=usage)


def says(text: str = "done") -> AIMessage:
    usage = {"input_tokens": 200, "output_tokens": 20, "total_tokens": 220}
    return AIMessage(text, usage_metadata={**usage, "input_token_details": {"cache_read": 50}})


def user(*texts: str) -> dict[str, Any]:
    return {"messages": [("user", text) for text in texts]}


def by_id(trace: Trace) -> dict[str, ToolCallRecord]:
    return {record.call_id: record for record in trace.tool_calls}


def run_python(source: str, *args: str) -> subprocess.CompletedProcess[str]:
    """Runs a program that can import this module."""
    path = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
    command = [sys.executable, "-c", path + source, *args]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # our own source
