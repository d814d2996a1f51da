"""Traces from recorded chat messages, for those who know that this is what they have."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from langchain_awo.capture.importers.account import ImportSummary, log_bad_line
from langchain_awo.capture.importers.importing import Recordings, import_traces
from langchain_awo.capture.importers.lines import BadLine
from langchain_awo.model.trace.trace import Trace

__all__ = ["ImportSummary", "import_messages", "log_bad_line"]


def import_messages(
    source: Recordings,
    *,
    on_error: Callable[[BadLine], None] = log_bad_line,
    summary: ImportSummary | None = None,
) -> Iterator[Trace]:
    """Reads recorded conversations as traces, as `import_traces` does, without masking.

    Args:
        source: a file of JSON lines or of one JSON array, plain or gzip, or the lines or records themselves.
        on_error: called with each record that is left out, in order.
        summary: counts what was read and left out.

    Raises:
        ImportFormatError: the file cannot be read, or nothing in it is a recorded conversation.
    """
    yield from import_traces(source, "messages", mask=False, on_skipped=on_error, summary=summary)
