"""Recordings of hand-written loops, whose calls are root runs of their own: found again by the tool calls they wait for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Hashable, Iterable, Sequence

from langchain_core.messages import AIMessage, BaseMessage

from langchain_awo.capture.frozen import canonicalize, freeze_arguments
from langchain_awo.capture.reading import collect_trailing_results
from langchain_awo.capture.state import Recording


class WaitingLoops:
    """Finds the recording that issued a call, by the call's id, or by its name and arguments where it has none."""

    def __init__(self) -> None:
        self._by_key: dict[Hashable, dict[Recording, Hashable]] = {}
        self._keys: dict[Recording, list[Hashable]] = {}

    def add(self, recording: Recording) -> None:
        """Notes what a recording waits for: the calls of its last model call."""
        self.remove(recording)
        last, keys = recording.issued[-1].model_call, self._keys.setdefault(recording, [])
        for call in reversed(recording.issued):
            if call.model_call != last:
                break
            keys.extend(_derive_keys(call.call_id, call.name, call.args))
        for key in keys:
            self._by_key.setdefault(key, {})[recording] = _identify_flow()

    def remove(self, recording: Recording) -> None:
        """Forgets what a recording waited for."""
        for key in self._keys.pop(recording, ()):
            waiting = self._by_key.get(key, {})
            waiting.pop(recording, None)
            if not waiting:
                self._by_key.pop(key, None)

    def clear(self) -> None:
        """Forgets everything."""
        self._by_key.clear()
        self._keys.clear()

    def find(self, keys: Iterable[Hashable]) -> Recording | None:
        """The recording that waits for one of these; of several the one of this thread and task, else the first."""
        for key in keys:
            waiting = self._by_key.get(key)
            if waiting:
                here = _identify_flow() if len(waiting) > 1 else None
                return next((each for each, flow in waiting.items() if flow == here), next(iter(waiting)))
        return None


def derive_prompt_keys(prompt: Sequence[BaseMessage]) -> list[Hashable]:
    """What a prompt that ends with results of tool calls can be found by."""
    results = collect_trailing_results(prompt)
    keys: list[Hashable] = [message.tool_call_id for message in results if message.tool_call_id]
    if keys or not results or len(results) == len(prompt):
        return keys
    asked = prompt[-len(results) - 1]
    if not isinstance(asked, AIMessage):
        return []
    calls = ((call["name"], freeze_arguments(call["args"])) for call in asked.tool_calls)
    return [(name, canonicalize(args)) for name, args in calls]


def derive_execution_keys(call_id: str | None, name: str, args: bytes) -> list[Hashable]:
    """What an execution can be found by."""
    return [call_id] if call_id else [(name, canonicalize(args))]


def _derive_keys(call_id: str, name: str, args: bytes) -> list[Hashable]:
    by_content = (name, canonicalize(args))
    return [call_id, by_content] if call_id else [by_content]


def _identify_flow() -> Hashable:
    """The thread and the task that run this."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        task = None
    return threading.get_ident(), id(task)
