"""Logs of Inspect AI: samples with their messages and scores, from `.json` and from the zip archives that end in `.eval`.

The events of a sample know every model call with its usage; the messages are only the last state. Events are taken if there are any.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from langchain_awo.capture.importers.account import ImportAccount
from langchain_awo.capture.importers.labels import scores_in
from langchain_awo.capture.importers.lines import (
    BadLine,
    BadRecordError,
    Numbered,
    list_in,
    object_in,
    parse_json,
    text_in,
)
from langchain_awo.capture.importers.span_trace import trace_of
from langchain_awo.capture.importers.spans import Span, seconds_of
from langchain_awo.capture.importers.specs import specs_in
from langchain_awo.capture.importers.turns import usage_in
from langchain_awo.errors import ImportFormatError
from langchain_awo.model.text.encoding import to_json
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import Trace

_ATTACHED: Final = "attachment://"
_LARGEST: Final = 512_000_000
_RATIO: Final = 200
_FREE: Final = 64_000_000


def is_inspect(value: Mapping[str, Any]) -> bool:
    """Whether a record is a sample, or a log around samples."""
    if "eval" in value and "samples" in value:
        return True
    return {"messages", "scores", "epoch"} <= value.keys() or {"messages", "epoch", "target"} <= value.keys()


def read_inspect(records: Iterable[Numbered], account: ImportAccount) -> Iterator[Trace]:
    """One trace for each sample."""
    for record in records:
        value = record.value
        samples = (
            list_in(value.get("samples")) if isinstance(value, Mapping) and "samples" in value else [value]
        )
        around = value if isinstance(value, Mapping) and "eval" in value else record.around
        for sample in samples:
            with account.reading(record):
                if not isinstance(sample, Mapping):
                    raise BadRecordError("expected a sample with messages")
                yield _trace(_with_attachments(sample), object_in(around.get("eval")), account)


def archive_records(path: Path) -> Iterator[Numbered | BadLine]:
    """The samples in an `.eval` archive.

    Raises:
        ImportFormatError: the archive is damaged, or no log.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [
                name for name in archive.namelist() if name.startswith("samples/") and name.endswith(".json")
            ]
            header = (
                object_in(parse_json(_member(archive, "header.json")))
                if "header.json" in archive.namelist()
                else {}
            )
            if not names:
                raise ImportFormatError(f"{path} is a zip archive; unpack it first, or name a log of Inspect")
            for number, name in enumerate(names, start=1):
                try:
                    yield Numbered(number, parse_json(_member(archive, name)), header)
                except ValueError as error:
                    yield BadLine(number, f"the sample {name} cannot be read: {error}")
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        zlib.error,
        EOFError,
        OSError,
        RuntimeError,
        ValueError,
    ) as error:
        raise ImportFormatError(f"{path} is a zip archive that cannot be read ({error})") from error


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    about = archive.getinfo(name)
    if about.file_size > _LARGEST or (
        about.file_size > _FREE and about.file_size > _RATIO * about.compress_size
    ):
        raise ValueError(f"it unpacks to {about.file_size // 10**6} MB")
    return archive.read(name)


def _trace(sample: Mapping[str, Any], about: Mapping[str, Any], account: ImportAccount) -> Trace:
    spans = [span for event in list_in(sample.get("events")) if (span := _span(object_in(event)))]
    model = text_in(about.get("model"))
    if not any(span.kind == "model" for span in spans):
        spans = _spans_of_messages(list_in(sample.get("messages")), model)
    name, epoch = text_in(sample.get("id")), sample.get("epoch")
    run = (
        text_in(sample.get("uuid"))
        or f"{text_in(about.get('run_id') or about.get('eval_id'))}-{name}-{epoch}"
    )
    scores = (
        object_in(sample.get("scores")) or {"score": sample["score"]}
        if sample.get("score")
        else object_in(sample.get("scores"))
    )
    further = {
        "task_id": name or None,
        "domain": text_in(about.get("task")),
        "trial": epoch,
        **object_in(sample.get("metadata")),
    }
    if sample.get("error"):
        further["error"] = text_in(object_in(sample["error"]).get("message"))
    values = ((key, object_in(score).get("value", score)) for key, score in scores.items())
    return trace_of(run, spans, account, scores=scores_in(values), further=further)


def _with_attachments(sample: Mapping[str, Any]) -> Mapping[str, Any]:
    """The sample with its long texts back in their places."""
    attached = object_in(sample.get("attachments"))
    return _restored(sample, attached) if attached else sample


def _restored(value: JSONValue, attached: Mapping[str, JSONValue]) -> Any:
    if isinstance(value, str):
        return attached.get(value.removeprefix(_ATTACHED), value) if value.startswith(_ATTACHED) else value
    if isinstance(value, list):
        return [_restored(item, attached) for item in value]
    if isinstance(value, Mapping):
        return {
            key: item if key == "attachments" else _restored(item, attached) for key, item in value.items()
        }
    return value


def _span(event: Mapping[str, Any]) -> Span | None:
    kind = event.get("event")
    identity = text_in(event.get("uuid")) or str(id(event))
    started, ended = seconds_of(event.get("timestamp")), seconds_of(event.get("completed"))
    if kind == "model":
        output = object_in(event.get("output"))
        choice = object_in(next(iter(list_in(output.get("choices"))), None))
        return Span(
            span_id=identity,
            kind="model",
            name="model",
            started_at=started,
            ended_at=ended,
            error=text_in(event.get("error")) or None,
            prompt=list_in(event.get("input")),
            reply=[choice["message"]] if choice.get("message") else [],
            model=text_in(output.get("model") or event.get("model")),
            usage=usage_in(output.get("usage")),
            offered=specs_in(event.get("tools")),
        )
    if kind == "tool":
        failure = object_in(event.get("error"))
        said = ": ".join(filter(None, (text_in(failure.get("type")), text_in(failure.get("message")))))
        return Span(
            span_id=identity,
            kind="tool",
            name=text_in(event.get("function")),
            started_at=started,
            ended_at=ended,
            error=said or None,
            args=to_json(object_in(event.get("arguments"))),
            output=to_json(event.get("result")),
            call_id=text_in(event.get("id")),
        )
    return None


def _spans_of_messages(messages: list[JSONValue], model: str) -> list[Span]:
    """A model call for each message of the assistant, with what stood before it; the rest after the last one."""
    spans: list[Span] = []
    before: list[JSONValue] = []
    for position, message in enumerate(messages):
        about = object_in(message)
        if about.get("role") == "assistant":
            spans.append(
                Span(
                    span_id=str(position),
                    kind="model",
                    prompt=before,
                    reply=[message],
                    model=text_in(about.get("model")) or model,
                )
            )
            before = []
        else:
            before.append(message)
    for position, message in enumerate(before):
        about = object_in(message)
        if about.get("role") == "tool":
            failure = object_in(about.get("error"))
            spans.append(
                Span(
                    span_id=f"tool {position}",
                    kind="tool",
                    name=text_in(about.get("function")),
                    call_id=text_in(about.get("tool_call_id")),
                    output=to_json(about.get("content")),
                    error=text_in(failure.get("message")) or None,
                )
            )
    return spans
