"""The command line: `awo` with one verb for each phase, one file for each verb."""

from __future__ import annotations

from langchain_awo.cli.app import app, main

__all__ = ["app", "main"]
