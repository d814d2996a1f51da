"""A chat model without an LLM: it plays a script, or asks a function what to do."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeAlias

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, ToolCall
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import InstanceOf, PrivateAttr, model_validator
from typing_extensions import override

from langchain_awo.errors import ScriptExhaustedError
from langchain_awo.model.text.encoding import dumps
from langchain_awo.testing.turn import CHARACTERS_PER_TOKEN, copy_turn, split_turn

ScriptStep: TypeAlias = AIMessage | str
"""What the model says in one turn; a string is a turn that calls no tool."""

Policy: TypeAlias = Callable[[Sequence[BaseMessage], Sequence[dict[str, Any]]], ScriptStep]
"""From the messages and the schemas of the bound tools (OpenAI function format) to the next turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedCall:
    """One call the model answered.

    Attributes:
        messages: the prompt.
        tools: names of the tools that were bound, in the order they were given.
    """

    messages: tuple[BaseMessage, ...]
    tools: tuple[str, ...]


class ScriptedChatModel(BaseChatModel):
    """A real chat model of LangChain, sync, async and streaming, whose answers are written in advance.

    Every turn is a fresh message with ids of its own, so that one script can serve several turns of a thread.
    Token usage is estimated from the real prompt, the schemas of the bound tools included: four characters a
    token, hence the same on every machine.

    >>> from langchain_awo.testing import ScriptedChatModel, ask_tools
    >>> model = ScriptedChatModel(script=[ask_tools(("add", {"a": 1, "b": 2})), "It is 3."])
    >>> model.invoke("What is 1 + 2?").tool_calls[0]["name"], model.invoke("Go on.").content
    ('add', 'It is 3.')

    Attributes:
        script: what to say, turn by turn; exactly one of `script` and `policy` is given.
        policy: decides each turn from the messages and the bound tools.
        seconds_per_call: simulated latency.
        model_name: reported as the model's name in callbacks and traces.
    """

    script: Sequence[InstanceOf[AIMessage] | str] | None = None
    policy: Policy | None = None
    seconds_per_call: float = 0.0
    model_name: str = "scripted"

    _calls: list[ScriptedCall] = PrivateAttr(default_factory=list)
    _lock: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.script is None) == (self.policy is None):
            raise ValueError("ScriptedChatModel takes either script= or policy=, exactly one of them")
        return self

    @property
    def calls(self) -> tuple[ScriptedCall, ...]:
        """Every call so far, in the order they arrived."""
        with self._lock:
            return tuple(self._calls)

    @property
    @override
    def _llm_type(self) -> str:
        return "scripted"

    @override
    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """A model that is shown these tools; `tool_choice` is passed on to callbacks and has no other effect."""
        choice = {} if tool_choice is None else {"tool_choice": tool_choice}
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **choice, **kwargs)

    @override
    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        time.sleep(self.seconds_per_call)
        return _build_result(self._turn(messages, kwargs.get("tools", ())))

    @override
    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        await asyncio.sleep(self.seconds_per_call)
        return _build_result(self._turn(messages, kwargs.get("tools", ())))

    @override
    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        time.sleep(self.seconds_per_call)
        for message in split_turn(self._turn(messages, kwargs.get("tools", ()))):
            chunk = ChatGenerationChunk(message=message)
            if run_manager:
                run_manager.on_llm_new_token(message.text, chunk=chunk)
            yield chunk

    @override
    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        await asyncio.sleep(self.seconds_per_call)
        for message in split_turn(self._turn(messages, kwargs.get("tools", ()))):
            chunk = ChatGenerationChunk(message=message)
            if run_manager:
                await run_manager.on_llm_new_token(message.text, chunk=chunk)
            yield chunk

    def _turn(self, messages: list[BaseMessage], tools: Sequence[dict[str, Any]]) -> AIMessage:
        names = tuple(tool["function"]["name"] for tool in tools)
        with self._lock:
            position = len(self._calls)
            self._calls.append(ScriptedCall(messages=tuple(messages), tools=names))
        step = self._step(position, messages, tools)
        return copy_turn(step, input_tokens=prompt_tokens(messages, tools), model_name=self.model_name)

    def _step(
        self, position: int, messages: list[BaseMessage], tools: Sequence[dict[str, Any]]
    ) -> ScriptStep:
        if self.policy is not None:
            return self.policy(messages, tools)
        script = self.script or ()
        if position >= len(script):
            raise ScriptExhaustedError(steps=len(script))
        return script[position]


def ask_tools(*calls: tuple[str, dict[str, Any]], text: str = "") -> AIMessage:
    """A turn that asks for tool calls, in parallel if there are several; the model gives them their ids.

    Args:
        calls: name and arguments of each.
        text: what the model says besides.
    """
    asked = [ToolCall(name=name, args=args, id=None, type="tool_call") for name, args in calls]
    return AIMessage(content=text, tool_calls=asked)


def prompt_tokens(messages: Sequence[BaseMessage], tools: Sequence[dict[str, Any]]) -> int:
    """Estimated size of a prompt: the messages and the schemas of the bound tools."""
    schemas = sum(len(dumps(tool)) for tool in tools)
    said = count_tokens_approximately(messages, chars_per_token=CHARACTERS_PER_TOKEN)
    return said + math.ceil(schemas / CHARACTERS_PER_TOKEN)


def _build_result(message: AIMessage) -> ChatResult:
    return ChatResult(generations=[ChatGeneration(message=message)])
