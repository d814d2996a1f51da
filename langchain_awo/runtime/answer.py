"""What the model is told of a run, as JSON text, and the artifact that keeps everything."""

from __future__ import annotations

from typing import Any

import orjson

from langchain_awo.model.encoding import dumps, to_json
from langchain_awo.model.metatool import MetaTool
from langchain_awo.model.trace import JSONValue
from langchain_awo.runtime.calling import EDITED
from langchain_awo.runtime.outcome import Done, Result, Stop


def answer(told: dict[str, Any], *, characters: int) -> str:
    """The content of the meta-tool's message: the hand-back with no output longer than so many characters."""
    text = _text(told)
    if len(text) <= characters:
        return text
    return _text({**told, "steps": [_bounded(step, characters) for step in told["steps"]]})


def hand_back(meta_tool: MetaTool, result: Result, *, resume_token: str) -> dict[str, Any]:
    """What was done and, on a stop, what failed and remains, with every output whole."""
    told: dict[str, Any] = {"status": "stopped" if result.stop else "completed"}
    told["steps"] = [
        {"step": done.call.step, "tool": done.call.tool, "args": _args(done), "output": done.output}
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


def _args(done: Done) -> dict[str, JSONValue]:
    """The arguments a call was really made with: a person may have changed them."""
    edited = getattr(done.reply, "additional_kwargs", {}).get(EDITED)
    return done.call.args if edited is None else edited


def _stopped(meta_tool: MetaTool, stop: Stop) -> dict[str, JSONValue]:
    if not stop.is_failure:
        return {"reason": stop.reason}
    tool = meta_tool.steps[stop.step - 1].tool
    return {"failed": {"step": stop.step, "tool": tool, "args": stop.args, "error": stop.reason}}


def _bounded(step: dict[str, Any], limit: int) -> dict[str, Any]:
    output = step["output"]
    text = output if isinstance(output, str) else dumps(output)
    if len(text) <= limit:
        return step
    note = f"cut: the first {limit:,} of {len(text):,} characters; call {step['tool']} for the rest"
    return {**step, "output": text[:limit], "note": note}
