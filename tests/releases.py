"""Which releases of LangChain the tests run over."""

from importlib.metadata import version

IS_OLD = tuple(map(int, version("langchain-core").split(".")[:2])) < (1, 4)
"""Whether this is the oldest supported release."""
