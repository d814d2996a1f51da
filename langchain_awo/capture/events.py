"""LangChain's events, translated: each handler copies what it needs and notes it in the recording it belongs to."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable, Mapping
from functools import wraps
from typing import Any, TypeVar
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import BaseMessage
from langchain_core.outputs import LLMResult
from langgraph.errors import GraphBubbleUp, GraphInterrupt

from langchain_awo.capture import notes, reading, snapshot
from langchain_awo.capture.frozen import NOTHING, Frozen
from langchain_awo.capture.loops import derive_execution_keys, derive_prompt_keys
from langchain_awo.capture.offered import OfferedTools
from langchain_awo.capture.run_metadata import find_agent_scope
from langchain_awo.capture.state import Label, ModelRun, Node, Recording, ToolRun
from langchain_awo.capture.tracker import RunTracker
from langchain_awo.capture.usage import read_token_usage
from langchain_awo.model.secrets.failures import describe_kind_and_place
from langchain_awo.model.trace.trace import Status, ToolSpec

logger = logging.getLogger(__name__)

_T = TypeVar("_T")


def _never_raising(handle: Callable[..., None]) -> Callable[..., None]:
    """The agent must not notice its recorder: what goes wrong is logged once and the event is lost."""

    @wraps(handle)
    def guarded(self: EventHandler, *args: Any, **event: Any) -> None:
        if self.closed:
            return
        try:
            handle(self, *args, **event)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is not the agent's business
            self.note_failure(handle.__name__, error)

    return guarded


class EventHandler(BaseCallbackHandler):
    """Turns callback events into recordings, from any number of threads and event loops at once.

    Args:
        finished: receives each recording that is over, and each part of a long one.
        defaults: labels of runs that have none of their own.
    """

    run_inline = True  # else async agents run a sync handler in executor threads, late and out of order
    raise_error = False

    def __init__(self, finished: Callable[[Recording], None], *, defaults: Label | None = None) -> None:
        super().__init__()
        self.closed = False
        self._tracker = RunTracker(finished, defaults=defaults)
        self._offered = OfferedTools()
        self._failed_once = False

    def note_failure(self, what: str, error: Exception) -> None:
        """Logs, once, that something could not be recorded."""
        if not self._failed_once:
            self._failed_once = True
            logger.warning(
                "%s could not be recorded (%s); the agent continues, and further failures are not logged",
                what,
                describe_kind_and_place(error),
            )

    def _read(self, read: Callable[..., _T], *values: Any, otherwise: _T) -> _T:
        """One field of an event; if it cannot be read the rest of the event is recorded all the same."""
        try:
            return read(*values)
        except Exception as error:  # noqa: BLE001  # as for the event
            self.note_failure(f"{read.__name__}()", error)
            return otherwise

    @_never_raising
    def on_chain_start(self, *_: Any, **event: Any) -> None:
        """A step that is neither a model nor a tool; it only holds others together."""
        self._start(event)

    @_never_raising
    def on_retriever_start(self, *_: Any, **event: Any) -> None:
        """As a chain: some retrievers call models."""
        self._start(event)

    @_never_raising
    def on_chain_end(self, *_: Any, run_id: UUID, **__: Any) -> None:
        """The end of a step, perhaps of the whole run."""
        self._end(run_id)

    @_never_raising
    def on_retriever_end(self, *_: Any, run_id: UUID, **__: Any) -> None:
        """As for a chain."""
        self._end(run_id)

    @_never_raising
    def on_retriever_error(self, *_: Any, run_id: UUID, **__: Any) -> None:
        """As for a chain that ends."""
        self._end(run_id)

    @_never_raising
    def on_chain_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        """A step that raised, which is also how graphs interrupt, hand over and are abandoned by their reader."""
        with self._tracker.lock:
            node = self._tracker.end(run_id, now=time.time())
            if node is None:
                return
            if isinstance(error, GraphInterrupt):
                node.recording.interrupted = True
            elif node.is_root and isinstance(error, Exception) and not isinstance(error, GraphBubbleUp):
                label = node.recording.label
                label.metadata = {**label.metadata, "error": snapshot.describe(error)}
            self._tracker.settle(node)

    @_never_raising
    def on_chat_model_start(self, _: Any, messages: list[list[BaseMessage]], **event: Any) -> None:
        """A model call begins; what it is sent tells of new user messages and of answers to tool calls."""
        self._start_model(event, messages[0] if messages else [])

    @_never_raising
    def on_llm_start(self, *_: Any, **event: Any) -> None:
        """A call of a model that completes text."""
        self._start_model(event, [])

    @_never_raising
    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **_: Any) -> None:
        """What the model said, and the tool calls it asks for."""
        message = snapshot.get_message(response)
        usage = self._read(read_token_usage, message, response, otherwise=None)
        text = self._read(snapshot.read_answer, message, response, otherwise="")
        with self._tracker.lock:
            now = time.time()
            node = self._tracker.end(run_id, now=now)
            if node is None or not isinstance(node.run, ModelRun):
                return
            node.run.ended_at = now
            notes.note_answer(node.recording, node.run, text=text, usage=usage)
            if message is not None:
                self._read(notes.note_issued, node.recording, node.run, message, otherwise=None)
            self._tracker.settle(node)

    @_never_raising
    def on_llm_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        """A model call that failed."""
        with self._tracker.lock:
            now = time.time()
            node = self._tracker.end(run_id, now=now)
            if node is not None and isinstance(node.run, ModelRun):
                node.run.error, node.run.ended_at = snapshot.describe(error), now
                self._tracker.settle(node)

    @_never_raising
    def on_tool_start(self, serialized: dict[str, Any] | None, input_str: str, **event: Any) -> None:
        """A tool begins, with its arguments as the model wrote them."""
        args = self._read(snapshot.freeze_call_arguments, event.get("inputs"), input_str, otherwise=b"{}")
        about, metadata = serialized or {}, event.get("metadata") or {}
        name, call_id = str(about.get("name") or event.get("name") or "tool"), event.get("tool_call_id")
        with self._tracker.lock:
            node = self._start(event)
            if node is None:
                return
            if self._tracker.may_join(node):
                self._tracker.join_loop(node, derive_execution_keys(call_id, name, args))
            if node.recording.in_graph or node.recording.lasting:  # a loop is found by the calls it asked for
                self._tracker.split_if_long(node, between_calls=True)
            caller = node.tool if call_id is not None else self._tracker.caller_of(node)
            if name not in node.recording.hints:
                self._read(notes.note_tool, node.recording, name, about, metadata, otherwise=None)
            notes.note_tool_run(
                node,
                event["run_id"],
                name=name,
                args=args,
                call_id=call_id,
                caller=caller,
                metadata=metadata,
            )

    @_never_raising
    def on_tool_end(self, output: Any, *, run_id: UUID, **_: Any) -> None:
        """A tool returned, perhaps the message of an error that was handled."""
        unread: tuple[Status, Frozen, str | None] = ("ok", NOTHING, None)
        self._end_tool(run_id, self._read(snapshot.read_result, output, otherwise=unread))

    @_never_raising
    def on_tool_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        """A tool raised."""
        self._end_tool(run_id, snapshot.read_failure(error), interrupted=isinstance(error, GraphInterrupt))

    def _start(self, event: Mapping[str, Any]) -> Node | None:
        with self._tracker.lock:
            return self._tracker.start(
                event["run_id"],
                event.get("parent_run_id"),
                metadata=event.get("metadata") or {},
                tags=event.get("tags") or (),
                now=time.time(),
            )

    def _start_model(self, event: Mapping[str, Any], prompt: list[BaseMessage]) -> None:
        parameters, metadata = event.get("invocation_params") or {}, event.get("metadata") or {}
        none: list[ToolSpec] = []
        offered = self._read(self._offered.read, parameters, otherwise=none)
        with self._tracker.lock:
            node = self._start(event)
            if node is None:
                return
            if self._tracker.may_join(node):
                unknown: list[Hashable] = []
                self._tracker.join_loop(node, self._read(derive_prompt_keys, prompt, otherwise=unknown))
            seat = reading.find_seat(
                node.recording,
                notes.derive_inner_scope(node.tool, find_agent_scope(metadata)),
                metadata,
                offered=[spec.name for spec in offered],
                structured=snapshot.is_structured(event),
            )
            inside = node.tool is not None
            self._read(reading.read_prompt, node.recording, seat, prompt, inside, otherwise=None)
            self._tracker.split_if_long(node)
            model = snapshot.find_model_name(metadata, parameters)
            notes.note_model_run(node, seat, metadata, model=model, offered=offered)

    def _end(self, run_id: UUID) -> None:
        with self._tracker.lock:
            node = self._tracker.end(run_id, now=time.time())
            if node is not None:
                self._tracker.settle(node)

    def _end_tool(
        self, run_id: UUID, result: tuple[Status, Frozen, str | None], *, interrupted: bool = False
    ) -> None:
        with self._tracker.lock:
            now = time.time()
            node = self._tracker.end(run_id, now=now)
            if node is None or not isinstance(node.run, ToolRun):
                return
            notes.note_result(node.recording, node.run, result, now)
            node.recording.interrupted |= interrupted
            self._tracker.settle(node)
