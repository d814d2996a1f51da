"""Recorded runs of generated worlds, with odd ids, names, keys and values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.trace.trace import ToolCallRecord, Trace
from langchain_awo.testing import generate_world, play
from langchain_awo.testing.world_runs import STRAY

ODD_NAMES: tuple[tuple[str, str], ...] = (
    ("", ""),
    ("", "\n#1"),
    ("#1/", ""),
    ("\u202e", "…"),
    ("{", "}"),
    ("0.", "()"),
    ("", " "),
    ("naïve ", ""),
)
"""What stands before and after the names of tools."""

ODD_LETTERS: tuple[Mapping[str, str], ...] = (
    {},
    {"_": "/", "-": "~0"},
    {"d": "ð", "c": "ç", "_": " "},
    {"_": "#1/", "m": "\uff4d"},
    {"-": "{}", "k": "$k"},
    {"_": "*", "g": "*"},
    {"p": "\u202e", "-": "…"},
    {"_": "", "-": ""},
)
"""What stands for letters that mean nothing in JSON and Python, in keys and values alike."""

ODD_IDS: tuple[str | None, ...] = (None, "", "call_0", "#1/x", "\u202e")
"""What a model server calls every call; with `None` each has an id of its own."""


@dataclass(frozen=True, slots=True)
class OddWorld:
    """What was recorded, and the effects that its user declares."""

    traces: list[Trace]
    effects: dict[str, Effect]


def make_odd_world(seed: int) -> OddWorld:
    """Depends on the seed alone."""
    chance = Random(seed)  # noqa: S311  # not a secret
    world = generate_world(seed, tools=chance.randint(3, 5))
    before, after = chance.choice(ODD_NAMES)
    letters, odd_id = str.maketrans(chance.choice(ODD_LETTERS)), chance.choice(ODD_IDS)
    names = {name: f"{before}{name}{after}" for name in [STRAY, *(tool.name for tool in world.tools)]}

    def odd_call(call: ToolCallRecord) -> ToolCallRecord:
        return replace(
            call,
            name=names[call.name],
            call_id=call.call_id if odd_id is None else odd_id,
            args=_translate(call.args, letters),
            output=_translate(call.output, letters),
        )

    traces = [_odd_trace(trace, odd_call, names, letters) for trace in play(world, chance.randint(18, 30))]
    effects = {names[tool.name]: tool.effect for tool in world.tools} | {names[STRAY]: Effect.READ}
    return OddWorld(traces, effects)


def _odd_trace(
    trace: Trace,
    odd_call: Callable[[ToolCallRecord], ToolCallRecord],
    names: Mapping[str, str],
    letters: Mapping[int, Any],
) -> Trace:
    return replace(
        trace,
        trace_id=f"{trace.trace_id}\n/{{}}",
        messages=tuple(replace(each, text=_translate(each.text, letters)) for each in trace.messages),
        tool_calls=tuple(map(odd_call, trace.tool_calls)),
        tools=tuple(replace(each, name=names[each.name]) for each in trace.tools),
    )


def _translate(value: Any, letters: Mapping[int, Any]) -> Any:
    if isinstance(value, str):
        return value.translate(letters)
    if isinstance(value, list):
        return [_translate(each, letters) for each in value]
    if isinstance(value, dict):
        return {key.translate(letters): _translate(each, letters) for key, each in value.items()}
    return value
