"""The calls that a run really made, as `langchain_awo.model.ir.telling` tells them."""

from __future__ import annotations

from collections.abc import Sequence

from langchain_awo.model.ir import telling
from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.stepping.outcome import FinishedCall
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.handback import Entry, ToldCall
from langchain_awo.runtime.inner.calling import EDITED


def tell_steps(meta_tool: MetaTool, done: Sequence[FinishedCall], *, shape: bool) -> list[Entry]:
    """What was done, by step.

    Args:
        meta_tool: the routine whose calls these are.
        done: its completed calls, by step and in the order of the items.
        shape: leaves out the places that the steps hide, and says so.
    """
    calls = [build_told_call(each, each.output) for each in done]
    return telling.tell_steps(meta_tool, calls, shape=shape)


def build_told_call(done: FinishedCall, output: JSONValue) -> ToldCall:
    """A call that was made, as it is told."""
    return ToldCall(step=done.call.step, tool=done.call.tool, args=args_of(done), output=output)


def args_of(done: FinishedCall) -> dict[str, JSONValue]:
    """The arguments a call was really made with: a person may have changed them."""
    edited = getattr(done.reply, "additional_kwargs", {}).get(EDITED)
    return done.call.args if edited is None else edited
