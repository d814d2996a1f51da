"""Runs in a LangGraph store, so that what was done is known to other processes too.

Layout: namespace `("awo", "runs", token)`, the item `run` for the run itself and one item for each call.
Nothing is indexed for search. Expired runs are the store's business: give it a default time to live.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from langgraph.store.base import BaseStore

from langchain_awo.model.encoding import to_json
from langchain_awo.model.schema import adapter
from langchain_awo.runtime.memory import Entry, Ledger

_RUN: Final = "run"
_PAGE: Final = 200


def load(store: BaseStore, token: str) -> Ledger | None:
    """The run of a token, if the store has it."""
    rows: dict[str, dict[str, Any]] = {}
    while True:
        page = store.search(_namespace(token), limit=_PAGE, offset=len(rows))
        rows |= {item.key: item.value for item in page}
        if len(page) < _PAGE:
            return _ledger(token, rows)


async def aload(store: BaseStore, token: str) -> Ledger | None:
    """Async form of `load`."""
    rows: dict[str, dict[str, Any]] = {}
    while True:
        page = await store.asearch(_namespace(token), limit=_PAGE, offset=len(rows))
        rows |= {item.key: item.value for item in page}
        if len(page) < _PAGE:
            return _ledger(token, rows)


def save_run(store: BaseStore, ledger: Ledger) -> None:
    """Stores a run without its calls."""
    store.put(_namespace(ledger.token), _RUN, _head(ledger), index=False)


async def asave_run(store: BaseStore, ledger: Ledger) -> None:
    """Async form of `save_run`."""
    await store.aput(_namespace(ledger.token), _RUN, _head(ledger), index=False)


def save_entry(store: BaseStore, token: str, entry: Entry) -> None:
    """Stores one call of a run."""
    store.put(_namespace(token), entry.key, _row(entry), index=False)


async def asave_entry(store: BaseStore, token: str, entry: Entry) -> None:
    """Async form of `save_entry`."""
    await store.aput(_namespace(token), entry.key, _row(entry), index=False)


def _namespace(token: str) -> tuple[str, ...]:
    return ("awo", "runs", token)


def _head(ledger: Ledger) -> dict[str, Any]:
    head = {"thread": ledger.thread, "meta_tool": ledger.meta_tool, "routine": ledger.routine}
    return {**head, "parameters": to_json(ledger.parameters)}


def _row(entry: Entry) -> dict[str, Any]:
    row: dict[str, Any] = to_json(entry)
    return row


def _ledger(token: str, rows: Mapping[str, dict[str, Any]]) -> Ledger | None:
    head = rows.get(_RUN)
    if head is None:
        return None
    ledger = Ledger(token=token, **head)
    ledger.restore(adapter(Entry).validate_python(row) for key, row in rows.items() if key != _RUN)
    return ledger
