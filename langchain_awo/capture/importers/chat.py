"""One chat message, of any provider and in any of LangChain's three serialisations, into what happened in it.

LangChain writes messages as `model_dump` {type, content, ...}, `messages_to_dict` {type, data} and `dumpd` {lc, id, kwargs};
providers write {role, content} with calls beside the content or in its blocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal

from langchain_awo.capture.importers.blocks import (
    Content,
    Unread,
    read_content,
    read_id,
    read_message_text,
    read_output,
)
from langchain_awo.capture.importers.lines import (
    BadRecordError,
    abbreviate,
    describe_kind,
    parse_container,
    read_text,
)
from langchain_awo.capture.importers.responses import ResponseItems, is_item
from langchain_awo.capture.importers.turns import (
    Answer,
    Item,
    MessageText,
    RequestedCall,
    Turn,
    read_call_arguments,
    read_usage,
)
from langchain_awo.model.text.encoding import dumps, project_output, to_json
from langchain_awo.model.text.json_value import JSONValue

Role = Literal["system", "user", "assistant", "tool", "none"]

ROLES: Final[dict[str, Role]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "model": "assistant",
    "tool": "tool",
    "function": "tool",
    "remove": "none",
}
"""What the roles of providers and the types of LangChain's messages mean."""

PAIR: Final = 2
_OWN_WORDS: Final = ("summarization",)
"""`lc_source` of messages that LangChain's middleware puts in a user's place."""


def read_items(messages: Iterable[JSONValue], unread: Unread) -> Iterator[Item]:
    """What happened in a list of messages.

    Raises:
        BadRecordError: a message is not one; the text says which, and what is wrong with it.
    """
    responses = ResponseItems(unread)
    for position, message in enumerate(messages, start=1):
        try:
            yield from responses.read(message) if is_item(message) else read_message(message, unread)
        except BadRecordError as error:
            raise BadRecordError(f"message {position}: {error}") from error


def is_message(value: JSONValue) -> bool:
    """Whether a value looks like a chat message."""
    plain = unwrap(value)
    return (
        isinstance(plain, Mapping)
        and _read_role(plain) is not None
        and not {"messages", "inputs"} & plain.keys()
    )


def unwrap(message: JSONValue) -> JSONValue:
    """A message as {role or type, content, ...}, whatever LangChain wrapped it in."""
    if _is_pair(message):
        return {"role": message[0], "content": message[1]}
    if not isinstance(message, Mapping):
        return message
    kwargs, data = message.get("kwargs"), message.get("data")
    if "lc" in message and isinstance(kwargs, Mapping):
        names = message.get("id")
        name = str(names[-1]) if isinstance(names, Sequence) and names else ""
        kind = name.removesuffix("Chunk").removesuffix("Message").lower()
        return {**kwargs, "type": kwargs.get("role", kind) if kind == "chat" else kind}
    if isinstance(data, Mapping) and isinstance(message.get("type"), str):
        return {**data, "type": message["type"]}
    inner = message.get("message")
    if isinstance(inner, Mapping) and "role" not in message and _read_role(inner):
        return inner
    return message


def _is_pair(message: object) -> bool:
    """Whether it is ("user", "text")."""
    return (
        isinstance(message, list | tuple)
        and len(message) == PAIR
        and all(isinstance(part, str) for part in message)
    )


def read_message(message: JSONValue, unread: Unread) -> list[Item]:
    """What happened in one message.

    Raises:
        BadRecordError: it is not a message; the text says what is wrong with it.
    """
    plain = unwrap(message)
    if not isinstance(plain, Mapping):
        raise BadRecordError(f"expected an object with a role, found {describe_kind(message)}")
    role = _read_role(plain)
    if role is None:
        given = plain.get("role", plain.get("type"))
        raise BadRecordError(f"its role is {abbreviate(given)}, not one of {', '.join(ROLES)}")
    content = read_content(content_of(plain), unread) if role != "tool" else Content()
    match role:
        case "system" | "user":
            return _read_from_outside(role, plain, content)
        case "assistant":
            return [_read_turn(plain, content), *content.answers]
        case "tool":
            return list(_read_answers(plain, unread))
        case _:
            return []


def _read_role(message: Mapping[str, Any]) -> Role | None:
    given = message.get("role")
    given = given if given is not None else message.get("type")
    given = given.removesuffix("MessageChunk").lower() if isinstance(given, str) else ""
    return ROLES.get(given)


def content_of(message: Mapping[str, Any]) -> JSONValue:
    """The content of a message: Gemini and OpenTelemetry have `parts` instead."""
    content = message.get("content")
    return message.get("parts") if content is None else content


def _read_from_outside(
    role: Literal["system", "user"], message: Mapping[str, Any], content: Content
) -> list[Item]:
    """A user's words; Anthropic, Bedrock and Gemini put the results of tools beside them."""
    further = message.get("additional_kwargs")
    if isinstance(further, Mapping) and further.get("lc_source") in _OWN_WORDS:
        return []
    message_id = read_text(message.get("id")) or None
    said = (
        [MessageText(role=role, text=content.text, message_id=message_id)]
        if content.texts or not content.answers
        else []
    )
    return [*content.answers, *said]


def _read_turn(message: Mapping[str, Any], content: Content) -> Turn:
    about = message.get("response_metadata")
    about = about if isinstance(about, Mapping) else {}
    usage = next((message[key] for key in ("usage_metadata", "usage") if message.get(key)), None)
    return Turn(
        text=content.text or read_message_text(message.get("refusal")),
        asks=_read_calls(message, content),
        model=read_text(message.get("model") or about.get("model_name") or about.get("model")),
        usage=read_usage(usage) or read_usage(about.get("token_usage")) or read_usage(about.get("usage")),
        scope=read_text(message.get("name")),
    )


def _read_calls(message: Mapping[str, Any], content: Content) -> tuple[RequestedCall, ...]:
    """The calls beside the content, or in it; some providers write them in both places."""
    further = message.get("additional_kwargs")
    further = further if isinstance(further, Mapping) else {}
    beside = parse_container(message.get("tool_calls")) or parse_container(further.get("tool_calls")) or []
    if not isinstance(beside, list):
        raise BadRecordError(f"expected a list as tool_calls, found {describe_kind(beside)}")
    beside = [*beside, *_as_list(message.get("invalid_tool_calls"))]
    legacy = message.get("function_call") or (None if beside else further.get("function_call"))
    asked = [_read_call(call) for call in (*beside, *([{"function": legacy}] if legacy else []))]
    if not asked:
        return tuple(content.asks)
    known = {ask.call_id for ask in asked} | {""}
    return (*asked, *(ask for ask in content.asks if ask.call_id not in known))


def _as_list(value: JSONValue) -> list[Any]:
    return value if isinstance(value, list) else []


def _read_call(call: Any) -> RequestedCall:
    if not isinstance(call, Mapping):
        raise BadRecordError(f"expected an object as tool call, found {describe_kind(call)}")
    inner = call.get("function") or call.get("custom")
    what = inner if isinstance(inner, Mapping) else call
    name = inner if isinstance(inner, str) else what.get("name") or what.get("toolName")
    if not isinstance(name, str) or not name:
        raise BadRecordError("a tool call has no function name")
    written = next((what[key] for key in ("arguments", "args", "input") if key in what), None)
    return RequestedCall(
        name=name,
        args=read_call_arguments(written),
        call_id=read_id(call.get("id") or call.get("call_id") or call.get("toolCallId")),
    )


def _read_answers(message: Mapping[str, Any], unread: Unread) -> Iterator[Answer]:
    """The results in a tool message: one, or one for each block that says which call it answers."""
    content = content_of(message)
    blocks = read_content(content, unread).answers if isinstance(content, list) else []
    if blocks:
        yield from blocks
        return
    output = project_output(read_output(content), message.get("artifact"))
    failure = message.get("error")
    failed = bool(failure) or message.get("status") == "error" or message.get("is_error") is True
    name = message.get("name") or message.get("function") or message.get("toolName")
    yield Answer(
        call_id=read_id(message.get("tool_call_id") or message.get("toolCallId") or message.get("call_id")),
        own_id=read_text(message.get("id")),
        name=read_text(name),
        output=output,
        status="error" if failed else None,
        error=_read_failure(failure, content) if failed else None,
    )


def _read_failure(failure: JSONValue, content: JSONValue) -> str:
    """What went wrong in words: of the error itself if it has any, else of the output."""
    if isinstance(failure, Mapping):
        words = [read_text(failure.get(key)) for key in ("type", "message")]
        return ": ".join(filter(None, words)) or dumps(to_json(failure))
    return failure if isinstance(failure, str) else read_message_text(content)
