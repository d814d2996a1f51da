"""The invented run as chat messages and as sessions of coding agents."""

from __future__ import annotations

import json
from typing import Any

from tests.capture.importers.invented import ANSWERED, ASKED, FAILURE, MODEL, OPENAI, OUTPUT, THOUGHT, TOOL


def anthropic() -> list[dict[str, Any]]:
    """Calls and results as blocks, a user's message that holds only results, thinking, usage beside the cache."""
    calls = [
        {"type": "tool_use", "id": f"p{n}", "name": "get_pool", "input": {"id": pool}}
        for n, pool in ((1, 3), (2, 9))
    ]
    results = [
        {"type": "tool_result", "tool_use_id": "p2", "is_error": True, "content": FAILURE},
        {"type": "tool_result", "tool_use_id": "p1", "content": [{"type": "text", "text": OUTPUT}]},
    ]
    usage = {"input_tokens": 4, "cache_read_input_tokens": 6, "output_tokens": 2}
    said = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": THOUGHT}, *calls]
    return [
        {
            "messages": [
                {"role": "user", "content": ASKED},
                {"role": "assistant", "model": MODEL, "content": said, "usage": usage},
                {"role": "user", "content": results},
                {"role": "assistant", "model": MODEL, "content": [{"type": "text", "text": ANSWERED}]},
            ]
        }
    ]


def bedrock() -> list[dict[str, Any]]:
    """Blocks without a type, results as JSON or text."""
    calls = [
        {"toolUse": {"toolUseId": f"p{n}", "name": "get_pool", "input": {"id": pool}}}
        for n, pool in ((1, 3), (2, 9))
    ]
    results = [
        {"toolResult": {"toolUseId": "p1", "content": [{"text": OUTPUT}], "status": "success"}},
        {"toolResult": {"toolUseId": "p2", "content": [{"text": FAILURE}], "status": "error"}},
    ]
    return [
        {
            "model": MODEL,
            "messages": [
                {"role": "user", "content": [{"text": ASKED}]},
                {"role": "assistant", "content": [{"text": THOUGHT}, *calls]},
                {"role": "user", "content": results},
                {"role": "assistant", "content": [{"text": ANSWERED}]},
            ],
        }
    ]


def gemini() -> list[dict[str, Any]]:
    """Parts, no ids: results go by name and order."""
    calls = [{"functionCall": {"name": "get_pool", "args": {"id": pool}}} for pool in (3, 9)]
    results = [
        {"functionResponse": {"name": "get_pool", "response": json.loads(OUTPUT)}},
        {"functionResponse": {"name": "get_pool", "response": {"error": FAILURE}}},
    ]
    return [
        {
            "model": MODEL,
            "contents": [
                {"role": "user", "parts": [{"text": ASKED}]},
                {"role": "model", "parts": [{"text": THOUGHT}, *calls]},
                {"role": "user", "parts": results},
                {"role": "model", "parts": [{"text": ANSWERED}]},
            ],
        }
    ]


def vercel() -> list[dict[str, Any]]:
    """Parts with a hyphen in their type."""
    calls = [
        {"type": "tool-call", "toolCallId": f"p{n}", "toolName": "get_pool", "input": {"id": pool}}
        for n, pool in ((1, 3), (2, 9))
    ]
    results = [
        {
            "type": "tool-result",
            "toolCallId": "p1",
            "toolName": "get_pool",
            "output": {"type": "text", "value": OUTPUT},
        },
        {
            "type": "tool-result",
            "toolCallId": "p2",
            "toolName": "get_pool",
            "output": FAILURE,
            "isError": True,
        },
    ]
    return [
        {
            "model": MODEL,
            "messages": [
                OPENAI[0],
                {"role": "assistant", "content": [{"type": "text", "text": THOUGHT}, *calls]},
                {"role": "tool", "content": results},
                OPENAI[4],
            ],
        }
    ]


def responses() -> list[dict[str, Any]]:
    """Bare items, what a model gives at once in several of them."""
    return [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": ASKED}]},
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": THOUGHT}]},
        {
            "type": "function_call",
            "id": "fc_1",
            "call_id": "p1",
            "name": "get_pool",
            "arguments": '{"id": 3}',
        },
        {
            "type": "function_call",
            "id": "fc_2",
            "call_id": "p2",
            "name": "get_pool",
            "arguments": '{"id": 9}',
        },
        {"type": "function_call_output", "call_id": "p2", "output": f"Error: {FAILURE}"},
        {"type": "function_call_output", "call_id": "p1", "output": OUTPUT},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": ANSWERED}]},
    ]


def codex() -> list[dict[str, Any]]:
    """A session whose events repeat what the items say."""
    head = [
        {
            "timestamp": "2024-05-02T10:00:00Z",
            "type": "session_meta",
            "payload": {"id": "s-1", "cwd": "/pools"},
        },
        {"timestamp": "2024-05-02T10:00:00Z", "type": "turn_context", "payload": {"model": MODEL}},
    ]
    lines = [
        {"timestamp": f"2024-05-02T10:00:0{n}Z", "type": "response_item", "payload": each}
        for n, each in enumerate(responses(), 1)
    ]
    return [
        *head,
        *lines,
        {
            "timestamp": "2024-05-02T10:00:09Z",
            "type": "event_msg",
            "payload": {"type": "agent_message", "message": ANSWERED},
        },
    ]


def claude_code() -> list[dict[str, Any]]:
    """One model call in three lines, a command, a branch that was taken back, and a sub-agent."""
    (whole,) = anthropic()
    user, turn, results, last = whole["messages"]
    about = {"sessionId": "s-2", "isSidechain": False, "version": "2"}
    parts = [{**turn, "id": "msg_1", "content": [block]} for block in turn["content"]]
    result_lines = [{**results, "content": [block]} for block in results["content"]]
    lines: list[dict[str, Any]] = [
        {"type": "summary", "summary": "Pools", "leafUuid": "x", "sessionId": "s-2", "uuid": "s"},
        {
            **about,
            "type": "user",
            "uuid": "u0",
            "parentUuid": None,
            "isMeta": True,
            "message": {"role": "user", "content": "Caveat"},
        },
        {
            **about,
            "type": "user",
            "uuid": "u1",
            "parentUuid": "u0",
            "timestamp": "2024-05-02T10:00:00Z",
            "message": user,
        },
    ]
    above = "u1"
    for number, part in enumerate(parts):
        lines.append(
            {**about, "type": "assistant", "uuid": f"a{number}", "parentUuid": above, "message": part}
        )
        above = f"a{number}"
    for number, part in enumerate(result_lines):
        lines.append({**about, "type": "user", "uuid": f"r{number}", "parentUuid": above, "message": part})
        above = f"r{number}"
    wrong = {**last, "id": "msg_w", "content": "Pool 3 is closed."}
    right = {**last, "id": "msg_2"}
    return [
        *lines,
        {**about, "type": "assistant", "uuid": "w", "parentUuid": above, "message": wrong},
        {**about, "type": "assistant", "uuid": "z", "parentUuid": above, "message": right},
    ]


def langchain() -> list[dict[str, Any]]:
    """A message of LangChain with the calls both in blocks and beside them, in a state of LangGraph."""
    calls = [
        {"name": "get_pool", "args": {"id": pool}, "id": f"p{n}", "type": "tool_call"}
        for n, pool in ((1, 3), (2, 9))
    ]
    blocks = [
        {"type": "text", "text": THOUGHT},
        {"type": "tool_use", "id": "p1", "name": "get_pool", "input": {"id": 3}},
    ]
    about = {"response_metadata": {"model_name": MODEL}}
    messages = [
        {"type": "human", "content": ASKED, "id": "h"},
        {"type": "ai", "content": blocks, "tool_calls": calls, **about},
        {"type": "tool", "content": OUTPUT, "tool_call_id": "p1", "status": "success"},
        {"type": "tool", "content": FAILURE, "tool_call_id": "p2", "status": "error"},
        {"type": "ai", "content": ANSWERED, "tool_calls": [], **about},
    ]
    older = {
        "values": {"messages": messages[:2]},
        "config": {"configurable": {"thread_id": "t"}},
        "next": ["tools"],
    }
    return [
        {"values": {"messages": messages}, "config": {"configurable": {"thread_id": "t"}}, "next": []},
        older,
    ]


def openai() -> list[dict[str, Any]]:
    """Chat messages with the tools that were offered, as JSON text."""
    return [{"id": "o", "model": MODEL, "messages": OPENAI, "tools": json.dumps([TOOL])}]


def inspect() -> list[dict[str, Any]]:
    """A log with one sample: the function is a word, the long output is attached."""
    calls = [
        {"id": f"p{n}", "function": "get_pool", "arguments": {"id": pool}} for n, pool in ((1, 3), (2, 9))
    ]
    messages = [
        {"role": "user", "content": ASKED, "source": "input"},
        {"role": "assistant", "content": THOUGHT, "tool_calls": calls, "model": MODEL},
        {"role": "tool", "tool_call_id": "p1", "function": "get_pool", "content": "attachment://f0"},
        {
            "role": "tool",
            "tool_call_id": "p2",
            "function": "get_pool",
            "content": "",
            "error": {"type": "unknown", "message": FAILURE},
        },
        {"role": "assistant", "content": ANSWERED, "model": MODEL},
    ]
    sample = {
        "id": "pool-3",
        "epoch": 1,
        "target": "open",
        "messages": messages,
        "scores": {"match": {"value": "C"}},
        "attachments": {"f0": OUTPUT},
    }
    return [{"version": 2, "eval": {"task": "pools", "model": MODEL, "run_id": "e"}, "samples": [sample]}]
