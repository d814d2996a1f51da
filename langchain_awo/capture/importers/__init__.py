"""Recordings of other origin in, traces out."""

from __future__ import annotations

from langchain_awo.capture.importers.account import ImportSummary, log_bad_line
from langchain_awo.capture.importers.importing import import_traces
from langchain_awo.capture.importers.lines import BadLine
from langchain_awo.capture.importers.messages import import_messages
from langchain_awo.capture.importers.turns import RAW_ARGUMENTS

__all__ = ["RAW_ARGUMENTS", "BadLine", "ImportSummary", "import_messages", "import_traces", "log_bad_line"]
