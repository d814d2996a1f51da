"""One call of a run: known already, or made now and noted; written once for sync and async."""

from __future__ import annotations

import logging
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from langgraph.errors import GraphInterrupt
from langgraph.types import Interrupt, interrupt

from langchain_awo.model.secrets.failures import describe_error
from langchain_awo.model.stepping.outcome import Failed, OriginalCall, Outcome, Succeeded
from langchain_awo.runtime.inner.calling import FOR_APPROVAL, Surroundings, acall_tool, call_tool
from langchain_awo.runtime.journal import journal_store
from langchain_awo.runtime.journal.asking import Asking, Make, Pause, asettle, settle
from langchain_awo.runtime.journal.journal import Entry, Journal
from langchain_awo.runtime.outcome import Limits

_log = logging.getLogger(__name__)

PATIENCE: Final = 5.0
"""Seconds that another process is given to end a write it has claimed: by the clocks of both, or by ours alone, as clocks differ."""


@dataclass(slots=True, kw_only=True)
class Performer:
    """Makes the calls of one run, each at most once.

    Attributes:
        task: names this call of the meta-tool; LangGraph counts its questions and answers.
        store: where the run is kept for other processes, if anywhere.
        opens: called before anything is changed.
        asks_first: says whether this run may ask a person: only the first that does in a task may, because LangGraph
            gives the answers to whichever call of a task asks first when it is resumed.
        is_beside: another run of this task waited for an answer when this one began.
        waiting: the call that raised an exception which passes through, by identity of the exception.
        recalled: tools whose writes were known and not made again, in order.
    """

    around: Surroundings
    journal: Journal
    limits: Limits
    task: str
    opens: Callable[[], None]
    asks_first: Callable[[], bool]
    is_beside: bool = False
    store: Any = None
    waiting: dict[int, OriginalCall] = field(default_factory=dict)
    recalled: dict[str, None] = field(default_factory=dict)

    def perform(self, call: OriginalCall) -> Outcome:
        """The outcome of a call; interrupts and the like pass through."""
        retries = self._retries(call)
        return settle(
            self._performing(call), self.store, lambda: call_tool(call, self.around, retries=retries)
        )

    async def aperform(self, call: OriginalCall) -> Outcome:
        """Async form of `perform`."""
        retries = self._retries(call)
        return await asettle(
            self._performing(call), self.store, lambda: acall_tool(call, self.around, retries=retries)
        )

    @property
    def order(self) -> Callable[[OriginalCall], int] | None:
        """Once a question reached the user, calls are made one by one, those that asked first before the others.

        LangGraph hands the answers out in the order in which it is asked, so that order may not change.
        """
        return self._place if self.journal.was_interrupted else None

    def passed(self, error: Exception) -> Asking[None]:
        """Notes which call will be given the answer when the run is resumed."""
        yield from self._save(self._answered(error))

    def _place(self, call: OriginalCall) -> int:
        asked = self.journal.asked(call, self.task)
        return asked.asked if asked else sys.maxsize

    def _performing(self, call: OriginalCall) -> Asking[Outcome]:
        recalled = self._recalled(call)
        if recalled is not None:
            return self._known(call, recalled)
        if self._is_unapproved(call):
            return _UNAPPROVED
        nonce = ""
        if not call.effect.is_read:
            nonce = uuid4().hex
            if (refused := (yield from self._claim(call, nonce))) is not None:
                return refused
        try:
            outcome: Outcome = yield Make()
        except Exception as error:
            if self._asks_beside(error):
                yield from self._give_up(call, self.journal.hold(call, self.task), nonce)
                return _BESIDE
            yield from self._give_up(call, self._left(call, error), nonce)
            raise
        yield from self._give_up(
            call, self._noted(call, outcome), "" if _has_taken_effect(outcome) else nonce
        )
        return outcome

    # --- who makes a write ---

    def _claim(self, call: OriginalCall, nonce: str) -> Asking[Outcome | None]:
        """Claims a write; what came of it if somebody else made it, why it is not made, or nothing."""
        entry = self.journal.start(call)
        if not self.journal.is_open:
            self.opens()
        if self.store is None:
            return None
        try:
            return (yield from self._claimed(call, nonce))
        except Exception as error:  # noqa: BLE001  # a store may fail in any way
            self.journal.fail(call)
            return _refuse_unsaved(entry, error)

    def _claimed(self, call: OriginalCall, nonce: str) -> Asking[Outcome | None]:
        run = self.journal.run
        yield from journal_store.open_run(self.journal)
        first_seen: dict[str, float] = {}
        while True:
            yield from journal_store.claim(run, call.key, nonce)
            claim = yield from journal_store.find_other_claim(run, call.key, nonce)
            if claim is None:
                return None
            yield from journal_store.withdraw(run, call.key, nonce)
            entry = yield from journal_store.load_entry(run, call.key)
            if entry is not None and entry.status == "done":
                self.journal.take(entry)
            waited = time.monotonic() - first_seen.setdefault(claim.nonce, time.monotonic())
            if (entry is not None and entry.status == "done") or max(claim.age, waited) > PATIENCE:
                outcome = self.journal.recall(call)  # as done, or as started and never ended
                return outcome and self._known(call, outcome)
            yield Pause(random.uniform(0.01, 0.1))  # noqa: S311  # so that two do not go on in step

    def _give_up(self, call: OriginalCall, entry: Entry | None, nonce: str) -> Asking[None]:
        """Stores what became of a call, then withdraws its claim unless it took effect."""
        yield from self._save(entry)
        if nonce and self.store is not None:
            try:
                yield from journal_store.withdraw(self.journal.run, call.key, nonce)
            except Exception as error:  # noqa: BLE001  # as in _save
                _log.warning("the claim to %s could not be withdrawn: %s", call.tool, describe_error(error))

    def _save(self, entry: Entry | None) -> Asking[None]:
        if self.store is None or entry is None:
            return
        try:
            yield from journal_store.save_entry(self.journal.run, entry)
        except Exception as error:  # noqa: BLE001  # a store may fail in any way
            _refuse_unsaved(entry, error)

    # --- what is known ---

    def _recalled(self, call: OriginalCall) -> Outcome | None:
        outcome = self.journal.recall(call)
        if outcome is None and (self.is_beside or self.journal.is_held(call, self.task)):
            return _BESIDE
        return outcome

    def _known(self, call: OriginalCall, outcome: Outcome) -> Outcome:
        if isinstance(outcome, Succeeded):
            if not call.effect.is_read:
                self.recalled[call.tool] = None
            asked = self.journal.asked(call, self.task)
            _skip_answers(asked.questions if asked else 0)
            self._tell(call, "known")
        return outcome

    def _noted(self, call: OriginalCall, outcome: Outcome) -> Entry | None:
        if isinstance(outcome, Succeeded):
            self._tell(call, "done")
            return self.journal.finish(call, outcome)
        self._tell(call, "failed")
        return None if outcome.ended else self.journal.fail(call)

    def _left(self, call: OriginalCall, error: Exception) -> Entry | None:
        """An exception that passes through: the call is made again when the run is resumed."""
        self.waiting[id(error)] = call
        return self.journal.wait(call, for_approval=getattr(error, FOR_APPROVAL, False))

    def _is_unapproved(self, call: OriginalCall) -> bool:
        """Whether a person was asked to approve a call, and nobody here would take the answer."""
        guards = self.around.guards
        return self.journal.is_for_approval(call) and not (guards and guards.asks(call.tool))

    # --- questions to a person ---

    def _asks_beside(self, error: Exception) -> bool:
        is_question = isinstance(error, GraphInterrupt) and self._is_of_this_task(error)
        return is_question and not self.asks_first()

    def _answered(self, error: Exception) -> Entry | None:
        call = self.waiting.get(id(error))
        if call is None or not isinstance(error, GraphInterrupt) or not self._is_of_this_task(error):
            return None
        return self.journal.ask(call, self.task)

    def _is_of_this_task(self, error: GraphInterrupt) -> bool:
        """Whether the answer goes to this task, and not to one of a graph that the tool runs."""
        raised: Any = error.args[0] if error.args else ()
        namespace = self.around.config.get("configurable", {}).get("checkpoint_ns", "")
        answers = range(1, self.journal.questions_in(self.task) + 2)
        ids = {
            Interrupt.from_ns(None, place).id for place in (namespace, *(f"{namespace}|{n}" for n in answers))
        }
        return any(question.id in ids for question in raised)

    def _tell(self, call: OriginalCall, status: str) -> None:
        """Progress, for those who stream custom events."""
        if self.around.runtime is not None:
            event = {"type": "awo_step", "meta_tool": self.around.meta_tool, "step": call.step}
            self.around.runtime.stream_writer({**event, "tool": call.tool, "status": status})

    def _retries(self, call: OriginalCall) -> int:
        """A call that asked would ask again."""
        careful = self.journal.was_interrupted or not call.effect.is_read
        return 0 if careful else self.limits.read_retries


_BESIDE: Final = Failed(
    error="not called: a parallel call is waiting for approval; call this routine again on its own"
)


_UNAPPROVED: Final = Failed(
    error="not called: it is waiting for approval, and this agent cannot ask; resume it in an agent that protects the tool"
)


def _has_taken_effect(outcome: Outcome) -> bool:
    return isinstance(outcome, Succeeded) or outcome.ended


def _refuse_unsaved(entry: Entry, error: Exception) -> Failed:
    _log.warning("what %s did could not be stored: %s", entry.tool, describe_error(error))
    return Failed(error=f"not called: the store that prevents running it twice failed: {error}")


def _skip_answers(taken: int) -> None:
    """Takes the answers that a call took when it was made, so that the next interrupt gets the next one.

    LangGraph hands the answers of one task out by counting calls of `interrupt`.
    """
    for _ in range(taken):
        try:
            interrupt(None)
        except GraphInterrupt:
            _log.debug("an earlier answer is no longer available")
