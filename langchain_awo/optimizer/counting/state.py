"""A summary as a file, so that tonight's traces can be added to yesterday's.

Gzip of JSON lines: the counts, then the traces of the sample. The same summary gives the same bytes.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from langchain_awo.errors import CompileError
from langchain_awo.model.ir.schema import dump, load_tool_spec, load_trace
from langchain_awo.model.text.encoding import dump_line, loads
from langchain_awo.model.trace.trace import TRACE_SCHEMA_VERSION
from langchain_awo.optimizer.counting.distinct import Distinct
from langchain_awo.optimizer.counting.sample import Bounds, Sample, SampledTrace
from langchain_awo.optimizer.counting.summary import Summary
from langchain_awo.small_files import lock_file, replace_file

KIND: Final = "mining state"
VERSION: Final = 1
"""Version of the file; a change of what is counted, or how, is a new one."""

MAX_RATIO: Final = 200
"""A state that unpacks to more times its size is a trap; recorded text packs to a tenth, and seldom to a fiftieth."""

FREE: Final = 64_000_000
"""Bytes that any state may unpack to, however well it is packed."""


def to_bytes(summary: Summary) -> bytes:
    """The summary as the bytes of a file."""
    return gzip.compress(b"\n".join(_encode_lines(summary)), compresslevel=3, mtime=0)


def from_bytes(data: bytes, *, where: str = "the state") -> Summary:
    """The summary in some bytes.

    Args:
        where: what to call it in errors.

    Raises:
        CompileError: they are no state, or one of another version.
    """
    try:
        head, *lines = _unpack(data).splitlines()
        found = loads(head)
        if not isinstance(found, dict) or found.get("langchain_awo") != KIND:
            raise CompileError(f"{where} is not a mining state; choose another path, or remove it")
        _check_version(found, where)
        return _decode_summary(found, lines)
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CompileError(
            f"{where} is not a mining state, or is cut off ({error}); remove it and compile all traces again"
        ) from error


def read_state(path: str | os.PathLike[str], *, only: dict[str, str] | None = None) -> Summary:
    """The state in a file, or an empty one if there is no file yet.

    Args:
        only: what the traces to add are selected by.

    Raises:
        CompileError: the file is no state, or one of another version, of other bounds or of other traces.
    """
    file = Path(path)
    asked = Summary(only=only or {})
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return asked
    except (OSError, ValueError) as error:  # a NUL in the name is a ValueError
        raise CompileError(f"{file} cannot be read: {getattr(error, 'strerror', '') or error}") from error
    found = from_bytes(data, where=str(file))
    if found.bounds != asked.bounds:
        raise CompileError(
            f"{file} was counted with other bounds ({found.bounds}); compile all traces into a new one"
        )
    if found.only != asked.only:
        raise CompileError(
            f"{file} holds traces with {_describe_condition(found.only)}, and {_describe_condition(asked.only)} is asked for now; use another file"
        )
    return found


def read_stamp(path: str | os.PathLike[str]) -> str:
    """What tells one content of a state file from another; empty if there is no file.

    Raises:
        CompileError: the file cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise CompileError(f"{path} cannot be read: {error.strerror or error}") from error


def write_state(summary: Summary, path: str | os.PathLike[str], *, stamp: str | None = None) -> None:
    """Writes a state, whole or not at all, readable by its owner only: it holds recorded traces.

    Args:
        summary: what to write.
        path: where to.
        stamp: of the content it was counted from; another content is left as it is.

    Raises:
        CompileError: the file cannot be written, or another process wrote it since.
    """
    target = Path(path)
    try:
        with lock_file(target):
            if stamp is not None and read_stamp(target) != stamp:
                raise CompileError(
                    f"{target} was written by another process meanwhile; compile again, what is in it is not counted twice"
                )
            replace_file(target, to_bytes(summary), private=True)
    except OSError as error:
        raise CompileError(
            f"{target} cannot be written: {error.strerror or error}; choose another path"
        ) from error


def _unpack(data: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    unpacked = unpacker.decompress(data, max(FREE, MAX_RATIO * len(data)))
    if unpacker.unconsumed_tail:
        raise ValueError(f"it unpacks to more than {MAX_RATIO} times its size")
    if not unpacker.eof or unpacker.unused_data:
        raise EOFError("it does not end where it should")
    return unpacked


def _check_version(head: dict[str, Any], where: str) -> None:
    found = (head.get("version"), head.get("traces_version"))
    if found != (VERSION, TRACE_SCHEMA_VERSION):
        raise CompileError(
            f"{where} is a mining state of version {found[0]} of traces of version {found[1]}; this langchain_awo reads "
            f"version {VERSION} of {TRACE_SCHEMA_VERSION}. Remove it and compile all traces again."
        )


def _encode_lines(summary: Summary) -> Iterator[bytes]:
    """The keys of traces and specifications stay in their order: a plan shows constants and schemas as they were recorded."""
    items = summary.sample.items()
    yield dump_line(
        {
            "langchain_awo": KIND,
            "version": VERSION,
            "traces_version": TRACE_SCHEMA_VERSION,
            "bounds": asdict(summary.bounds),
            "only": dict(sorted(summary.only.items())),
            "traces": summary.traces,
            "model_calls": summary.model_calls,
            "calls": dict(sorted(summary.calls.items())),
            "replayed": sorted(summary.replayed),
            "checksum": f"{summary.checksum:016x}",
            "specs": [dump(summary.specs[name]) for name in sorted(summary.specs)],
            "ids": summary.ids.to_text(),
            "runs": summary.runs.to_text(),
            "tasks": summary.tasks.to_text(),
        }
    )
    yield from (
        dump_line({"key": item.key, "weight": item.weight, "cut": item.cut, "trace": dump(item.trace)})
        for item in items
    )


def _decode_summary(head: dict[str, Any], lines: list[bytes]) -> Summary:
    found = Summary(
        Bounds(**head["bounds"]),
        only=head["only"],
        traces=head["traces"],
        model_calls=head["model_calls"],
        calls=Counter(head["calls"]),
        replayed=set(head["replayed"]),
        specs={spec.name: spec for spec in map(load_tool_spec, head["specs"])},
        checksum=int(head["checksum"], 16),
        ids=Distinct.from_text(head["ids"]),
        runs=Distinct.from_text(head["runs"]),
        tasks=Distinct.from_text(head["tasks"]),
    )
    found.sample = Sample(found.bounds)
    for item in map(loads, lines):
        found.sample.put(
            SampledTrace(item["key"], item["weight"], cut=item["cut"], trace=load_trace(item["trace"]))
        )
    return found


def _describe_condition(only: dict[str, str]) -> str:
    return " and ".join(f"{name} {value!r}" for name, value in sorted(only.items())) or "no condition"
