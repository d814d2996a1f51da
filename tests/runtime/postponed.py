"""Tools with postponed annotations: what they want injected is only text until somebody evaluates it."""

from __future__ import annotations

from typing import Annotated, Any

from langchain_core.messages import AnyMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, InjectedToolCallId, StructuredTool, tool
from langgraph.prebuilt import InjectedState, InjectedStore, ToolRuntime
from langgraph.store.base import BaseStore
from pydantic import BaseModel


@tool
def said(user: int, messages: Annotated[list[AnyMessage], InjectedState("messages")]) -> dict:
    """One field of the state."""
    return {"user": user, "messages": len(messages)}


@tool
def whole(user: int, state: Annotated[Any, InjectedState]) -> dict:
    """All of the state."""
    held = state if isinstance(state, dict) else state.__dict__ if hasattr(state, "__dict__") else {}
    return {"user": user, "fields": sorted(name for name in held if not name.startswith("_"))}


@tool
def kept(user: int, store: Annotated[BaseStore, InjectedStore()]) -> dict:
    """The store."""
    item = store.get(("users",), str(user))
    return {"user": user, "name": item.value["name"] if item else "nobody"}


@tool
def called(user: int, call_id: Annotated[str, InjectedToolCallId]) -> dict:
    """The id of the call."""
    return {"user": user, "call_id": call_id}


@tool
def configured(user: int, config: RunnableConfig) -> dict:
    """The configuration."""
    return {"user": user, "tenant": config.get("configurable", {}).get("tenant")}


@tool
def running(user: int, runtime: ToolRuntime) -> dict:
    """The runtime."""
    return {"user": user, "call_id": runtime.tool_call_id, "messages": len(runtime.state["messages"])}


class UserArguments(BaseModel):
    """What the model is shown."""

    user: int


def _beside(user: int, runtime: ToolRuntime) -> dict:
    return {"user": user, "call_id": runtime.tool_call_id}


beside: BaseTool = StructuredTool.from_function(
    _beside,
    name="beside",
    description="The runtime, beside a schema that does not name it.",
    args_schema=UserArguments,
)
