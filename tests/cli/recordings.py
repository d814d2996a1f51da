"""Recorded runs made for the tests of the command line."""

from __future__ import annotations

import json


def order_run(number):
    """A customer is looked up by name, then the order that is found there."""
    name, order = f"user{number}", f"O-{4000 + number}"
    return {
        "id": f"run-{number}",
        "task_id": f"task-{number}",
        "domain": "shop" if number % 2 else "desk",
        "model": "m",
        "messages": [
            {"role": "user", "content": f"Where is the order of {name}?"},
            *call(f"a{number}", "find_user", {"name": name}, {"order_id": order, "tier": "gold"}),
            *call(f"b{number}", "get_order", {"order_id": order}, {"state": "sent"}),
            {"role": "assistant", "content": "It was sent."},
        ],
    }


def call(call_id, name, args, output):
    function = {"name": name, "arguments": json.dumps(args)}
    asked = [{"id": call_id, "type": "function", "function": function}]
    return [
        {"role": "assistant", "content": None, "tool_calls": asked},
        {"role": "tool", "tool_call_id": call_id, "content": json.dumps(output)},
    ]


def talk_only():
    return {"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hello!"}]}
