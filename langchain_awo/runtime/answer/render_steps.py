"""The calls of a run as they are told: with the arguments they were really made with."""

from __future__ import annotations

from collections.abc import Iterable

from langchain_awo.model.stepping.outcome import FinishedCall
from langchain_awo.model.text.encoding import present
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.handback import ToldCall
from langchain_awo.runtime.inner.calling import EDITED


def build_told_calls(done: Iterable[FinishedCall]) -> tuple[ToldCall, ...]:
    """Calls that were made, as they are told."""
    return tuple(
        ToldCall(step=each.call.step, tool=each.call.tool, args=args_of(each), output=present(each.output))
        for each in done
    )


def args_of(done: FinishedCall) -> dict[str, JSONValue]:
    """The arguments a call was really made with: a person may have changed them."""
    edited = getattr(done.reply, "additional_kwargs", {}).get(EDITED)
    return done.call.args if edited is None else edited
