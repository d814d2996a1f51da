"""A tiny notation for runs, so that a case reads as text.

    2x "order 7, please" get_order(7) -> {"user": "u1"} | get_user(u1) & get_note(7) || "thanks" cancel(7)

`2x` makes two such runs, each a task of its own unless `task=name` follows; `failed` marks runs without success; `{n}` is another
number in each run of a case, so that what depends on it differs. `|` separates model calls, `&` calls of one model call, `||` is where the user speaks again, with the words in quotes if
they matter. `->` gives an output, JSON or a bare word; `!` before a call makes it fail. An argument without a name is `id`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import count

from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import Message, ModelCallRecord, ToolCallRecord, Trace
from langchain_awo.optimizer.log.corpus import Corpus, build_corpus

_HEAD = re.compile(r"(?:(\d+)x\s+)?(?:task=(\S+)\s+)?(failed\s+)?(.*)", re.DOTALL)
_CALL = re.compile(r"\s*(!?)([\w.]+)\(([^()]*)\)\s*(?:->\s*(.*?))?\s*", re.DOTALL)

_ARGUMENT = re.compile(r'(?:"[^"]*"|\[[^\]]*\]|\{[^}]*\}|[^,])+')
"""An argument of a call; commas inside texts, lists and objects do not end it."""


def corpus_of(text: str) -> Corpus:
    """The corpus of a case."""
    return build_corpus(traces_of(text))


def traces_of(text: str) -> list[Trace]:
    """One trace for each run; lines that start with `#` are comments."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    numbers = count(10)
    return [trace for number, line in enumerate(lines) for trace in _traces(number, line, numbers)]


def _traces(number: int, line: str, numbers: Iterator[int]) -> Iterator[Trace]:
    times, task, failed, body = _HEAD.fullmatch(line.strip()).groups()
    for copy in range(int(times or 1)):
        name = f"{number:03}-{copy:03}"
        own = body.replace("{n}", str(next(numbers)))
        yield _trace(name, task or name, success=not failed, body=own)


def _trace(name: str, task: str, *, success: bool, body: str) -> Trace:
    messages, model_calls, tool_calls = [], [], []
    for turn in body.split("||"):
        words, calls = re.fullmatch(r'\s*(?:"([^"]*)")?(.*)', turn, re.DOTALL).groups()
        messages.append(Message(role="user", text=words or "", before=len(model_calls)))
        for issued in calls.split("|") if calls.strip() else []:
            for call in issued.split("&"):
                tool_calls.append(_call(f"{name}-{len(tool_calls)}", call, len(model_calls)))
            model_calls.append(ModelCallRecord())
        model_calls.append(ModelCallRecord(text="done"))
    return Trace(
        trace_id=name,
        task_id=task,
        success=success,
        messages=tuple(messages),
        model_calls=tuple(model_calls),
        tool_calls=tuple(tool_calls),
    )


def _call(call_id: str, text: str, model_call: int) -> ToolCallRecord:
    bang, tool, args, output = _CALL.fullmatch(text).groups()
    return ToolCallRecord(
        call_id=call_id,
        name=tool,
        args=dict(_argument(each) for each in _ARGUMENT.findall(args) if each.strip()),
        output=_value(output or "ok"),
        status="error" if bang else "ok",
        model_call=model_call,
    )


def _argument(text: str) -> tuple[str, JSONValue]:
    name, equals, value = text.partition("=")
    return (name.strip(), _value(value.strip())) if equals else ("id", _value(name.strip()))


def _value(text: str) -> JSONValue:
    try:
        return json.loads(text)
    except ValueError:
        return text
