"""Record LangChain and LangGraph agents, compile the routines they repeat into verified meta-tools."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
