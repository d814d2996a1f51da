"""The run that a call of a meta-tool begins or goes on with, or why it may not run."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from langchain_awo.model.metatool import MetaTool
from langchain_awo.model.trace import JSONValue
from langchain_awo.runtime import shelf
from langchain_awo.runtime.asking import Asking, Pause
from langchain_awo.runtime.identity import RunKey
from langchain_awo.runtime.memory import Ledger, Memory
from langchain_awo.runtime.signing import verify
from langchain_awo.runtime.unfinished import reported_token

_log = logging.getLogger(__name__)

PATIENCE: Final = 60.0
"""Seconds that a call waits for another one that executes the same run in this process."""

_NAP: Final = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A run that may go on now; its ledger is held.

    Attributes:
        takes_up: whether it is an unfinished one that nobody asked for by its token.
    """

    ledger: Ledger
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
    memory: Memory
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
        if problem := self._mismatch(found.ledger):
            _release(found)
            return problem
        if self._has_begun_to_change(found.ledger):
            self.memory.open(
                found.ledger
            )  # another process may have begun it; this one may have to take it up again
        if found.takes_up:
            steps = enumerate(self.meta_tool.steps, start=1)
            found.ledger.look_again(number for number, step in steps if step.effect.is_read)
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
        ledger = (yield from self._known(run)) if run else None
        if ledger is not None:
            return (yield from self._held(ledger))
        other = yield from self._unfinished()  # what this conversation may go on with needs no token
        return other or (
            f"nothing is known of the resume token {token!r} here, so nothing was run; find out what was done before "
            "starting again without it"
        )

    def _known(self, run: str) -> Asking[Ledger | None]:
        ledger = self.memory.find(run)
        if ledger is None and self.has_store:
            ledger = yield from shelf.load(run)
        return ledger

    def _begun(self) -> Asking[Ledger]:
        ledger = Ledger(
            run=self.key.run,
            meta_tool=self.meta_tool.name,
            routine=self.routine,
            parameters=dict(self.parameters),
            slot=self.key.slot,
        )
        if self.has_store:
            yield from shelf.save_run(ledger)
        return ledger

    def _unfinished(self) -> Asking[Opened | str | None]:
        """An unfinished run for the same wish in this conversation.

        One that is executed beside this call, by the same call of the graph, is another wish: a model may ask for the same
        twice. One that is executed elsewhere is this one, because somebody resumed the conversation twice: it is waited for.
        """
        if not self.key.slot:
            return None
        for ledger in self.memory.unfinished(self.key.slot):
            if ledger.hold_for(self.key.holder):
                return (yield from self._taken_up(ledger))
            if ledger.holder != self.key.holder:
                self.memory.continue_with(self.key.run, ledger)
                return (yield from self._held(ledger))
        if not self.has_store:
            return None
        for run in (yield from shelf.unfinished(self.key.slot)):
            if self.memory.find(run) is None and (stored := (yield from shelf.load(run))):
                ledger = self.memory.keep(stored)
                if ledger.hold_for(self.key.holder):
                    return (yield from self._taken_up(ledger))
        return None

    def _taken_up(self, ledger: Ledger) -> Asking[Opened]:
        self.memory.open(ledger)
        self.memory.continue_with(self.key.run, ledger)
        if self.has_store:
            yield from shelf.save_continuation(self.key.run, ledger)
        return Opened(ledger=ledger, takes_up=True)

    def _is_reported(self) -> Asking[bool]:
        """Whether the conversation says that something was done which nobody remembers."""
        token = reported_token(self.meta_tool, self.key.wish, self.runtime)
        if token is None:
            return False
        return (yield from self._known(token[:16])) is None

    def _held(self, ledger: Ledger) -> Asking[Opened | str]:
        """Waits for whoever executes the run."""
        ledger = self.memory.keep(ledger)
        for _ in range(int(PATIENCE / _NAP)):
            if ledger.hold_for(self.key.holder):
                return Opened(ledger=ledger)
            yield Pause(_NAP)
        return "not called: another call executes the same run and does not come to its end"

    def _has_begun_to_change(self, ledger: Ledger) -> bool:
        steps = self.meta_tool.steps
        return any(not steps[entry.step - 1].effect.is_read for entry in ledger.entries.values())

    def _mismatch(self, ledger: Ledger) -> str:
        if ledger.meta_tool != self.meta_tool.name:
            return f"this resume token belongs to {ledger.meta_tool}; call that"
        if ledger.entries and ledger.routine != self.routine:
            return "the routine was compiled anew since this run began; make the remaining calls one by one"
        return ""


_LOST: Final = (
    "an earlier call with these arguments changed something and stopped, and nothing is known of it here, so nothing was run; "
    "find out what was done and make the remaining calls one by one"
)


def _release(opened: Opened) -> None:
    opened.ledger.going.release()
