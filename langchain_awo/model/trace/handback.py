"""Reads back what a model was told of a meta-tool's run: the calls of the original tools, as far as the answer has them whole.

An answer is JSON text, see `langchain_awo.runtime.answer.answer`; what was fetched unasked stands below another tool's answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from langchain_awo.model.text.encoding import loads
from langchain_awo.model.text.json_value import JSONValue

FETCHED_NOTE: Final = "Fetched along with it, up to date; there is no need to call these again."
"""What the model is told of results it did not ask for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldCall:
    """A call of an original tool that an answer tells of; `error` if it failed."""

    step: int
    tool: str
    args: dict[str, JSONValue]
    output: JSONValue = None
    error: str | None = None


def told_calls(answer: JSONValue) -> list[ToldCall] | None:
    """The calls that the answer of a meta-tool tells of, or `None` if it is none or an output in it was cut.

    >>> told_calls('{"status":"completed","steps":[{"step":1,"tool":"f","args":{"x":1},"output":2}]}')
    [ToldCall(step=1, tool='f', args={'x': 1}, output=2, error=None)]
    """
    told = _object(answer)
    if not isinstance(told, dict) or told.get("status") not in ("completed", "stopped"):
        return None
    try:
        calls = _of_steps(told["steps"])
        failed = told.get("failed")
        if failed is not None:
            calls.append(
                ToldCall(
                    step=failed["step"],
                    tool=failed["tool"],
                    args=dict(failed["args"]),
                    error=str(failed["error"]),
                )
            )
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    return calls


def split_fetched(content: JSONValue) -> tuple[JSONValue, list[ToldCall]]:
    """A tool's own answer, and the calls that were made unasked and told of below it.

    >>> split_fetched("paid")
    ('paid', [])
    """
    if not isinstance(content, str) or FETCHED_NOTE not in content:
        return content, []
    own, _, below = content.rpartition("\n\n")
    told = _object(below)
    if not isinstance(told, dict) or told.get("note") != FETCHED_NOTE:
        return content, []
    try:
        return own, _of_steps(told["steps"])
    except (AttributeError, KeyError, TypeError, ValueError):
        return own, []


def _object(text: JSONValue) -> JSONValue:
    try:
        return loads(text) if isinstance(text, str) else text
    except ValueError:
        return None


def _of_steps(steps: Sequence[dict[str, JSONValue]]) -> list[ToldCall]:
    return [call for step in steps for call in _of_step(step)]


def _of_step(step: dict[str, JSONValue]) -> Iterator[ToldCall]:
    """The calls of one step; raises `ValueError` if an output was cut."""
    if str(step.get("note", "")).startswith("cut:"):
        raise ValueError(step["note"])
    shared = dict(step.get("args", {}))
    for own, output in _items(step):
        yield ToldCall(step=step["step"], tool=step["tool"], args={**shared, **own}, output=output)


def _items(step: dict[str, JSONValue]) -> Iterator[tuple[dict[str, JSONValue], JSONValue]]:
    """Arguments that are a call's own, and its output; see `langchain_awo.runtime.answer.render_steps` for the three ways to tell them."""
    if "for_each" in step:
        names = [step["for_each"]] if isinstance(step["for_each"], str) else step["for_each"]
        yield from (({name: output[name] for name in names}, output) for output in step["outputs"])
    elif "calls" in step:
        yield from ((dict(call["args"]), call["output"]) for call in step["calls"])
    else:
        yield {}, step["output"]
