"""The run that a call of a meta-tool begins or goes on with, or why it may not run."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.runtime.journal import journal_store
from langchain_awo.runtime.journal.asking import Asking, Pause
from langchain_awo.runtime.journal.identity import RunKey
from langchain_awo.runtime.journal.journal import Journal, RunMemory
from langchain_awo.runtime.journal.resume import reported_token
from langchain_awo.runtime.journal.signing import verify

_log = logging.getLogger(__name__)

PATIENCE: Final = 60.0
"""Seconds that a call waits for another one that executes the same run in this process."""

_NAP: Final = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A run that may go on now; its journal is held.

    Attributes:
        takes_up: whether it is an unfinished one that nobody asked for by its token.
    """

    journal: Journal
    takes_up: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What is looked at to find the run of one call.

    Attributes:
        routine: digest of the meta-tool.
        token: that the call came with.
        store: whether there is one to ask.
    """

    meta_tool: MetaTool
    routine: str
    memory: RunMemory
    key: RunKey
    parameters: Mapping[str, JSONValue]
    token: str | None
    runtime: Any
    has_store: bool

    def open(self) -> Asking[Opened | str]:
        """The run, held by the caller from now on; or why it may not go on."""
        try:
            found = yield from self._found()
        except Exception as error:  # noqa: BLE001  # a store may fail in any way
            _log.warning("what %s did before could not be read: %s", self.meta_tool.name, error)
            return f"not called: the store that keeps it from running twice failed: {error}"
        if isinstance(found, str):
            return found
        if problem := self._mismatch(found.journal):
            _release(found)
            return problem
        if self._has_begun_to_change(found.journal):
            self.memory.open(
                found.journal
            )  # another process may have begun it; this one may have to take it up again
        if found.takes_up:
            steps = enumerate(self.meta_tool.steps, start=1)
            found.journal.look_again(number for number, step in steps if step.effect.is_read)
        return found

    def _found(self) -> Asking[Opened | str]:
        if self.token:
            return (yield from self._by_token(self.token))
        known = yield from self._known(self.key.run)
        if known is not None:
            return (yield from self._held(known))
        if not self.meta_tool.effect.is_read:
            if (other := (yield from self._unfinished())) is not None:
                return other
            if (yield from self._is_reported()):
                return _LOST
        return (yield from self._held((yield from self._begun())))

    def _by_token(self, token: str) -> Asking[Opened | str]:
        run = verify(token, self.key.thread, self.key.user, self.meta_tool.name)
        journal = (yield from self._known(run)) if run else None
        if journal is not None:
            return (yield from self._held(journal))
        other = yield from self._unfinished()  # what this conversation may go on with needs no token
        return other or (
            f"nothing is known of the resume token {token!r} here, so nothing was run; find out what was done before "
            "starting again without it"
        )

    def _known(self, run: str) -> Asking[Journal | None]:
        journal = self.memory.find(run)
        if journal is None and self.has_store:
            journal = yield from journal_store.load(run)
        return journal

    def _begun(self) -> Asking[Journal]:
        journal = Journal(
            run=self.key.run,
            meta_tool=self.meta_tool.name,
            routine=self.routine,
            parameters=dict(self.parameters),
            slot=self.key.slot,
        )
        if self.has_store:
            yield from journal_store.save_run(journal)
        return journal

    def _unfinished(self) -> Asking[Opened | str | None]:
        """An unfinished run for the same wish in this conversation.

        One that is executed beside this call, by the same call of the graph, is another wish: a model may ask for the same
        twice. One that is executed elsewhere is this one, because somebody resumed the conversation twice: it is waited for.
        """
        if not self.key.slot:
            return None
        for journal in self.memory.unfinished(self.key.slot):
            if journal.hold_for(self.key.holder):
                return (yield from self._taken_up(journal))
            if journal.holder != self.key.holder:
                self.memory.continue_with(self.key.run, journal)
                return (yield from self._held(journal))
        if not self.has_store:
            return None
        for run in (yield from journal_store.unfinished(self.key.slot)):
            if self.memory.find(run) is None and (stored := (yield from journal_store.load(run))):
                journal = self.memory.keep(stored)
                if journal.hold_for(self.key.holder):
                    return (yield from self._taken_up(journal))
        return None

    def _taken_up(self, journal: Journal) -> Asking[Opened]:
        self.memory.open(journal)
        self.memory.continue_with(self.key.run, journal)
        if self.has_store:
            yield from journal_store.save_continuation(self.key.run, journal)
        return Opened(journal=journal, takes_up=True)

    def _is_reported(self) -> Asking[bool]:
        """Whether the conversation says that something was done which nobody remembers."""
        token = reported_token(self.meta_tool, self.key.wish, self.runtime)
        if token is None:
            return False
        return (yield from self._known(token[:16])) is None

    def _held(self, journal: Journal) -> Asking[Opened | str]:
        """Waits for whoever executes the run."""
        journal = self.memory.keep(journal)
        for _ in range(int(PATIENCE / _NAP)):
            if journal.hold_for(self.key.holder):
                return Opened(journal=journal)
            yield Pause(_NAP)
        return "not called: another call executes the same run and does not come to its end"

    def _has_begun_to_change(self, journal: Journal) -> bool:
        steps = self.meta_tool.steps
        return any(not steps[entry.step - 1].effect.is_read for entry in journal.entries.values())

    def _mismatch(self, journal: Journal) -> str:
        if journal.meta_tool != self.meta_tool.name:
            return f"this resume token belongs to {journal.meta_tool}; call that"
        if journal.entries and journal.routine != self.routine:
            return "the routine was compiled anew since this run began; make the remaining calls one by one"
        return ""


_LOST: Final = (
    "an earlier call with these arguments changed something and stopped, and nothing is known of it here, so nothing was run; "
    "find out what was done and make the remaining calls one by one"
)


def _release(opened: Opened) -> None:
    opened.journal.going.release()
