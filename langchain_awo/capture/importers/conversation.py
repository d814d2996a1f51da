"""One conversation in OpenAI's message shape, message by message, into the parts of a trace.

- Each assistant message is one model call; its `tool_calls` are the tool calls that model call issued.
- A user or system message stands before the model call that follows it.
- A tool message answers the nearest earlier call with its id that has no answer yet: some providers use `call_0`
  again and again. Such calls get ids of their own in the trace. A call without an answer is `abandoned`.
- Arguments that are no JSON object are kept under `RAW_ARGUMENTS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from langchain_awo.capture.importers.lines import BadRecordError, parse_json
from langchain_awo.capture.importers.outcome import error_in
from langchain_awo.model.encoding import dumps, project_output, to_json
from langchain_awo.model.trace import JSONValue, Message, ModelCallRecord, Status, ToolCallRecord

RAW_ARGUMENTS: Final = "__raw__"
"""Key under which arguments are kept, as the model wrote them, when they are not a JSON object."""

Role = Literal["system", "user", "assistant", "tool"]

_ROLES: Final[dict[str, Role]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "tool": "tool",
    "function": "tool",
}


@dataclass(slots=True)
class _Call:
    """A tool call that may still be waiting for its answer."""

    given_id: str | None
    call_id: str
    name: str
    args: dict[str, JSONValue]
    model_call: int
    scope: str
    output: JSONValue = None
    status: Status = "abandoned"
    error: str | None = None

    def record(self) -> ToolCallRecord:
        return ToolCallRecord(
            call_id=self.call_id,
            name=self.name,
            args=self.args,
            output=self.output,
            status=self.status,
            error=self.error,
            model_call=self.model_call,
            scope=self.scope,
        )


class Conversation:
    """Collects what a list of messages says.

    Args:
        model: name of the model, for the model calls.

    Raises:
        BadRecordError: (from `read`) a message is not what the format says; the text says what is wrong with it.
    """

    def __init__(self, *, model: str) -> None:
        self.messages: list[Message] = []
        self.model_calls: list[ModelCallRecord] = []
        self._model = model
        self._calls: list[_Call] = []
        self._used_ids: set[str] = set()

    @property
    def tool_calls(self) -> tuple[ToolCallRecord, ...]:
        """The tool calls in the order they were issued."""
        return tuple(call.record() for call in self._calls)

    def read(self, message: JSONValue) -> None:
        """Takes in the next message."""
        if not isinstance(message, Mapping):
            raise BadRecordError(f"expected an object with a role, found {_kind(message)}")
        given = message.get("role")
        match _ROLES.get(given) if isinstance(given, str) else None:
            case "system" | "user" as role:
                said = Message(role=role, text=text_of(message.get("content")), before=len(self.model_calls))
                self.messages.append(said)
            case "assistant":
                self._assistant(message)
            case "tool":
                self._tool(message)
            case None:
                raise BadRecordError(f"its role is {dumps(to_json(given))}, not one of {', '.join(_ROLES)}")

    def _assistant(self, message: Mapping[str, Any]) -> None:
        scope = message.get("name") or ""
        text = text_of(message.get("content")) or text_of(message.get("refusal"))
        issued = message.get("tool_calls") or []
        if not isinstance(issued, Sequence) or isinstance(issued, str):
            raise BadRecordError(f"expected a list as tool_calls, found {_kind(issued)}")
        if message.get("function_call"):
            issued = [*issued, {"function": message["function_call"]}]
        calls = [self._call(call, scope=str(scope)) for call in issued]
        self.model_calls.append(ModelCallRecord(model=self._model, scope=str(scope), text=text))
        self._calls += calls

    def _call(self, call: Any, *, scope: str) -> _Call:
        if not isinstance(call, Mapping):
            raise BadRecordError(f"expected an object as tool call, found {_kind(call)}")
        what = call.get("function") or call.get("custom") or call
        name = what.get("name") if isinstance(what, Mapping) else None
        if not isinstance(name, str) or not name:
            raise BadRecordError("a tool call has no function name")
        written = next((what[key] for key in ("arguments", "args", "input") if key in what), None)
        given_id = call.get("id")
        return _Call(
            given_id=None if given_id is None else str(given_id),
            call_id=self._unused_id(given_id),
            name=name,
            args=arguments_of(written),
            model_call=len(self.model_calls),
            scope=scope,
        )

    def _unused_id(self, given: object) -> str:
        base = str(given) if given not in (None, "") else f"call-{len(self._used_ids)}"
        call_id, repeats = base, 1
        while call_id in self._used_ids:
            repeats += 1
            call_id = f"{base}#{repeats}"
        self._used_ids.add(call_id)
        return call_id

    def _tool(self, message: Mapping[str, Any]) -> None:
        call = self._waiting(message.get("tool_call_id"), message.get("name"))
        call.output = project_output(message.get("content"))
        said = error_in(call.output)
        failed = message.get("status") == "error" or said is not None
        call.status = "error" if failed else "ok"
        call.error = (said or text_of(message.get("content"))) if failed else None

    def _waiting(self, call_id: object, name: object) -> _Call:
        """The call a tool message answers: of the nearest model call, and there the first that fits."""
        fitting = [call for call in self._calls if call.status == "abandoned" and _fits(call, call_id, name)]
        if not fitting:
            what = (
                f"the call {dumps(to_json(call_id))}"
                if call_id is not None
                else f"a call of {name or 'a tool'}"
            )
            raise BadRecordError(
                f"it answers {what}, but no earlier message has such a call without an answer"
            )
        nearest = max(call.model_call for call in fitting)
        return next(call for call in fitting if call.model_call == nearest)


def text_of(content: JSONValue) -> str:
    """The words of a message; a block that is no text stands as its type, such as `[image_url]`."""
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, Sequence):
        return dumps(to_json(content))
    return "\n".join(_block_text(block) for block in content)


def arguments_of(written: JSONValue) -> dict[str, JSONValue]:
    """The arguments of a tool call, from the JSON text the model wrote or from an object."""
    value = written
    if isinstance(written, str):
        try:
            value = parse_json(written) if written.strip() else {}
        except ValueError:
            return {RAW_ARGUMENTS: written}
    if value is None:
        return {}
    return to_json(value) if isinstance(value, Mapping) else {RAW_ARGUMENTS: written}


def _block_text(block: JSONValue) -> str:
    if isinstance(block, str):
        return block
    if isinstance(block, Mapping):
        return str(block["text"]) if "text" in block else f"[{block.get('type', 'block')}]"
    return dumps(to_json(block))


def _fits(call: _Call, call_id: object, name: object) -> bool:
    if call_id is not None:
        return call.given_id == str(call_id)
    return name is None or call.name == name


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
