"""Recordings of other origin in, traces out."""

from __future__ import annotations

from langchain_awo.capture.importers.conversation import RAW_ARGUMENTS
from langchain_awo.capture.importers.lines import BadLine
from langchain_awo.capture.importers.messages import ImportSummary, import_messages, log_bad_line

__all__ = ["RAW_ARGUMENTS", "BadLine", "ImportSummary", "import_messages", "log_bad_line"]
