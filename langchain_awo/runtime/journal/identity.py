"""What a run of a meta-tool is known by: where it was executed and with what, not what a message says.

LangGraph gives thread and task again when it resumes, retries or recovers a run, and every step of a graph is another task. Ids
of calls may be empty, equal, or made anew by a host. Where several calls of one message share a task, as in a `ToolNode` of
one's own, their arguments tell them apart, and those that are the same in all are counted.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final
from uuid import uuid4

from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig
from langgraph.prebuilt import ToolRuntime
from pydantic import BaseModel

from langchain_awo.model.ir.metatool import ParameterSpec
from langchain_awo.model.text.encoding import compute_digest, to_json
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.runtime.inner.invocation import find_invocation
from langchain_awo.runtime.inner.schemas import select_given


@dataclass(frozen=True, kw_only=True)
class RunKey:
    """What a run is known by.

    Attributes:
        thread: as the configuration names it; empty where nothing can be resumed in another process.
        user: digest of whatever names the user, empty if nothing does.
        task: of LangGraph; empty outside a graph.
        call: tells the calls of a task apart.
        conversation: in which an unfinished run may be taken up: the thread and user, or without a thread the call of the
            graph; empty where there is neither.
        wish: digest of the meta-tool and its arguments.
        holder: the call of the graph in which it is executed now.
    """

    thread: str
    user: str
    task: str
    call: str
    conversation: str
    wish: str
    holder: str

    @cached_property
    def run(self) -> str:
        """Names the run."""
        return compute_digest([self.thread, self.task, self.call])

    @property
    def place(self) -> str:
        """The task, which several calls share where a graph runs them in one node."""
        return compute_digest([self.thread, self.task])

    @cached_property
    def slot(self) -> str:
        """Where unfinished runs for the same wish are looked up; empty if there is no conversation to look in."""
        return self.conversation and compute_digest([self.conversation, self.wish])


def derive_key(
    meta_tool: str,
    parameters: Mapping[str, JSONValue],
    *,
    specs: Mapping[str, ParameterSpec],
    config: RunnableConfig | None,
    runtime: ToolRuntime | None,
) -> RunKey:
    """What one call of a meta-tool is known by.

    Args:
        meta_tool: its name.
        parameters: by their own names.
        specs: of the parameters, by the names that the model is shown.
        config: of the call.
        runtime: of the call, where LangGraph executes it.
    """
    configurable = (config or {}).get("configurable", {})
    thread = str(configurable.get("thread_id") or "")
    user = identify_user(config, runtime)
    task = str(configurable.get("checkpoint_ns") or "") if runtime else ""
    wish = compute_digest([meta_tool, to_json(parameters)])
    invocation = find_invocation(runtime)
    name = compute_digest([thread, user]) if thread else invocation.name if invocation else ""
    call = _identify_call(meta_tool, wish, f"{thread} {task}", specs, runtime) if task else uuid4().hex
    holder = invocation.name if invocation else uuid4().hex
    return RunKey(thread=thread, user=user, task=task, call=call, conversation=name, wish=wish, holder=holder)


def _identify_call(
    meta_tool: str, wish: str, place: str, specs: Mapping[str, ParameterSpec], runtime: Any
) -> str:
    """What tells a call from the others of its task: nothing, if there is no other of the meta-tool."""
    asked = [call for call in list_asked_calls(runtime) if call["name"] == meta_tool]
    if not asked:  # somebody's code called it, such as a routine of which it is a step
        return f"{wish} {runtime.tool_call_id}"
    if len(asked) == 1:
        return meta_tool
    same = sum(
        compute_digest([meta_tool, to_json(select_given(call["args"], specs))]) == wish for call in asked
    )
    invocation = find_invocation(runtime)
    if same < 2 or invocation is None:  # noqa: PLR2004  # nothing to count
        return wish
    return f"{wish} {invocation.arrive(f'{place} {wish}') % same}"


def list_asked_calls(runtime: Any) -> list[Any]:
    """The calls of the message that LangGraph executes."""
    last = next((each for each in reversed(list_messages(runtime)) if isinstance(each, AIMessage)), None)
    return list(last.tool_calls) if last else []


def list_messages(runtime: Any) -> list[Any]:
    """The messages of a graph's state, whatever kind of state it has."""
    state: Any = runtime.state if runtime else None
    if isinstance(state, list):
        return state
    found = state.get("messages") if isinstance(state, Mapping) else getattr(state, "messages", None)
    return list(found or ())


# --- who is behind a call ---

_NAMES_A_USER: Final = re.compile(
    r"(^|_)(user|tenant|org|organi[sz]ation|account|customer|owner|principal|member|subject)(_?(id|uuid|key|name|email))?$"
)
_NOT_A_USER: Final = frozenset({"langgraph_auth_user"})  # an object beside `langgraph_auth_user_id`


def identify_user(config: RunnableConfig | None, runtime: ToolRuntime | None) -> str:
    """Digest of what `configurable`, the metadata and the runtime's context name a user by; empty if nothing does."""
    known = dict(config or {})
    context = getattr(runtime, "context", None)
    sources = (known.get("metadata"), known.get("configurable"), context)
    named = {name: value for source in sources for name, value in _find_user_names(source)}
    return compute_digest(to_json(sorted(named.items()))) if named else ""


def _find_user_names(source: Any) -> Iterator[tuple[str, str]]:
    for name, value in _list_members(source):
        if (plain := _normalize_user_name(str(name))) and (text := _describe_identity(value)):
            yield plain, text


@lru_cache(maxsize=1_024)
def _normalize_user_name(name: str) -> str:
    """A name in small letters and underscores if it is one that a user goes by, else nothing."""
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    return plain if plain not in _NOT_A_USER and _NAMES_A_USER.search(plain) else ""


def _list_members(source: Any) -> list[tuple[Any, Any]]:
    if isinstance(source, Mapping):
        return list(source.items())
    if dataclasses.is_dataclass(source) and not isinstance(source, type):
        return [(each.name, getattr(source, each.name, None)) for each in dataclasses.fields(source)]
    return list(getattr(source, "__dict__", {}).items())


def _describe_identity(value: Any) -> str:
    """What a value says of who it is; nothing that differs between two processes."""
    if isinstance(value, Mapping | BaseModel) or (
        dataclasses.is_dataclass(value) and not isinstance(value, type)
    ):
        return compute_digest(to_json(value))
    if value is None or "__repr__" not in {name for kind in type(value).__mro__[:-1] for name in vars(kind)}:
        own = next(
            (each for each in ("identity", "id", "email") if getattr(value, each, None) is not None), None
        )
        return str(getattr(value, own)) if own else ""
    return str(to_json(value))
