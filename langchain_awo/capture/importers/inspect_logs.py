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
from langchain_awo.capture.importers.labels import read_scores
from langchain_awo.capture.importers.lines import (
    BadLine,
    BadRecordError,
    Numbered,
    list_in,
    parse_json,
    read_object,
    read_text,
)
from langchain_awo.capture.importers.span_trace import build_trace
from langchain_awo.capture.importers.spans import Span, parse_seconds
from langchain_awo.capture.importers.specs import read_specs
from langchain_awo.capture.importers.turns import read_usage
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
                yield _read_sample(_with_attachments(sample), read_object(around.get("eval")), account)


def read_archive(path: Path) -> Iterator[Numbered | BadLine]:
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
                read_object(parse_json(_read_member(archive, "header.json")))
                if "header.json" in archive.namelist()
                else {}
            )
            if not names:
                raise ImportFormatError(f"{path} is a zip archive; unpack it first, or name a log of Inspect")
            for number, name in enumerate(names, start=1):
                try:
                    yield Numbered(number, parse_json(_read_member(archive, name)), header)
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


def _read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    about = archive.getinfo(name)
    if about.file_size > _LARGEST or (
        about.file_size > _FREE and about.file_size > _RATIO * about.compress_size
    ):
        raise ValueError(f"it unpacks to {about.file_size // 10**6} MB")
    return archive.read(name)


def _read_sample(sample: Mapping[str, Any], about: Mapping[str, Any], account: ImportAccount) -> Trace:
    spans = [span for event in list_in(sample.get("events")) if (span := _build_span(read_object(event)))]
    model = read_text(about.get("model"))
    if not any(span.kind == "model" for span in spans):
        spans = _build_message_spans(list_in(sample.get("messages")), model)
    name, epoch = read_text(sample.get("id")), sample.get("epoch")
    run = (
        read_text(sample.get("uuid"))
        or f"{read_text(about.get('run_id') or about.get('eval_id'))}-{name}-{epoch}"
    )
    scores = (
        read_object(sample.get("scores")) or {"score": sample["score"]}
        if sample.get("score")
        else read_object(sample.get("scores"))
    )
    further = {
        "task_id": name or None,
        "domain": read_text(about.get("task")),
        "trial": epoch,
        **read_object(sample.get("metadata")),
    }
    if sample.get("error"):
        further["error"] = read_text(read_object(sample["error"]).get("message"))
    values = ((key, read_object(score).get("value", score)) for key, score in scores.items())
    return build_trace(run, spans, account, scores=read_scores(values), further=further)


def _with_attachments(sample: Mapping[str, Any]) -> Mapping[str, Any]:
    """The sample with its long texts back in their places."""
    attached = read_object(sample.get("attachments"))
    return _restore_attachments(sample, attached) if attached else sample


def _restore_attachments(value: JSONValue, attached: Mapping[str, JSONValue]) -> Any:
    if isinstance(value, str):
        return attached.get(value.removeprefix(_ATTACHED), value) if value.startswith(_ATTACHED) else value
    if isinstance(value, list):
        return [_restore_attachments(item, attached) for item in value]
    if isinstance(value, Mapping):
        return {
            key: item if key == "attachments" else _restore_attachments(item, attached)
            for key, item in value.items()
        }
    return value


def _build_span(event: Mapping[str, Any]) -> Span | None:
    kind = event.get("event")
    identity = read_text(event.get("uuid")) or str(id(event))
    started, ended = parse_seconds(event.get("timestamp")), parse_seconds(event.get("completed"))
    if kind == "model":
        output = read_object(event.get("output"))
        choice = read_object(next(iter(list_in(output.get("choices"))), None))
        return Span(
            span_id=identity,
            kind="model",
            name="model",
            started_at=started,
            ended_at=ended,
            error=read_text(event.get("error")) or None,
            prompt=list_in(event.get("input")),
            reply=[choice["message"]] if choice.get("message") else [],
            model=read_text(output.get("model") or event.get("model")),
            usage=read_usage(output.get("usage")),
            offered=read_specs(event.get("tools")),
        )
    if kind == "tool":
        failure = read_object(event.get("error"))
        said = ": ".join(filter(None, (read_text(failure.get("type")), read_text(failure.get("message")))))
        return Span(
            span_id=identity,
            kind="tool",
            name=read_text(event.get("function")),
            started_at=started,
            ended_at=ended,
            error=said or None,
            args=to_json(read_object(event.get("arguments"))),
            output=to_json(event.get("result")),
            call_id=read_text(event.get("id")),
        )
    return None


def _build_message_spans(messages: list[JSONValue], model: str) -> list[Span]:
    """A model call for each message of the assistant, with what stood before it; the rest after the last one."""
    spans: list[Span] = []
    before: list[JSONValue] = []
    for position, message in enumerate(messages):
        about = read_object(message)
        if about.get("role") == "assistant":
            spans.append(
                Span(
                    span_id=str(position),
                    kind="model",
                    prompt=before,
                    reply=[message],
                    model=read_text(about.get("model")) or model,
                )
            )
            before = []
        else:
            before.append(message)
    for position, message in enumerate(before):
        about = read_object(message)
        if about.get("role") == "tool":
            failure = read_object(about.get("error"))
            spans.append(
                Span(
                    span_id=f"tool {position}",
                    kind="tool",
                    name=read_text(about.get("function")),
                    call_id=read_text(about.get("tool_call_id")),
                    output=to_json(about.get("content")),
                    error=read_text(failure.get("message")) or None,
                )
            )
    return spans
