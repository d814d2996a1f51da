"""Every store does what every store must."""

from __future__ import annotations

import pytest

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


class TestPostgresql(TraceStoreConformance):
    """A server that the tests start."""

    @pytest.fixture
    def url(self, postgres_url):
        return postgres_url

    def store_url(self, folder):
        raise NotImplementedError
