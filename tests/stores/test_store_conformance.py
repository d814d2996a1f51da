"""Both stores do what every store must."""

from __future__ import annotations

from langchain_awo.testing.store_conformance import TraceStoreConformance


class TestSqlite(TraceStoreConformance):
    """A path that ends in `.db`."""

    def store_url(self, folder):
        return str(folder / "traces.db")


class TestSqliteUrl(TraceStoreConformance):
    """A URL."""

    def store_url(self, folder):
        return f"sqlite:///{folder / 'any name'}"


class TestJsonLines(TraceStoreConformance):
    """A path that ends in `.jsonl`."""

    def store_url(self, folder):
        return str(folder / "traces.jsonl")
