"""Recording without touching the agent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from langchain_core.tracers.context import register_configure_hook

from langchain_awo.capture.recorder import CallbackRecorder

_ACTIVE: ContextVar[CallbackRecorder | None] = ContextVar("awo_recorder", default=None)
register_configure_hook(_ACTIVE, inheritable=True)


@contextmanager
def record(recorder: CallbackRecorder) -> Iterator[CallbackRecorder]:
    """Every LangChain run inside is recorded: sync, async and streaming, and in threads that copy the context.

    What is finished is written when the block is left; the recorder stays usable.
    """
    try:
        with recording(recorder):
            yield recorder
    finally:
        recorder.flush()


@contextmanager
def recording(recorder: CallbackRecorder) -> Iterator[None]:
    """As `record`, but what is finished is written in its own time."""
    token = _ACTIVE.set(recorder)
    try:
        yield
    finally:
        _ACTIVE.reset(token)


def record_everywhere(recorder: CallbackRecorder) -> None:
    """Every LangChain run of this process is recorded from now on, in all its threads."""
    everywhere: ContextVar[CallbackRecorder | None] = ContextVar("awo_recorder_everywhere", default=recorder)
    register_configure_hook(everywhere, inheritable=True)
