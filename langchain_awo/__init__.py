"""Record LangChain and LangGraph agents, compile the routines they repeat into verified meta-tools.

The public names are imported when they are first used: LangChain and SciPy take seconds to import, and `awo --help`
needs neither.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from langchain_awo.api.middleware import MetaToolMiddleware
    from langchain_awo.api.phases import compile_toolkit, estimate, load_traces, recompile
    from langchain_awo.api.recording import TraceRecorder, record, session
    from langchain_awo.api.reporter import report, workflow_graph
    from langchain_awo.api.watcher import monitor
    from langchain_awo.capture.importers import import_traces
    from langchain_awo.capture.redaction.rules import MaskRules
    from langchain_awo.errors import AwoError
    from langchain_awo.model.rules import RuleSet
    from langchain_awo.model.trace.effect import Effect
    from langchain_awo.model.trace.trace import Trace
    from langchain_awo.optimizer.mining.cross_validate import Thresholds
    from langchain_awo.optimizer.pipeline import Options
    from langchain_awo.runtime.agent.node import tool_node
    from langchain_awo.runtime.outcome import Limits
    from langchain_awo.runtime.tool.toolkit import MetaToolkit
    from langchain_awo.stores.opening import open_store
    from langchain_awo.stores.store import TraceStore

__all__ = [
    "AwoError",
    "Effect",
    "Limits",
    "MaskRules",
    "MetaToolMiddleware",
    "MetaToolkit",
    "Options",
    "RuleSet",
    "Thresholds",
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
    "Effect": "model.trace.effect",
    "Limits": "runtime.outcome",
    "MaskRules": "capture.redaction.rules",
    "MetaToolMiddleware": "api.middleware",
    "MetaToolkit": "runtime.tool.toolkit",
    "Options": "optimizer.pipeline",
    "RuleSet": "model.rules",
    "Thresholds": "optimizer.mining.cross_validate",
    "Trace": "model.trace.trace",
    "TraceRecorder": "api.recording",
    "TraceStore": "stores.store",
    "compile_toolkit": "api.phases",
    "estimate": "api.phases",
    "import_traces": "capture.importers",
    "load_traces": "api.phases",
    "monitor": "api.watcher",
    "open_store": "stores.opening",
    "recompile": "api.phases",
    "record": "api.recording",
    "report": "api.reporter",
    "session": "api.recording",
    "tool_node": "runtime.agent.node",
    "workflow_graph": "api.reporter",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
