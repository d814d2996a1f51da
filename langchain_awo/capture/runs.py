"""Runs of agents that a recorder sees only in part, as from inside a middleware: joined by an id of their own."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from langchain_awo.capture.forking import reset_in_child
from langchain_awo.capture.install import recording
from langchain_awo.capture.recorder import CallbackRecorder
from langchain_awo.capture.session import Session, inside

RUNS_KEPT: Final = 1_000
"""Runs that may be open at once; beyond it the oldest are ended, as those of crashed agents should be."""


class AgentRuns:
    """One trace for each run of an agent, whatever parts of it are recorded."""

    def __init__(self, recorder: CallbackRecorder) -> None:
        self.recorder = recorder
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._lock = threading.Lock()
        reset_in_child(self)

    def after_fork(self) -> None:
        """Forgets the runs of the parent."""
        self._sessions = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def around(self, run_id: str) -> Iterator[None]:
        """Records what happens inside as a part of a run."""
        with inside(self._session(run_id)), recording(self.recorder):
            yield

    def finish(self, run_id: str) -> None:
        """Ends a run; its trace is complete."""
        with self._lock:
            session = self._sessions.pop(run_id, None)
        if session is not None:
            session.close()

    def _session(self, run_id: str) -> Session:
        with self._lock:
            session = self._sessions.setdefault(run_id, Session("agent"))
            oldest = next(iter(self._sessions)) if len(self._sessions) > RUNS_KEPT else None
        if oldest is not None:
            self.finish(oldest)
        return session
