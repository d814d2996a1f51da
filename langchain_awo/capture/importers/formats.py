"""The formats that can be imported, and how each is told from the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from langchain_awo.capture.importers import (
    claude_code,
    codex,
    conversations,
    inspect_logs,
    langfuse,
    langsmith,
    mlflow,
    otel,
)
from langchain_awo.capture.importers.account import ImportAccount
from langchain_awo.capture.importers.lines import Numbered
from langchain_awo.errors import ImportFormatError
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import Trace

Reader: TypeAlias = Callable[[Iterable[Numbered], ImportAccount], Iterator[Trace]]
"""Makes traces of records, leaving out what it cannot use and telling the account of it."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format of recordings.

    Attributes:
        name: what it is called on the command line.
        title: what it is, for people.
        recognises: whether a record is of this format.
        read: makes traces of records.
        across_files: whether one run may lie in several files.
    """

    name: str
    title: str
    recognises: Callable[[JSONValue], bool]
    read: Reader
    across_files: bool = False


def _refuse_records(_records: Iterable[Numbered], account: ImportAccount) -> Iterator[Trace]:
    """Checkpoints are no records: they are read from a database or a saver."""
    raise ImportFormatError(
        f"{account.source} is not a database of checkpoints; pass the file of a SqliteSaver, a postgresql:// URL, or a saver"
    )


_ALL: Final = (
    Format(
        "langsmith",
        "a LangSmith export of runs",
        langsmith.is_runs,
        langsmith.read_langsmith,
        across_files=True,
    ),
    Format("langfuse", "a Langfuse export", langfuse.is_langfuse, langfuse.read_langfuse, across_files=True),
    Format("mlflow", "traces of MLflow", mlflow.is_mlflow, mlflow.read_mlflow),
    Format("openinference", "OpenInference spans", otel.is_openinference, otel.read_otel, across_files=True),
    Format("otel", "an OpenTelemetry export of spans", otel.is_otel, otel.read_otel, across_files=True),
    Format(
        "claude-code", "a session of Claude Code", claude_code.is_claude_code, claude_code.read_claude_code
    ),
    Format("codex", "a session of Codex", codex.is_codex, codex.read_codex),
    Format("inspect", "a log of Inspect AI", inspect_logs.is_inspect, inspect_logs.read_inspect),
    Format("checkpoints", "checkpoints of LangGraph", lambda _: False, _refuse_records),
    Format("messages", "chat messages", conversations.is_conversation, conversations.read_conversations),
)
FORMATS: Final[dict[str, Format]] = {each.name: each for each in _ALL}
"""By name, in the order in which they are tried."""


def format_named(name: str) -> Format:
    """The format with a name.

    Raises:
        ImportFormatError: there is none.
    """
    if name not in FORMATS:
        raise ImportFormatError(f"{name!r} is not an import format; the formats are {', '.join(FORMATS)}")
    return FORMATS[name]


def format_of(values: Iterable[JSONValue]) -> Format | None:
    """The format of the first record that is of a known one."""
    for value in values:
        for each in FORMATS.values():
            if isinstance(value, Mapping) and each.recognises(value):
                return each
    return None
