"""What an import tells about itself: what came in, what was left out, and what was not understood."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from langchain_awo.capture.failures import kind_and_place, message_of
from langchain_awo.capture.importers.lines import BadLine, BadRecordError, Numbered
from langchain_awo.errors import ImportFormatError
from langchain_awo.model.secrets import hide_secrets
from langchain_awo.model.trace.trace import Trace

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class ImportSummary:
    """Counts of an import, kept up to date while it goes on.

    Attributes:
        bad_lines: records that were left out.
        unread: parts of records that came in whose meaning is not known, by what they are called.
    """

    traces: int = 0
    model_calls: int = 0
    tool_calls: int = 0
    bad_lines: int = 0
    unread: dict[str, int] = field(default_factory=dict)

    def count(self, trace: Trace) -> None:
        """Counts a trace that came in."""
        self.traces += 1
        self.model_calls += len(trace.model_calls)
        self.tool_calls += len(trace.tool_calls)


def log_bad_line(bad: BadLine) -> None:
    """Reports a skipped record as a warning of this module's logger."""
    logger.warning("skipped %s", bad)


@dataclass(slots=True)
class ImportAccount:
    """Where the readers of formats tell what they leave out.

    Attributes:
        on_error: called with each record that is left out, in order.
        source: name of what is being read, for people.
        several: whether it is one of several files, whose name then stands in every report.
    """

    on_error: Callable[[BadLine], None] = log_bad_line
    summary: ImportSummary = field(default_factory=ImportSummary)
    source: str = "the input"
    several: bool = False
    first_bad: BadLine | None = None

    def skip(self, number: int, reason: str) -> None:
        """Tells that a record is left out."""
        bad = BadLine(number, hide_secrets(reason), self.source if self.several else "")
        self.first_bad = self.first_bad or bad
        self.summary.bad_lines += 1
        self.on_error(bad)

    def records(self, records: Iterable[Numbered | BadLine]) -> Iterator[Numbered]:
        """The records that could be read; tells of the others."""
        for record in records:
            if isinstance(record, BadLine):
                self.skip(record.number, record.reason)
            else:
                yield record

    def unread(self, kind: str) -> None:
        """Tells that a part of a record is not understood."""
        self.summary.unread[kind] = self.summary.unread.get(kind, 0) + 1

    def log_unread(self) -> None:
        """Reports what was not understood as warnings of this module's logger."""
        for kind, count in sorted(self.summary.unread.items()):
            logger.warning("%s: %d `%s` blocks were not read", self.source, count, kind)

    @contextmanager
    def reading(self, record: Numbered) -> Iterator[None]:
        """Leaves a record out, with the reason, when it turns out not to be what its format says."""
        try:
            yield
        except BadRecordError as error:
            self.skip(record.number, str(error))
        except ImportFormatError:
            raise
        except (
            ValueError,
            TypeError,
            KeyError,
            IndexError,
            AttributeError,
            RecursionError,
            OverflowError,
        ) as error:
            logger.debug("a record of %s could not be read: %s", self.source, kind_and_place(error))
            self.skip(record.number, f"it is not in the shape of its format ({message_of(error)})"[:300])
