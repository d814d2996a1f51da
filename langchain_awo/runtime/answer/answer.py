"""What the model is told of a run, as JSON text, and the artifact that keeps everything."""

from __future__ import annotations

from typing import Any, Final

from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.ir.telling import tell_steps
from langchain_awo.model.stepping.outcome import Result, Stop
from langchain_awo.model.text.encoding import dump_line, dumps
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.handback import CUT, Entry, HandBack, ToldCall
from langchain_awo.runtime.answer.render_steps import build_told_calls
from langchain_awo.runtime.outcome import Limits

_LEAST: Final = 200
"""An output is never cut to fewer characters than this."""


def write_answer(meta_tool: MetaTool, told: HandBack, result: Result, *, limits: Limits) -> str:
    """The content of the meta-tool's message.

    A routine that came to its end is told in short: outputs without the places that are hidden, items of a map
    together. One that stopped is told in full, because the agent has to go on by itself.

    Args:
        meta_tool: what was run.
        told: its hand-back.
        result: what became of it.
        limits: `output_chars` for one output, `answer_chars` for all, and whether to shape at all.
    """
    whole = told.to_json(None if result.stop else tell_steps(meta_tool, told.calls, shape=limits.shape))
    text = _encode_text(whole)
    if len(text) <= min(limits.output_chars, limits.answer_chars):
        return text
    text = _encode_text(_bound_lengths(whole, limits.output_chars))
    if len(text) <= limits.answer_chars:
        return text
    fair = max(_LEAST, limits.answer_chars // max(1, len(result.done) + len(result.remaining)))
    return _encode_text(_bound_lengths(whole, min(fair, limits.output_chars)))


def build_hand_back(meta_tool: MetaTool, result: Result, *, resume_token: str) -> HandBack:
    """What was done and, on a stop, what failed and remains, with every output whole."""
    calls = build_told_calls(result.done)
    if result.stop is None:
        return HandBack(calls=calls, notes=result.notes)
    return HandBack(
        is_stopped=True,
        calls=calls,
        failed=_build_failed_call(meta_tool, result.stop) if result.stop.is_failure else None,
        reason="" if result.stop.is_failure else result.stop.reason,
        remaining=tuple(
            ToldCall(step=left.step, tool=left.tool, args=left.args) for left in result.remaining
        ),
        resume_token=resume_token,
        notes=result.notes,
    )


def build_artifact(meta_tool: MetaTool, told: HandBack, result: Result) -> dict[str, Any]:
    """The hand-back with every output whole, and the messages, artifacts and blocks of the tools."""
    return {"meta_tool": meta_tool.name, **told.to_json(), "messages": [done.reply for done in result.done]}


def _build_failed_call(meta_tool: MetaTool, stop: Stop) -> ToldCall:
    tool = meta_tool.steps[stop.step - 1].tool
    return ToldCall(step=stop.step, tool=tool, args=dict(stop.args), error=stop.reason)


def _encode_text(told: dict[str, Any]) -> str:
    return dump_line(told).decode()


def _bound_lengths(told: dict[str, Any], limit: int) -> dict[str, Any]:
    """A hand-back in which no output, argument or error is longer than so many characters; what was cut is said."""
    bounded = {**told, "steps": [_bound_step(step, limit) for step in told["steps"]]}
    if "failed" in told:
        bounded["failed"] = _bound_step(told["failed"], limit)
    if "remaining" in told:
        bounded["remaining"] = [_bound_step(step, limit) for step in told["remaining"]]
    return bounded


def _bound_step(step: Entry, limit: int) -> Entry:
    longest: dict[str, int] = {}
    bounded = dict(step)
    for name in ("args", "output", "outputs", "calls", "error"):
        if name in step:
            bounded[name], longest[name] = _cut(name, step[name], limit)
    length = max(longest.values())
    if not length:
        return step
    ask = f"; call {step['tool']} for the rest" if longest.keys() & {"output", "outputs", "calls"} else ""
    return {**bounded, "note": f"{CUT} the first {limit:,} of {length:,} characters{ask}"}


_MEMBERS: Final = {"outputs": "output", "calls": "call"}


def _cut(name: str, value: JSONValue, limit: int) -> tuple[JSONValue, int]:
    """A part of a step, cut; and the length of the longest value that was, 0 if none was."""
    if name in _MEMBERS:
        members = [_cut(_MEMBERS[name], each, limit) for each in value]
        return [each for each, _ in members], max((length for _, length in members), default=0)
    if name in ("call", "args"):
        parts = {key: _cut(key if name == "call" else "value", each, limit) for key, each in value.items()}
        cut = {key: each for key, (each, _) in parts.items()}
        return cut, max((length for _, length in parts.values()), default=0)
    text = value if isinstance(value, str) else dumps(value)
    return (value, 0) if len(text) <= limit else (text[:limit], len(text))
