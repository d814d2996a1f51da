"""A chat model that says exactly what it is given: no ids, no usage and no marks are added."""

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.utils.function_calling import convert_to_openai_tool


class ExactModel(BaseChatModel):
    say: Callable[[Sequence[BaseMessage]], AIMessage]
    llm_output: dict[str, Any] | None = None

    @classmethod
    def saying(cls, *turns: AIMessage, **more: Any) -> "ExactModel":
        left = iter(turns)
        return cls(say=lambda _: next(left), **more)

    @property
    def _llm_type(self) -> str:
        return "exact"

    def bind_tools(self, tools, **kwargs: Any):
        return self.bind(tools=[convert_to_openai_tool(each) for each in tools], **kwargs)

    def _generate(self, messages, stop=None, run_manager=None, **kwargs: Any) -> ChatResult:
        generation = ChatGeneration(message=self.say(messages))
        return ChatResult(generations=[generation], llm_output=self.llm_output)
