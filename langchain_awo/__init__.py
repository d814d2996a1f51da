"""Record LangChain and LangGraph agents, compile the routines they repeat into verified meta-tools."""

from __future__ import annotations

from langchain_awo.api import (
    TraceRecorder,
    compile_toolkit,
    load_traces,
    record,
    session,
)
from langchain_awo.errors import AwoError
from langchain_awo.model.effect import Effect
from langchain_awo.model.trace import Trace
from langchain_awo.runtime.toolkit import MetaToolkit
from langchain_awo.stores import TraceStore, open_store

__all__ = [
    "AwoError",
    "Effect",
    "MetaToolkit",
    "Trace",
    "TraceRecorder",
    "TraceStore",
    "__version__",
    "compile_toolkit",
    "load_traces",
    "open_store",
    "record",
    "session",
]

__version__ = "0.1.0"
