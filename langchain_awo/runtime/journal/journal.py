"""What was done already: a step that completed is never executed again.

A run is known by where it was executed, see `langchain_awo.runtime.journal.identity`; a completed call within it by its step and the
digest of tool and arguments. Before a write is made it is noted as started, so that a write whose end was never seen is not
made again either. A run that has begun to change something and did not come to its end is *unfinished*: a new call with the
same arguments in the same conversation takes it up, whatever became of the messages.

In one process a bounded table holds the runs; with a thread and a LangGraph store, or else its checkpointer, they outlive the process.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.stepping.outcome import Failed, OriginalCall, Succeeded
from langchain_awo.model.text.encoding import compute_digest, same, to_json
from langchain_awo.model.text.json_value import JSONValue

COMPLETE_KEPT: Final = 1_000
UNFINISHED_KEPT: Final = 10_000
"""Runs that one process remembers."""


@dataclass(slots=True, kw_only=True)
class Entry:
    """One call of a run. Not frozen, because one is made for every call and that takes four times as long.

    Attributes:
        status: `started` means that its end was not seen, `waiting` that it waits for an answer to an interrupt,
            `held` that it would have asked beside another call that asks.
        content: of the message it answered with.
        key: as of the call.
        task: the call of the meta-tool in which it asked questions; a resume token brings a new one.
        asked: its place in the order of first questions there, 0 if it never asked.
        questions: how many it asked there that reached the user; so many answers it takes.
        for_approval: it waits for a person to approve it, and not for an answer that the tool itself asked for.
    """

    key: str
    step: int
    tool: str
    args: dict[str, JSONValue]
    status: Literal["started", "done", "failed", "waiting", "held"] = "started"
    output: JSONValue = None
    content: JSONValue = None
    artifact: JSONValue = None
    task: str = ""
    asked: int = 0
    questions: int = 0
    for_approval: bool = False


@dataclass(slots=True)
class Journal:
    """What is known of one run; the live replies only in the process that got them.

    Attributes:
        run: names it.
        routine: digest of the meta-tool.
        slot: where it is looked up once it is unfinished; empty if nobody can.
        was_interrupted: whether any of its calls ever waited for an answer.
        is_open: whether it was noted as unfinished.
        going: held by whoever executes it.
        holder: the call of a graph in which it is executed, or was last.
    """

    run: str
    meta_tool: str
    routine: str
    parameters: dict[str, JSONValue]
    slot: str = ""
    entries: dict[str, Entry] = field(default_factory=dict)
    replies: dict[str, object] = field(default_factory=dict)
    was_interrupted: bool = False
    is_open: bool = False
    going: threading.Lock = field(default_factory=threading.Lock)
    holder: str = ""

    def hold_for(self, holder: str) -> bool:
        """Takes hold of the run, unless somebody executes it."""
        if not self.going.acquire(blocking=False):
            return False
        self.holder = holder
        return True

    def restore(self, entries: Iterable[Entry]) -> None:
        """Takes what another process knew of the calls."""
        self.entries = {entry.key: entry for entry in entries}
        self.was_interrupted = any(
            entry.status == "waiting" or entry.questions for entry in self.entries.values()
        )

    def recall(self, call: OriginalCall) -> Succeeded | Failed | None:
        """What is known of a call: its result, why it must not be made, or nothing."""
        entry = self.entries.get(call.key)
        if entry is not None and entry.status == "done":
            changed = None if same(entry.args, call.args) else entry.args
            return Succeeded(output=entry.output, reply=self.replies.get(call.key), args=changed)
        if call.effect.is_read:
            return None
        if entry is not None and entry.status == "started":
            return Failed(
                error=f"{call.tool} was started before with these arguments and its result is unknown; check "
                "whether it took effect before calling it"
            )
        done = [each for each in self.entries.values() if each.step == call.step and each.status == "done"]
        if done and not call.mapped:
            return Failed(error=f"{call.tool} was already done in this run, with {done[0].args}")
        return None

    def take(self, entry: Entry) -> None:
        """Takes what another process did meanwhile."""
        self.entries[entry.key] = entry
        self.replies.pop(entry.key, None)

    def look_again(self, reads: Iterable[int]) -> None:
        """Forgets what steps that read came to, before a new wish goes on: what they saw may have changed since."""
        steps = frozenset(reads)
        for entry in [each for each in self.entries.values() if each.step in steps]:
            del self.entries[entry.key]

    def start(self, call: OriginalCall) -> Entry:
        """Notes that a write is about to be made."""
        return self._put(call, status="started")

    def finish(self, call: OriginalCall, outcome: Succeeded) -> Entry:
        """Notes what a call came to."""
        self.replies[call.key] = outcome.reply
        return self._put(
            call,
            status="done",
            args=call.args if outcome.args is None else outcome.args,
            output=outcome.output,
            content=getattr(outcome.reply, "content", None),
            artifact=getattr(outcome.reply, "artifact", None),
        )

    def fail(self, call: OriginalCall) -> Entry:
        """Notes that a call failed and may be made again."""
        return self._put(call, status="failed")

    def wait(self, call: OriginalCall, *, for_approval: bool = False) -> Entry:
        """Notes that a call did not come to an end and is to be made again."""
        self.was_interrupted = True
        return self._put(call, status="waiting", for_approval=for_approval)

    def is_for_approval(self, call: OriginalCall) -> bool:
        """Whether a call waits for a person to approve it."""
        entry = self.entries.get(call.key)
        return entry is not None and entry.status == "waiting" and entry.for_approval

    def hold(self, call: OriginalCall, task: str) -> Entry:
        """Notes that a call is not to be made in a task, where another run asks questions already."""
        return self._put(call, status="held", task=task)

    def is_held(self, call: OriginalCall, task: str) -> bool:
        """Whether a call is not to be made in a task."""
        entry = self.entries.get(call.key)
        return entry is not None and entry.status == "held" and entry.task == task

    def ask(self, call: OriginalCall, task: str) -> Entry:
        """Notes that a question of a call reached the user."""
        entry = self.wait(call, for_approval=self.is_for_approval(call))
        if entry.task != task:
            entry = replace(entry, task=task, asked=1 + self.questions_in(task), questions=0)
        self.entries[entry.key] = replace(entry, questions=entry.questions + 1)
        return self.entries[entry.key]

    def questions_in(self, task: str) -> int:
        """How many questions reached the user in a task."""
        return sum(entry.questions for entry in self.entries.values() if entry.task == task)

    def asked(self, call: OriginalCall, task: str) -> Entry | None:
        """The call as far as it asked questions in a task."""
        entry = self.entries.get(call.key)
        return entry if entry is not None and entry.task == task and entry.questions else None

    def _put(self, call: OriginalCall, **known: Any) -> Entry:
        before = self.entries.get(call.key)
        entry = (
            Entry(key=call.key, step=call.step, tool=call.tool, **{"args": call.args, **known})
            if before is None
            else replace(before, **known)
        )
        self.entries[call.key] = entry
        return entry


class RunMemory:
    """The runs that one process remembers. Safe to share between threads.

    Complete runs are forgotten first, those that were used longest ago before the others; a run that is not
    complete may still be resumed, and what it did would be done again if it were forgotten.
    """

    def __init__(self, *, complete: int = COMPLETE_KEPT, unfinished: int = UNFINISHED_KEPT) -> None:
        self._complete: OrderedDict[str, Journal] = OrderedDict()
        self._unfinished: OrderedDict[str, Journal] = OrderedDict()
        self._open: dict[str, dict[str, Journal]] = {}
        self._continued: OrderedDict[str, str] = OrderedDict()
        self._asking: OrderedDict[str, str] = OrderedDict()
        self._most = (complete, unfinished)
        self._lock = threading.Lock()

    def find(self, run: str) -> Journal | None:
        """A run, or the one that it continues, if this process remembers it."""
        with self._lock:
            run = self._continued.get(run, run)
            return self._unfinished.get(run) or self._complete.get(run)

    def keep(self, journal: Journal) -> Journal:
        """Remembers a run that begins or goes on; returns what is remembered if another thread was first."""
        with self._lock:
            kept = self._complete.pop(journal.run, None) or self._unfinished.pop(journal.run, journal)
            _put_last(self._unfinished, kept, self._most[1], self._forget)
            return kept

    def open(self, journal: Journal) -> None:
        """Notes that a run is about to change something, and so is unfinished until it is complete."""
        with self._lock:
            journal.is_open = True
            if journal.slot:
                self._open.setdefault(journal.slot, {})[journal.run] = journal

    def unfinished(self, slot: str) -> list[Journal]:
        """The unfinished runs of a slot, those that began first before the others."""
        with self._lock:
            return list(self._open.get(slot, {}).values())

    def continue_with(self, run: str, journal: Journal) -> None:
        """Notes that a run is nothing but the continuation of another one."""
        with self._lock:
            self._continued[run] = journal.run
            while len(self._continued) > self._most[1]:
                self._continued.popitem(last=False)

    def asks_first(self, place: str, run: str) -> bool:
        """Whether a run is the first that asks a person in its task, and so the only one that may."""
        with self._lock:
            first = self._asking.setdefault(place, run)
            while len(self._asking) > self._most[1]:
                self._asking.popitem(last=False)
            return first == run

    def is_asked_beside(self, place: str, run: str) -> bool:
        """Whether another run asked a person in the same task."""
        with self._lock:
            return self._asking.get(place, run) != run

    def complete(self, journal: Journal) -> None:
        """Notes that a run came to its end."""
        with self._lock:
            self._unfinished.pop(journal.run, None)
            self._forget(journal)
            journal.is_open = False
            _put_last(self._complete, journal, self._most[0], self._forget)

    def _forget(self, journal: Journal) -> None:
        slot = self._open.get(journal.slot, {})
        slot.pop(journal.run, None)
        if not slot:
            self._open.pop(journal.slot, None)


PROCESS: Final = RunMemory()
"""What this process knows. Toolkits share it, so that one that was loaded anew goes on with the runs of another."""


def _put_last(
    ledgers: OrderedDict[str, Journal], journal: Journal, most: int, forget: Callable[[Journal], None]
) -> None:
    ledgers[journal.run] = journal
    while len(ledgers) > most:
        forget(ledgers.popitem(last=False)[1])


def digest_routine(meta_tool: MetaTool) -> str:
    """Digest of what a meta-tool does; its words and evidence do not count."""
    return compute_digest([to_json(step) for step in meta_tool.steps])
