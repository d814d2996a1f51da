"""The real agent of the demo and a way to give it tasks and count what it does."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool

from langchain_awo.demo.agent.office import back_office_policy
from langchain_awo.demo.backoffice.tasks import Task
from langchain_awo.errors import MissingExtraError
from langchain_awo.testing import ScriptedChatModel

TAG = "awo demo"
"""On every run of the demo, so that its recordings can be told from others."""

SYSTEM_PROMPT = (
    "You work in the back office of a mail-order shop. Do what is asked with the tools you have, check the conditions "
    "before you change anything, and answer in a sentence or two."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What one task took.

    Attributes:
        tool_calls: names of the tools that ran, in the order they started, those inside other tools included.
        meta_tools: names of the meta-tools that ran some of them, called by the model or not.
        answer: the agent's last words.
    """

    task_id: str
    model_calls: int
    tool_calls: tuple[str, ...]
    meta_tools: frozenset[str]
    tokens: int
    seconds: float
    answer: str


def scripted_model(*, seconds_per_call: float = 0.0) -> BaseChatModel:
    """The stand-in for an LLM that the demo uses unless it is given a real one."""
    return ScriptedChatModel(
        policy=back_office_policy, seconds_per_call=seconds_per_call, model_name="back-office-policy"
    )


def build_agent(
    model: BaseChatModel, tools: Sequence[BaseTool], *, middleware: Sequence[Any] = ()
) -> Runnable[Any, Any]:
    """A real ReAct agent on LangGraph.

    Raises:
        MissingExtraError: `langchain` is not installed.
    """
    try:
        from langchain.agents import create_agent  # noqa: PLC0415  # optional dependency
    except ImportError as error:
        raise MissingExtraError("langchain", extra="langchain") from error
    return create_agent(model, list(tools), system_prompt=SYSTEM_PROMPT, middleware=list(middleware))


def run_tasks(
    agent: Runnable[Any, Any],
    tasks: Collection[Task],
    *,
    callbacks: Sequence[BaseCallbackHandler] = (),
    thread_of: Callable[[Task], str] | None = None,
    progress: Callable[[Task], None] | None = None,
) -> list[Work]:
    """Give an agent tasks one by one, each in a thread of its own with the task id in its metadata.

    Args:
        agent: from `build_agent`.
        tasks: what to do, in this order.
        callbacks: for every run, such as a recorder.
        thread_of: the id of a task's thread; made up anew for each run if not given.
        progress: called after each task.
    """
    works = []
    for task in tasks:
        thread = thread_of(task) if thread_of else f"{task.task_id}-{uuid.uuid4().hex[:8]}"
        works.append(_run(agent, task, thread, callbacks))
        if progress:
            progress(task)
    return works


def _run(
    agent: Runnable[Any, Any], task: Task, thread: str, callbacks: Sequence[BaseCallbackHandler]
) -> Work:
    tally = RunCounts()
    started = time.perf_counter()
    result = agent.invoke(
        {"messages": [{"role": "user", "content": task.instruction}]},
        {
            "callbacks": [*callbacks, tally],
            "configurable": {"thread_id": thread},
            "metadata": {"task_id": task.task_id},
            "tags": [TAG],
            "recursion_limit": 100,
        },
    )
    last: BaseMessage = result["messages"][-1]
    return Work(
        task_id=task.task_id,
        model_calls=tally.model_calls,
        tool_calls=tuple(tally.tools),
        meta_tools=frozenset(tally.meta_tools),
        tokens=tally.tokens,
        seconds=time.perf_counter() - started,
        answer=last.text,
    )


class RunCounts(BaseCallbackHandler):
    """Counts model calls, tool calls and tokens of one run."""

    run_inline = True

    def __init__(self) -> None:
        self.model_calls = 0
        self.tokens = 0
        self.tools: list[str] = []
        self.meta_tools: set[str] = set()
        self._lock = threading.Lock()

    def on_llm_end(self, response: LLMResult, **_: Any) -> None:
        """Count one model call and its tokens."""
        generation = response.generations[0][0]
        message = generation.message if isinstance(generation, ChatGeneration) else None
        usage = message.usage_metadata if isinstance(message, AIMessage) else None
        with self._lock:
            self.model_calls += 1
            self.tokens += usage["total_tokens"] if usage else 0

    def on_tool_start(
        self,
        serialized: dict[str, Any],
        input_str: str,  # noqa: ARG002  # LangChain's signature
        *,
        metadata: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Note the tool, and the meta-tool that runs it."""
        with self._lock:
            self.tools.append(serialized["name"])
            if meta_tool := (metadata or {}).get("awo_meta_tool"):
                self.meta_tools.add(meta_tool)
