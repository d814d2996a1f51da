"""What the model is told of a run, as JSON text, and the artifact that keeps everything."""

from __future__ import annotations

from typing import Any, Final

import orjson

from langchain_awo.model.encoding import dumps, to_json
from langchain_awo.model.metatool import MetaTool
from langchain_awo.model.trace import JSONValue
from langchain_awo.runtime.outcome import Limits, Result, Stop
from langchain_awo.runtime.telling import Told, args_of, tell_steps

_LEAST: Final = 200
"""An output is never cut to fewer characters than this."""


def answer(meta_tool: MetaTool, told: dict[str, Any], result: Result, *, limits: Limits) -> str:
    """The content of the meta-tool's message.

    A routine that came to its end is told in short: outputs without the places that are hidden, items of a map
    together. One that stopped is told in full, because the agent has to go on by itself.

    Args:
        meta_tool: what was run.
        told: its hand-back.
        result: what became of it.
        limits: `output_chars` for one output, `answer_chars` for all, and whether to shape at all.
    """
    steps = told["steps"] if result.stop else tell_steps(meta_tool, result.done, shape=limits.shape)
    text = _text({**told, "steps": [_bounded(step, limits.output_chars) for step in steps]})
    if len(text) <= limits.answer_chars:
        return text
    fair = max(_LEAST, limits.answer_chars // max(1, len(result.done)))
    return _text({**told, "steps": [_bounded(step, min(fair, limits.output_chars)) for step in steps]})


def hand_back(meta_tool: MetaTool, result: Result, *, resume_token: str) -> dict[str, Any]:
    """What was done and, on a stop, what failed and remains, with every output whole."""
    told: dict[str, Any] = {"status": "stopped" if result.stop else "completed"}
    told["steps"] = [
        {"step": done.call.step, "tool": done.call.tool, "args": args_of(done), "output": done.output}
        for done in result.done
    ]
    if result.stop:
        told |= _stopped(meta_tool, result.stop)
        told["remaining"] = [
            {"step": left.step, "tool": left.tool, "args": left.args} for left in result.remaining
        ]
        told["resume_token"] = resume_token
    if result.notes:
        told["notes"] = list(result.notes)
    return told


def artifact(meta_tool: MetaTool, told: dict[str, Any], result: Result) -> dict[str, Any]:
    """The hand-back with every output whole, and the messages, artifacts and blocks of the tools."""
    return {"meta_tool": meta_tool.name, **told, "messages": [done.reply for done in result.done]}


def _text(told: dict[str, Any]) -> str:
    return orjson.dumps(told, default=to_json, option=orjson.OPT_NON_STR_KEYS).decode()


def _stopped(meta_tool: MetaTool, stop: Stop) -> dict[str, JSONValue]:
    if not stop.is_failure:
        return {"reason": stop.reason}
    tool = meta_tool.steps[stop.step - 1].tool
    return {"failed": {"step": stop.step, "tool": tool, "args": stop.args, "error": stop.reason}}


def _bounded(step: Told, limit: int) -> Told:
    """A step of which no output is longer than so many characters; what was cut is said."""
    longest = 0
    bounded = dict(step)
    for name in ("output", "outputs", "calls"):
        if name in step:
            bounded[name], longest = _cut(name, step[name], limit)
    if not longest:
        return step
    note = f"cut: the first {limit:,} of {longest:,} characters; call {step['tool']} for the rest"
    return {**bounded, "note": note}


def _cut(name: str, value: JSONValue, limit: int) -> tuple[JSONValue, int]:
    """An output, or the outputs of a map, cut; and the length of the longest that was, 0 if none was."""
    if name == "outputs":
        cut = [_cut("output", output, limit) for output in value]
        return [output for output, _ in cut], max((length for _, length in cut), default=0)
    if name == "calls":
        cut = [_cut("output", call["output"], limit) for call in value]
        calls = [{**call, "output": output} for call, (output, _) in zip(value, cut, strict=True)]
        return calls, max((length for _, length in cut), default=0)
    text = value if isinstance(value, str) else dumps(value)
    return (value, 0) if len(text) <= limit else (text[:limit], len(text))
