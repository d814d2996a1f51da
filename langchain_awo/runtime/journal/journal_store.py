"""Runs in a LangGraph store, so that what was done is known to other processes too.

=====================================  =============================  ===========================================
namespace                              key                            value
=====================================  =============================  ===========================================
``("awo", "runs", run)``               ``"run"``                      the run, or the one that it continues
the same                               of a call                      what became of the call
``("awo", "runs", run, "claims", c)``  a nonce                        somebody makes the write ``c``, or made it
``("awo", "unfinished", slot)``        of a run                       it has begun to change something
=====================================  =============================  ===========================================

Nothing is indexed for search. Expired runs are the store's business: give it a default time to live.

A write is made by whoever claims it: puts a claim under a key of its own, then looks for claims of others, and withdraws if there
is one. Of two processes, the one that looked last sees the claim of the other, so they never both go on, whatever
the order and the delays. That needs a store whose `search` shows every `put` that returned before, as SQLite, PostgreSQL (its primary)
and the memory do; nothing holds in a store that answers from replicas or caches.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from langchain_awo.model.ir.schema import get_adapter
from langchain_awo.model.text.encoding import to_json
from langchain_awo.runtime.journal.asking import Asking, ask
from langchain_awo.runtime.journal.journal import Entry, Journal

_RUN: Final = "run"
_CLAIMS: Final = "claims"
_PAGE: Final = 200
_UNFINISHED_LOOKED_AT: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Somebody's claim to a write.

    Attributes:
        age: seconds since it was made, by the clocks of both processes.
    """

    nonce: str
    age: float


def load(run: str) -> Asking[Journal | None]:
    """A run, or the one that it continues, if the store has it."""
    rows = yield from _read_rows(run)
    other = rows.get(_RUN, {}).get("continues")
    if other is not None:
        run, rows = other, (yield from _read_rows(other))
    return _restore_journal(run, rows)


def save_run(journal: Journal) -> Asking[None]:
    """Stores a run without its calls."""
    head = {"meta_tool": journal.meta_tool, "routine": journal.routine, "slot": journal.slot}
    value = {**head, "parameters": to_json(journal.parameters)}
    yield from ask("put", _build_namespace(journal.run), _RUN, value, index=False)


def save_continuation(run: str, journal: Journal) -> Asking[None]:
    """Stores that a run is nothing but the continuation of another one."""
    yield from ask("put", _build_namespace(run), _RUN, {"continues": journal.run}, index=False)


def save_entry(run: str, entry: Entry) -> Asking[None]:
    """Stores one call of a run."""
    yield from ask("put", _build_namespace(run), entry.key, to_json(entry), index=False)


def load_entry(run: str, key: str) -> Asking[Entry | None]:
    """One call of a run, if the store has it."""
    item = yield from ask("get", _build_namespace(run), key)
    return None if item is None else get_adapter(Entry).validate_python(item.value)


def open_run(journal: Journal) -> Asking[None]:
    """Stores that a run is about to change something."""
    if journal.slot:
        yield from ask("put", _build_slot_key(journal.slot), journal.run, {"since": time.time()}, index=False)


def close_run(journal: Journal) -> Asking[None]:
    """Stores that a run came to its end."""
    if journal.slot:
        yield from ask("delete", _build_slot_key(journal.slot), journal.run)


def list_unfinished(slot: str) -> Asking[list[str]]:
    """The unfinished runs of a slot, those that began first before the others."""
    items = yield from ask("search", _build_slot_key(slot), limit=_UNFINISHED_LOOKED_AT)
    return [item.key for item in sorted(items, key=lambda item: item.value["since"])]


def claim(run: str, key: str, nonce: str) -> Asking[None]:
    """Claims a write."""
    yield from ask("put", _build_claim_key(run, key), nonce, {"at": time.time()}, index=False)


def withdraw(run: str, key: str, nonce: str) -> Asking[None]:
    """Withdraws a claim."""
    yield from ask("delete", _build_claim_key(run, key), nonce)


def find_other_claim(run: str, key: str, nonce: str) -> Asking[Claim | None]:
    """The latest claim of somebody else."""
    items = yield from ask("search", _build_claim_key(run, key), limit=_PAGE)
    others = {item.key: float(item.value["at"]) for item in items if item.key != nonce}
    if not others:
        return None
    latest = max(others, key=lambda each: others[each])
    return Claim(nonce=latest, age=time.time() - others[latest])


def _build_namespace(run: str) -> tuple[str, ...]:
    return ("awo", "runs", run)


def _build_claim_key(run: str, key: str) -> tuple[str, ...]:
    return (*_build_namespace(run), _CLAIMS, key)


def _build_slot_key(slot: str) -> tuple[str, ...]:
    return ("awo", "unfinished", slot)


def _read_rows(run: str) -> Asking[dict[str, dict[str, Any]]]:
    """The run and its calls; claims are looked for when a write is to be made."""
    rows: dict[str, dict[str, Any]] = {}
    seen = 0
    while True:
        page = yield from ask("search", _build_namespace(run), limit=_PAGE, offset=seen)
        rows |= {item.key: item.value for item in page if tuple(item.namespace) == _build_namespace(run)}
        seen += len(page)
        if len(page) < _PAGE:
            return rows


def _restore_journal(run: str, rows: Mapping[str, dict[str, Any]]) -> Journal | None:
    head = rows.get(_RUN)
    if head is None:
        return None
    journal = Journal(run=run, **head)
    journal.restore(get_adapter(Entry).validate_python(row) for key, row in rows.items() if key != _RUN)
    return journal
