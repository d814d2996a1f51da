"""The ways in which people run agents: four kinds of agent, each called in four ways."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

from langchain.agents import create_agent
from langchain_core.messages import BaseMessage
from langchain_core.tools import BaseTool

from langchain_awo.api.middleware import MetaToolMiddleware
from tests.runtime.desk import new_agent, tool_messages

KINDS = ("create_agent", "state_graph", "middleware", "bare_loop")
HOWS = ("invoke", "ainvoke", "stream", "astream")


@dataclass
class Way:
    """One kind of agent, called in one way.

    Attributes:
        told: what was streamed as custom events, where anything is streamed.
    """

    kind: str
    how: str
    told: list[Any]

    def agent(self, model: Any, desk: Any, toolkit: Any, **compiled: Any) -> Any:
        if self.kind == "middleware":
            return create_agent(model, desk.tools, middleware=[MetaToolMiddleware(toolkit)], **compiled)
        tools = [*desk.tools, *toolkit.get_tools()]
        return (
            _Loop(model, tools)
            if self.kind == "bare_loop"
            else new_agent(self.kind, model, tools, **compiled)
        )

    async def run(self, agent: Any, given: Any, config: Any = None) -> dict[str, Any]:
        """The state at the end of a run, or where it was interrupted."""
        if self.how == "invoke":
            state: dict[str, Any] = agent.invoke(given, config)
        elif self.how == "ainvoke":
            state = await agent.ainvoke(given, config)
        else:
            state = {}
            async for mode, chunk in self._chunks(agent, given, config):
                if mode == "custom":
                    self.told.append(chunk)
                else:
                    state |= chunk
        return state

    async def message(self, agent: Any, given: Any, config: Any = None) -> Any:
        """The answer of the only call of a tool."""
        (only,) = tool_messages(await self.run(agent, given, config))
        return only

    async def _chunks(self, agent: Any, given: Any, config: Any) -> AsyncIterator[Any]:
        modes = ["values", "custom"]
        if self.how == "stream":
            for chunk in agent.stream(given, config, stream_mode=modes):
                yield chunk
        else:
            async for chunk in agent.astream(given, config, stream_mode=modes):
                yield chunk


class _Loop:
    """A loop as people write it themselves around `bind_tools`."""

    def __init__(self, model: Any, tools: list[BaseTool]) -> None:
        self.model = model.bind_tools(tools)
        self.tools = {tool.name: tool for tool in tools}

    def invoke(self, given: Any, config: Any = None) -> dict[str, Any]:
        messages: list[BaseMessage] = list(given["messages"])
        messages.append(self.model.invoke(messages, config))
        while messages[-1].tool_calls:
            calls = messages[-1].tool_calls
            messages += [self.tools[each["name"]].invoke(each, config) for each in calls]
            messages.append(self.model.invoke(messages, config))
        return {"messages": messages}

    async def ainvoke(self, given: Any, config: Any = None) -> dict[str, Any]:
        messages: list[BaseMessage] = list(given["messages"])
        messages.append(await self.model.ainvoke(messages, config))
        while messages[-1].tool_calls:
            calls = messages[-1].tool_calls
            messages += [await self.tools[each["name"]].ainvoke(each, config) for each in calls]
            messages.append(await self.model.ainvoke(messages, config))
        return {"messages": messages}

    def stream(self, given: Any, config: Any = None, **_: Any) -> Iterator[Any]:
        messages: list[BaseMessage] = list(given["messages"])
        messages.append(_whole(list(self.model.stream(messages, config))))
        while messages[-1].tool_calls:
            calls = messages[-1].tool_calls
            messages += [self.tools[each["name"]].invoke(each, config) for each in calls]
            messages.append(_whole(list(self.model.stream(messages, config))))
        yield "values", {"messages": messages}

    async def astream(self, given: Any, config: Any = None, **_: Any) -> AsyncIterator[Any]:
        messages: list[BaseMessage] = list(given["messages"])
        messages.append(_whole([chunk async for chunk in self.model.astream(messages, config)]))
        while messages[-1].tool_calls:
            calls = messages[-1].tool_calls
            messages += [await self.tools[each["name"]].ainvoke(each, config) for each in calls]
            messages.append(_whole([chunk async for chunk in self.model.astream(messages, config)]))
        yield "values", {"messages": messages}


def _whole(chunks: list[Any]) -> Any:
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    return whole
