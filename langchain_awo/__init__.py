"""Record LangChain and LangGraph agents, compile the routines they repeat into verified meta-tools.

The public names are imported when they are first used: LangChain and SciPy take seconds to import, and `awo --help`
needs neither.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from langchain_awo.api import compile_toolkit, estimate, load_traces, recompile
    from langchain_awo.capture.importers import import_traces
    from langchain_awo.capture.redaction import MaskRules
    from langchain_awo.errors import AwoError
    from langchain_awo.middleware import MetaToolMiddleware
    from langchain_awo.model.effect import Effect
    from langchain_awo.model.trace import Trace
    from langchain_awo.recording import TraceRecorder, record, session
    from langchain_awo.reporter import report, workflow_graph
    from langchain_awo.runtime.node import tool_node
    from langchain_awo.runtime.toolkit import MetaToolkit
    from langchain_awo.stores.opening import open_store
    from langchain_awo.stores.store import TraceStore
    from langchain_awo.watcher import monitor

__all__ = [
    "AwoError",
    "Effect",
    "MaskRules",
    "MetaToolMiddleware",
    "MetaToolkit",
    "Trace",
    "TraceRecorder",
    "TraceStore",
    "__version__",
    "compile_toolkit",
    "estimate",
    "import_traces",
    "load_traces",
    "monitor",
    "open_store",
    "recompile",
    "record",
    "report",
    "session",
    "tool_node",
    "workflow_graph",
]

__version__ = "0.1.0"

_HOMES: Final = {
    "AwoError": "errors",
    "Effect": "model.effect",
    "MaskRules": "capture.redaction",
    "MetaToolMiddleware": "middleware",
    "MetaToolkit": "runtime.toolkit",
    "Trace": "model.trace",
    "TraceRecorder": "recording",
    "TraceStore": "stores.store",
    "compile_toolkit": "api",
    "estimate": "api",
    "import_traces": "capture.importers",
    "load_traces": "api",
    "monitor": "watcher",
    "open_store": "stores.opening",
    "recompile": "api",
    "record": "recording",
    "report": "reporter",
    "session": "recording",
    "tool_node": "runtime.node",
    "workflow_graph": "reporter",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
