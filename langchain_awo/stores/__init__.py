"""Where traces live."""

from __future__ import annotations

from langchain_awo.stores.opening import open_store
from langchain_awo.stores.store import TraceStore, log_torn

__all__ = ["TraceStore", "log_torn", "open_store"]
