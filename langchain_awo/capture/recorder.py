"""The recorder: a callback handler whose finished runs go to a sink."""

from __future__ import annotations

import atexit
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from langchain_awo.capture.assembly import assemble
from langchain_awo.capture.events import EventHandler
from langchain_awo.capture.forking import run_at_exit_of_child
from langchain_awo.capture.redaction import Mask, MaskKey, Redactor, use_given_key, use_key_beside
from langchain_awo.capture.state import Label, Recording
from langchain_awo.capture.writer import EXIT_TIMEOUT, BackgroundWriter, TraceSink
from langchain_awo.model.ir.option_kinds import KEY, check_options, instance_of, whole_number
from langchain_awo.model.trace.trace import Trace

CAPACITY_BYTES: Final = 64_000_000
"""Memory that finished traces may take while they wait to be written."""


_KINDS: Final = {
    "mask_key": KEY.optional,
    "capacity": whole_number(1),
    "capacity_bytes": whole_number(1),
    "defaults": instance_of(Label, fix="pass Label(task_id=..., domain=...)").optional,
}


class CallbackRecorder(EventHandler):
    """Records what agents do; a finished run goes to a sink, written by a background thread.

    One recorder serves any number of agents, threads and event loops at once. It never raises into an agent and never blocks it.

    Args:
        sink: where traces go.
        mask: masking of secrets before they are stored: `True` for what looks like one, `False` for none, a collection of further
            keys, a function of key and value that says what else is secret, or `MaskRules`.
        mask_key: the key of the masks; by default that of the environment variable `AWO_MASK_KEY`, else of a file beside the store.
        capacity: finished traces kept in memory while the sink is slow or fails; the oldest are dropped beyond it.
        capacity_bytes: memory that they may take together.
        reopen: makes a sink like this one, for a forked child; without it parent and child share the sink.
        defaults: labels of runs that have none of their own.
    """

    def __init__(
        self,
        sink: TraceSink,
        *,
        mask: Mask = True,
        mask_key: MaskKey | None = None,
        capacity: int = 10_000,
        capacity_bytes: int = CAPACITY_BYTES,
        reopen: Callable[[], TraceSink] | None = None,
        defaults: Label | None = None,
    ) -> None:
        check_options(
            _KINDS,
            {
                "mask_key": mask_key,
                "capacity": capacity,
                "capacity_bytes": capacity_bytes,
                "defaults": defaults,
            },
        )
        key = (
            use_given_key(mask_key) if mask_key is not None else use_key_beside(str(getattr(sink, "url", "")))
        )
        redactor = Redactor(mask, key=key)
        self._writer = BackgroundWriter(
            sink,
            build=_Build(redactor),
            capacity=capacity,
            capacity_bytes=capacity_bytes,
            reopen=reopen,
        )
        super().__init__(self._writer.put, defaults=defaults)
        _OPEN.add(self)
        # A recorder that nobody refers to any more gets no further events: what waits for them is complete.
        weakref.finalize(self, self._tracker.finish_all).atexit = False

    @property
    def dropped(self) -> int:
        """Traces that were lost because the sink could not keep up or kept failing."""
        return self._writer.dropped

    def flush(self, timeout: float | None = None) -> bool:
        """Writes every finished trace, those of hand-written loops that wait for more included.

        Args:
            timeout: seconds to try for; `None` for as long as it takes.

        Returns:
            Whether all of them reached the sink.
        """
        self._tracker.finish_idle()
        return self._writer.flush(timeout)

    def close(self, timeout: float | None = None) -> bool:
        """Ends what is still running as abandoned, writes everything and stops recording; returns as `flush`."""
        self._tracker.finish_all()
        self.closed = True
        return self._writer.flush(timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _Build:
    """Makes traces in the background; refers to no recorder, so that one nobody uses can go."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def __call__(self, recording: Recording) -> Trace:
        return self._redactor.redact(assemble(recording))


_OPEN: weakref.WeakSet[CallbackRecorder] = weakref.WeakSet()


@atexit.register
def _close_at_exit() -> None:
    for recorder in list(_OPEN):
        recorder.close(EXIT_TIMEOUT)


run_at_exit_of_child(_close_at_exit)
