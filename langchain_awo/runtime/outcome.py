"""The bounds of one run of a meta-tool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from langchain_awo.model.ir.option_kinds import FLAG, check_options, number, whole_number
from langchain_awo.model.stepping.outcome import MAX_CALLS


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one run of a meta-tool.

    Attributes:
        calls: at most this many calls altogether.
        concurrency: at most this many reads at once.
        timeout: seconds for one call; `None` waits for ever. A sync call that is too slow goes on in its thread.
        read_retries: how often a read that raised is tried again; writes never are.
        output_chars: a longer output is cut in the message to the model and kept whole in the artifact.
        answer_chars: about so many characters of a completed or stopped routine are told altogether.
        shape: leaves out of the message what the recorded agents never used of an output; the artifact has it.
    """

    calls: int = MAX_CALLS
    concurrency: int = 8
    timeout: float | None = None
    read_retries: int = 1
    output_chars: int = 20_000
    answer_chars: int = 80_000
    shape: bool = True

    def __post_init__(self) -> None:
        check_options(_KINDS, {name: getattr(self, name) for name in _KINDS})


_KINDS: Final = {
    "calls": whole_number(1),
    "concurrency": whole_number(1),
    "timeout": number(0).optional,
    "read_retries": whole_number(0),
    "output_chars": whole_number(0),
    "answer_chars": whole_number(0),
    "shape": FLAG,
}

DEFAULT_LIMITS: Final = Limits()
"""The bounds unless the user says otherwise."""
