"""One invented run: two pools are looked up in parallel, one lookup fails, then the model answers."""

from __future__ import annotations

from typing import Any, Final

ASKED: Final = "Is pool 3 open?"
THOUGHT: Final = "Let me see."
ANSWERED: Final = "Pool 3 is open."
MODEL: Final = "m-1"
OUTPUT: Final = '{"pool": 3, "open": true}'
FAILURE: Final = "no such pool"
TOOL: Final = {
    "type": "function",
    "function": {"name": "get_pool", "description": "Looks up a pool.", "parameters": {"type": "object"}},
}

OPENAI: Final[list[dict[str, Any]]] = [
    {"role": "user", "content": ASKED},
    {
        "role": "assistant",
        "content": THOUGHT,
        "tool_calls": [
            {"id": "p1", "type": "function", "function": {"name": "get_pool", "arguments": '{"id": 3}'}},
            {"id": "p2", "type": "function", "function": {"name": "get_pool", "arguments": '{"id": 9}'}},
        ],
    },
    {"role": "tool", "tool_call_id": "p1", "content": OUTPUT},
    {"role": "tool", "tool_call_id": "p2", "content": FAILURE, "status": "error"},
    {"role": "assistant", "content": ANSWERED},
]
