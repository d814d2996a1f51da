"""What was done already: a step that completed is never executed again.

A run of a meta-tool is known by its thread, its task in the graph and the id of its call; LangGraph gives all
three again when it resumes, retries or recovers a run. The resume token is a digest of them. A completed call
is known by its step and the digest of tool and arguments. Before a write is made it is noted as started, so
that a write whose end was never seen is not made again either.

In one process a bounded table holds the runs; with a LangGraph store and a thread they outlive the process.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from langchain_awo.model.encoding import digest
from langchain_awo.model.metatool import MetaTool, Step
from langchain_awo.model.schema import adapter
from langchain_awo.model.trace import JSONValue
from langchain_awo.runtime.outcome import Call, Failed, Succeeded

RUNS_KEPT: Final = 4096
"""Runs that one process remembers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunKey:
    """What a run is known by; `thread` is empty where nothing can be resumed in another process."""

    thread: str
    task: str
    call_id: str

    @property
    def token(self) -> str:
        """The resume token."""
        return digest([self.thread, self.task, self.call_id])


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One call of a run.

    Attributes:
        status: `started` means that its end was not seen, `waiting` that it waits for an answer to an interrupt.
        content: of the message it answered with.
        task: digest of the call of the meta-tool in which it asked questions; a resume token brings a new one.
        asked: its place in the order of first questions there, 0 if it never asked.
        questions: how many it asked there that reached the user; so many answers it takes.
    """

    step: int
    tool: str
    args: dict[str, JSONValue]
    status: Literal["started", "done", "failed", "waiting"] = "started"
    output: JSONValue = None
    content: JSONValue = None
    artifact: JSONValue = None
    task: str = ""
    asked: int = 0
    questions: int = 0

    @property
    def key(self) -> str:
        """Name of the entry within its run."""
        return entry_key(self.step, self.tool, self.args)


@dataclass(slots=True)
class Ledger:
    """What is known of one run; the live replies only in the process that got them."""

    token: str
    thread: str
    meta_tool: str
    routine: str
    parameters: dict[str, JSONValue]
    entries: dict[str, Entry] = field(default_factory=dict)
    replies: dict[str, object] = field(default_factory=dict)

    def recall(self, call: Call) -> Succeeded | Failed | None:
        """What is known of a call: its result, why it must not be made, or nothing."""
        entry = self.entries.get(entry_key(call.step, call.tool, call.args))
        if entry is not None and entry.status == "done":
            return Succeeded(output=entry.output, reply=self.replies.get(entry.key))
        if call.effect.is_read:
            return None
        if entry is not None and entry.status == "started":
            return Failed(
                error=f"{call.tool} was started before with these arguments and nobody saw it end; find out "
                "whether it took effect before calling it"
            )
        done = [each for each in self.entries.values() if each.step == call.step and each.status == "done"]
        if done and not call.mapped:
            return Failed(error=f"{call.tool} was already done in this run, with {done[0].args}")
        return None

    def start(self, call: Call) -> Entry:
        """Notes that a write is about to be made."""
        return self._put(call, status="started")

    def finish(self, call: Call, outcome: Succeeded) -> Entry:
        """Notes what a call came to."""
        entry = self._put(
            call,
            status="done",
            output=outcome.output,
            content=getattr(outcome.reply, "content", None),
            artifact=getattr(outcome.reply, "artifact", None),
        )
        self.replies[entry.key] = outcome.reply
        return entry

    def fail(self, call: Call) -> Entry:
        """Notes that a call failed and may be made again."""
        return self._put(call, status="failed")

    def wait(self, call: Call) -> Entry:
        """Notes that a call did not come to an end and is to be made again."""
        return self._put(call, status="waiting")

    def ask(self, call: Call, task: str) -> Entry:
        """Notes that a question of a call reached the user."""
        entry = self._put(call, status="waiting")
        if entry.task != task:
            entry = replace(entry, task=task, asked=1 + self.questions_in(task), questions=0)
        self.entries[entry.key] = replace(entry, questions=entry.questions + 1)
        return self.entries[entry.key]

    @property
    def was_interrupted(self) -> bool:
        """Whether any of its calls ever waited for an answer."""
        return any(entry.status == "waiting" or entry.questions for entry in self.entries.values())

    def questions_in(self, task: str) -> int:
        """How many questions reached the user in a task."""
        return sum(entry.questions for entry in self.entries.values() if entry.task == task)

    def asked(self, call: Call, task: str) -> Entry | None:
        """The call as far as it asked questions in a task."""
        entry = self.entries.get(entry_key(call.step, call.tool, call.args))
        return entry if entry is not None and entry.task == task and entry.questions else None

    def _put(self, call: Call, **known: Any) -> Entry:
        key = entry_key(call.step, call.tool, call.args)
        before = self.entries.get(key) or Entry(step=call.step, tool=call.tool, args=call.args)
        self.entries[key] = replace(before, **known)
        return self.entries[key]


class Memory:
    """The runs that one process remembers, the most recent ones. Safe to share between threads."""

    def __init__(self, *, runs: int = RUNS_KEPT) -> None:
        self._ledgers: OrderedDict[str, Ledger] = OrderedDict()
        self._runs = runs
        self._lock = threading.Lock()

    def find(self, token: str) -> Ledger | None:
        """The run of a token, if this process remembers it."""
        with self._lock:
            ledger = self._ledgers.get(token)
            if ledger is not None:
                self._ledgers.move_to_end(token)
            return ledger

    def keep(self, ledger: Ledger) -> Ledger:
        """Remembers a run, forgetting the one that was used longest ago when there are too many."""
        with self._lock:
            kept = self._ledgers.setdefault(ledger.token, ledger)
            self._ledgers.move_to_end(ledger.token)
            while len(self._ledgers) > self._runs:
                self._ledgers.popitem(last=False)
            return kept


def entry_key(step: int, tool: str, args: Mapping[str, JSONValue]) -> str:
    """Name of a call within its run."""
    return f"{step}-{digest([tool, args])}"


def new_ledger(key: RunKey, meta_tool: MetaTool, parameters: Mapping[str, JSONValue]) -> Ledger:
    """The ledger of a run that begins."""
    return Ledger(
        token=key.token,
        thread=digest(key.thread),
        meta_tool=meta_tool.name,
        routine=routine_digest(meta_tool),
        parameters=dict(parameters),
    )


def routine_digest(meta_tool: MetaTool) -> str:
    """Digest of what a meta-tool does; its words and evidence do not count."""
    return digest([adapter(Step).dump_python(step, mode="json") for step in meta_tool.steps])
