"""What is fuzzed: each target takes bytes, and raises only when the code under it does something wrong."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeAlias

from langchain_core.messages import messages_from_dict

from langchain_awo.capture.importers import import_traces
from langchain_awo.capture.importers.formats import FORMATS
from langchain_awo.capture.redaction import UNREADABLE, Redactor
from langchain_awo.cli.config import FILE, read_config
from langchain_awo.errors import AwoError
from langchain_awo.model.ir.seal import seal_of
from langchain_awo.model.text.encoding import decode, dump_line, dumps, loads
from langchain_awo.model.trace.trace import ToolCallRecord, Trace
from langchain_awo.model.views.notation import format_meta_tool, format_plan
from langchain_awo.model.views.notation_parser import parse_meta_tool, parse_meta_tools
from langchain_awo.optimizer.counting.state import from_bytes
from langchain_awo.optimizer.rules.file import load_rules
from langchain_awo.plan_file import PlanFile, decode_plan, encode_plan, read_plan
from langchain_awo.review.actions import parse_change
from langchain_awo.review.state import review_state
from langchain_awo.runtime.journal.signing import verify
from langchain_awo.stores import open_store
from tests.fuzz.seeds import reviewed_plan

Target: TypeAlias = Callable[[bytes], None]

_READERS: Final = (None, *(name for name in FORMATS if name != "checkpoints"))
_MEMORY: Final = Path("/dev/shm")  # noqa: S108  # files that no disk sees, where there is such a folder
_TEMPORARY: Final = tempfile.TemporaryDirectory(prefix="fuzz-", dir=_MEMORY if _MEMORY.is_dir() else None)
_REDACTOR: Final = Redactor(key=lambda: b"k" * 32)


def read_records(data: bytes) -> None:
    """Imports a file; its first byte says as which format, or that it is to be recognised."""
    name = _READERS[data[0] % len(_READERS)] if data else None
    with suppress(AwoError):
        for trace in import_traces(data[1:].splitlines(keepends=True), name, on_skipped=lambda _: None):
            stored = dump_line(trace.metadata)
            assert loads(stored) == trace.metadata
            assert trace.trace_id


def read_lines(data: bytes) -> None:
    """Reads a store of JSON lines."""
    path = _file("store.jsonl", data)
    with suppress(AwoError), open_store(path, create=False) as store:
        found = list(store.traces(on_error=lambda _: None))
        assert len({trace.trace_id for trace in found}) == len(found) <= data.count(b"\n") + 1


def read_database(data: bytes) -> None:
    """Reads a SQLite file, perhaps one with checkpoints."""
    path = _file("store.db", data)
    with suppress(AwoError), open_store(path, create=False) as store:
        list(store.traces(on_error=lambda _: None))
    with suppress(AwoError):
        list(import_traces(path, on_skipped=lambda _: None))


def mask_text(data: bytes) -> None:
    """Masks a text; nothing fails, and what was masked once stays as it is."""
    text = data.decode("utf-8", "surrogateescape")
    first = _masked(text)
    assert UNREADABLE not in str(first)
    assert _masked(first) == first


def _masked(output: object) -> object:
    call = ToolCallRecord(call_id="c", name="t", output=output)  # type: ignore[arg-type]  # as it comes
    return _REDACTOR.redact(Trace(trace_id="x", tool_calls=(call,))).tool_calls[0].output


def read_text(data: bytes) -> None:
    """Reads JSON, and finds the structure of an output."""
    with suppress(ValueError):
        loads(data)
    text = data.decode("utf-8", "replace")
    value = decode(text)
    assert loads(dump_line(value)) == loads(dump_line(loads(dump_line(value))))


def read_messages(data: bytes) -> None:
    """Imports LangChain's own messages, where LangChain takes them for messages."""
    with suppress(ValueError):
        value = loads(data)
        try:
            said = messages_from_dict(value)  # type: ignore[arg-type]  # whatever it is
        except Exception:  # noqa: BLE001  # LangChain's own errors are not what is tested
            return
        with suppress(AwoError):
            list(import_traces(said, on_skipped=lambda _: None))


def load_toolkit(data: bytes) -> None:
    """Reads a toolkit."""
    with suppress(AwoError):
        read_plan(_file("toolkit.json", data))


def load_rule_file(data: bytes) -> None:
    """Reads rules."""
    with suppress(AwoError, UnicodeDecodeError):
        load_rules(data.decode())


def load_config(data: bytes) -> None:
    """Reads a configuration."""
    with suppress(AwoError):
        read_config(_file(FILE, data).parent)


def verify_token(data: bytes) -> None:
    """Looks at a token that somebody sends."""
    assert verify(data.decode("utf-8", "surrogateescape"), "meta_tool", "thread") is None


def load_state(data: bytes) -> None:
    """Reads the state of a nightly job."""
    with suppress(AwoError):
        from_bytes(data)


def read_notation(data: bytes) -> None:
    """Reads meta-tools in the notation; what was read prints as something that reads the same."""
    with suppress(AwoError):
        for found in parse_meta_tools(data.decode("utf-8", "replace")):
            again = parse_meta_tool(format_meta_tool(found, whole=True))
            assert repr(again.steps) == repr(found.steps)  # NaN is not NaN


def load_sealed(data: bytes) -> None:
    """Reads a toolkit that somebody could seal, as everything that shows or keeps a toolkit does."""
    with suppress(AwoError, ValueError):
        plan = decode_plan(loads(data))
        assert repr(decode_plan(loads(encode_plan(plan)))) == repr(plan)
        assert seal_of(plan, key="k" * 32).is_of(plan)
        format_plan(plan)
        dumps(review_state(PlanFile(where="toolkit.json", plan=plan, seal=None)))


def decide(data: bytes) -> None:
    """Makes the change that a click on the review page asks for; what comes of it can be kept."""
    with suppress(ValueError):
        asked = loads(data)
        if not isinstance(asked, dict):
            return
        with suppress(AwoError):
            plan = parse_change(asked)(reviewed_plan())
            assert (
                decode_plan(loads(encode_plan(plan))) == plan
            )  # a half character would be told from what is stored


TARGETS: Final[dict[str, Target]] = {
    "notation": read_notation,
    "sealed": load_sealed,
    "decide": decide,
    "records": read_records,
    "lines": read_lines,
    "database": read_database,
    "mask": mask_text,
    "text": read_text,
    "messages": read_messages,
    "toolkit": load_toolkit,
    "rules": load_rule_file,
    "config": load_config,
    "token": verify_token,
    "state": load_state,
}

_TEXT: Final = "langchain_awo.model.text."
_PLAN: Final = ("langchain_awo.plan_file", "langchain_awo.model.ir.")

READ_BY: Final[dict[str, tuple[str, ...]]] = {
    "records": ("langchain_awo.capture.importers.", _TEXT),
    "lines": ("langchain_awo.stores.", "langchain_awo.model.ir.schema", _TEXT),
    "database": ("langchain_awo.stores.", "langchain_awo.capture.importers."),
    "mask": ("langchain_awo.capture.redaction", "langchain_awo.model.secrets."),
    "text": (_TEXT,),
    "messages": ("langchain_awo.capture.importers.", _TEXT),
    "toolkit": _PLAN,
    "sealed": (*_PLAN, "langchain_awo.model.views.notation", "langchain_awo.review.state"),
    "rules": ("langchain_awo.optimizer.rules.",),
    "config": ("langchain_awo.cli.config",),
    "token": ("langchain_awo.runtime.journal.",),
    "state": ("langchain_awo.optimizer.counting.", "langchain_awo.model.ir.schema"),
    "notation": ("langchain_awo.model.views.notation",),
    "decide": ("langchain_awo.review.", *_PLAN),
}
"""The modules that read what a target is given: by what they run, an input is found to be new."""


def _file(name: str, data: bytes) -> Path:
    path = Path(_TEMPORARY.name) / name
    path.write_bytes(data)
    return path
