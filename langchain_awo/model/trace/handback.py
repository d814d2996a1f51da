"""The hand-back: what a model is told of a routine's run, as a type, as JSON, and read back from it.

As JSON a hand-back is an object::

    {"status": "completed", "steps": [...], "notes": [...]}
    {"status": "stopped", "steps": [...], "failed": {...} or "reason": "...", "remaining": [...], "resume_token": "..."}

A step that ran once is told with its arguments and its output. One that ran for each item of a list is one entry: where
its outputs say themselves which item they are of, they stand alone, and else each with its arguments::

    {"step": 2, "tool": "get_order", "for_each": "order_id", "outputs": [{"order_id": "A", "total": 12}, ...]}
    {"step": 2, "tool": "get_order", "calls": [{"args": {"order_id": "A"}, "output": "paid"}, ...]}

What was fetched unasked stands below another tool's answer, as an object of a note and of steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

from langchain_awo.model.text.encoding import dumps, loads
from langchain_awo.model.text.json_value import JSONValue

FETCHED_NOTE: Final = "Prefetched and current; use these results and do not repeat these calls."
"""What the model is told of results it did not ask for."""

_NOTES: Final = (FETCHED_NOTE, "Fetched along with it, up to date; there is no need to call these again.")
"""What it is told, and what it was told when older recordings were made."""

CUT: Final = "cut:"
"""How the note of a step begins of which something was left out for its length."""

Entry = dict[str, JSONValue]
"""One entry of `steps`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldCall:
    """A call of an original tool that a hand-back tells of; `error` if it failed."""

    step: int
    tool: str
    args: dict[str, JSONValue]
    output: JSONValue = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandBack:
    """What became of a routine.

    Attributes:
        is_stopped: it ended before its last step.
        calls: the calls that were made and succeeded, in order.
        failed: the call that it stopped at, if it was a failure.
        reason: why it stopped, if it was none.
        remaining: the calls that were not made, with the arguments that are known.
        resume_token: names the run to whoever calls the meta-tool again; empty if it was completed.
        notes: what else is worth knowing, in sentences.
        is_whole: no output was cut and every entry could be read. Always so for one that was not read back.
    """

    is_stopped: bool = False
    calls: tuple[ToldCall, ...] = ()
    failed: ToldCall | None = None
    reason: str = ""
    remaining: tuple[ToldCall, ...] = ()
    resume_token: str = ""
    notes: tuple[str, ...] = ()
    is_whole: bool = True

    def to_json(self, steps: Sequence[Entry] | None = None) -> dict[str, JSONValue]:
        """The hand-back as JSON.

        Args:
            steps: entries in place of one for each call, see `tell_step`.
        """
        told: dict[str, JSONValue] = {"status": "stopped" if self.is_stopped else "completed"}
        told["steps"] = [tell_call(call) for call in self.calls] if steps is None else list(steps)
        if self.is_stopped:
            told |= {"failed": tell_call(self.failed)} if self.failed else {"reason": self.reason}
            told["remaining"] = [
                {"step": left.step, "tool": left.tool, "args": left.args} for left in self.remaining
            ]
            told["resume_token"] = self.resume_token
        if self.notes:
            told["notes"] = list(self.notes)
        return told

    @classmethod
    def read(cls, told: JSONValue) -> Self | None:
        """What the content or the artifact of a meta-tool's message says, or `None` if it is no hand-back.

        >>> HandBack.read('{"status":"completed","steps":[{"step":1,"tool":"f","args":{"x":1},"output":2}]}').calls
        (ToldCall(step=1, tool='f', args={'x': 1}, output=2, error=None),)
        """
        document = _parse_json(told)
        if not isinstance(document, Mapping) or document.get("status") not in ("completed", "stopped"):
            return None
        steps = _get_list(document, "steps")
        read = [_read_calls(step) for step in steps]
        calls = tuple(call for each in read for call in each or ())
        is_readable = (
            isinstance(document.get("steps"), list)
            and None not in read
            and all(call.error is None for call in calls)
        )
        return cls(
            is_stopped=document["status"] == "stopped",
            calls=calls,
            failed=_read_call(document.get("failed")),
            reason=str(document.get("reason", "")),
            remaining=tuple(filter(None, map(_read_call, _get_list(document, "remaining")))),
            resume_token=str(document.get("resume_token", "")),
            notes=tuple(map(str, _get_list(document, "notes"))),
            is_whole=is_readable and not any(map(_is_cut, steps)),
        )

    def told_calls(self) -> list[ToldCall]:
        """The calls that were made, the failed one last."""
        return [*self.calls, *([self.failed] if self.failed else [])]


def tell_call(call: ToldCall) -> Entry:
    """One call as an entry of its own."""
    head: Entry = {"step": call.step, "tool": call.tool, "args": call.args}
    return {**head, "output": call.output} if call.error is None else {**head, "error": call.error}


def tell_step(calls: Sequence[ToldCall]) -> Entry:
    """The calls of a step that ran for each item as one entry, in the shortest of its forms.

    >>> told = [ToldCall(step=2, tool="f", args={"x": x, "y": 0}, output=x * 2) for x in (1, 2)]
    >>> tell_step(told)["calls"]
    [{'args': {'x': 1}, 'output': 2}, {'args': {'x': 2}, 'output': 4}]
    """
    head: Entry = {"step": calls[0].step, "tool": calls[0].tool}
    shared = _find_shared([call.args for call in calls])
    own = [{name: value for name, value in call.args.items() if name not in shared} for call in calls]
    head |= {"args": shared} if shared else {}
    names = list(own[0])
    if names and all(_repeats_arguments(call.output, args) for call, args in zip(calls, own, strict=True)):
        outputs = [call.output for call in calls]
        return {**head, "for_each": names[0] if len(names) == 1 else names, "outputs": outputs}
    return {
        **head,
        "calls": [{"args": args, "output": call.output} for args, call in zip(own, calls, strict=True)],
    }


def tell_fetched(steps: Sequence[Entry]) -> str:
    """What was fetched unasked, as the text that stands below another tool's answer."""
    return dumps({"note": FETCHED_NOTE, "steps": list(steps)})


def split_fetched(content: JSONValue) -> tuple[JSONValue, list[ToldCall]]:
    """A tool's own answer, and the calls that were made unasked and told of below it, as far as they are whole.

    Below a text it is a paragraph, below content blocks it is a block, and a line where the text of these was joined.

    >>> split_fetched("paid")
    ('paid', [])
    """
    own, below = _split_last(content)
    told = _parse_json(below) if any(note in below for note in _NOTES) else None
    if not isinstance(told, Mapping) or told.get("note") not in _NOTES:
        return content, []
    steps = _get_list(told, "steps")
    calls = [None if _is_cut(step) else _read_calls(step) for step in steps]
    told_whole = [call for each in calls for call in each or () if call.error is None]
    return own, [] if None in calls else told_whole


def _split_last(content: JSONValue) -> tuple[JSONValue, str]:
    """A text without its last line, or blocks without the last one, and the text of that."""
    if isinstance(content, str):
        own, _, below = content.rpartition("\n")
        return own.removesuffix("\n"), below
    last = content[-1] if isinstance(content, list) and content else None
    text = last.get("text") if isinstance(last, Mapping) else None
    return (content[:-1], text) if isinstance(content, list) and isinstance(text, str) else (content, "")


def _parse_json(text: JSONValue) -> JSONValue:
    try:
        return loads(text) if isinstance(text, str) else text
    except ValueError:
        return None


def _get_list(document: Mapping[str, JSONValue], name: str) -> list[JSONValue]:
    value = document.get(name)
    return value if isinstance(value, list) else []


def _is_cut(step: JSONValue) -> bool:
    return isinstance(step, Mapping) and str(step.get("note", "")).startswith(CUT)


def _read_call(told: JSONValue) -> ToldCall | None:
    """A call that failed or was not made; of one whose arguments are unreadable, at least which it was."""
    if not isinstance(told, Mapping) or type(told.get("step")) is not int:
        return None
    args, error = told.get("args"), told.get("error")
    return ToldCall(
        step=told["step"],
        tool=str(told.get("tool", "")),
        args=dict(args) if isinstance(args, Mapping) else {},
        error=None if error is None else str(error),
    )


def _read_calls(step: JSONValue) -> list[ToldCall] | None:
    """The calls of one entry; of one that was cut or is unreadable, at least that it was made, if even that is told."""
    head = _read_call(step)
    if head is None:
        return None
    if _is_cut(step):
        return [head]
    try:
        return [
            replace(head, args={**head.args, **own}, output=output) for own, output in _iterate_items(step)
        ]
    except (AttributeError, KeyError, TypeError, ValueError):
        return [replace(head, error="unreadable")]


def _iterate_items(step: Mapping[str, JSONValue]) -> Iterator[tuple[dict[str, JSONValue], JSONValue]]:
    """Arguments that are a call's own, and its output."""
    if "for_each" in step:
        names = [step["for_each"]] if isinstance(step["for_each"], str) else step["for_each"]
        yield from (({name: output[name] for name in names}, output) for output in step["outputs"])
    elif "calls" in step:
        yield from ((dict(call["args"]), call["output"]) for call in step["calls"])
    else:
        yield {}, step["output"]


def _find_shared(args: Sequence[dict[str, JSONValue]]) -> dict[str, JSONValue]:
    """Arguments that all of several calls have in common."""
    if len(args) == 1:
        return {}
    first, *others = args
    return {
        name: value
        for name, value in first.items()
        if all(name in other and dumps(other[name]) == dumps(value) for other in others)
    }


def _repeats_arguments(output: JSONValue, args: Mapping[str, JSONValue]) -> bool:
    """Whether an output names the arguments it was got with, each under its own name."""
    return isinstance(output, dict) and all(
        name in output and dumps(output[name]) == dumps(value) for name, value in args.items()
    )
