"""A last write when a program is told to end, where the program itself does nothing about it."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Final

from langchain_awo.capture.recorder import CallbackRecorder

DRAIN_SECONDS: Final = 8.0
"""What writing may take before the program ends all the same; platforms commonly kill after ten seconds."""


def drain_on_sigterm(recorder: CallbackRecorder) -> bool:
    """Writes what is waiting when SIGTERM would end the process; servers that handle the signal themselves exit in their own way.

    Returns:
        Whether a handler was installed: only in the main thread, and only where the signal has no handler yet.
    """
    if threading.current_thread() is not threading.main_thread():
        return False
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return False

    def end(number: int, _: FrameType | None) -> None:
        # A thread of its own: the interrupted one may hold the very locks that writing needs.
        writing = threading.Thread(target=recorder.close, args=(DRAIN_SECONDS,), daemon=True)
        writing.start()
        writing.join(DRAIN_SECONDS)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    signal.signal(signal.SIGTERM, end)
    return True
