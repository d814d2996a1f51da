"""Recording into a store; imports nothing of what only compiling needs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from langchain_awo.capture import install
from langchain_awo.capture.recorder import CallbackRecorder
from langchain_awo.capture.redaction import Mask
from langchain_awo.capture.session import Session
from langchain_awo.errors import StoreError
from langchain_awo.model.ir.argument_checks import check_kind
from langchain_awo.model.ir.option_kinds import check_option_names
from langchain_awo.stores.opening import open_store
from langchain_awo.stores.scope import Scope
from langchain_awo.stores.store import TraceStore

RECORDING: Final = ("mask_key", "capacity", "capacity_bytes", "defaults")
SESSION: Final = ("thread_id", "trial", "domain", "tags", "metadata")


class TraceRecorder(CallbackRecorder):
    """An ordinary LangChain callback handler that records what agents do.

    It never raises into the agent and never blocks it. In a forked child it goes on recording, over a connection of its own.

    Args:
        store: where traces go: a path such as `traces.db` or `traces.jsonl`, a URL, or an open store.
        mask: masking of secrets before they are stored, see `CallbackRecorder`.
        project: whose traces these are, as `open_store` takes it; an open store brings its own.
        tenant: as `project`.
        environment: as `project`.
        options: as in `CallbackRecorder`: `mask_key`, `capacity`, `capacity_bytes`, `defaults`.

    Raises:
        StoreError: the store cannot be opened, or is open for somebody else.

    Example:
        >>> recorder = TraceRecorder("traces.db")  # doctest: +SKIP
        >>> agent.invoke(inputs, config={"callbacks": [recorder]})  # doctest: +SKIP
    """

    def __init__(
        self,
        store: str | os.PathLike[str] | TraceStore,
        *,
        mask: Mask = True,
        project: str | None = None,
        tenant: str | None = None,
        environment: str | None = None,
        **options: Any,
    ) -> None:
        check_kind(
            store,
            (str, os.PathLike, TraceStore),
            option="store",
            fix="say where to store traces, such as 'traces.db'",
        )
        check_option_names(options, RECORDING, of="TraceRecorder")
        scope = Scope(project=project, tenant=tenant, environment=environment)
        opened = _open_in_scope(store, scope)
        self._given = store if isinstance(store, TraceStore) else None
        address = opened.url if isinstance(store, TraceStore) else _make_absolute(store)
        super().__init__(opened, mask=mask, reopen=lambda: _reopen_store(opened, address), **options)

    def close(self, timeout: float | None = None) -> bool:
        """Ends what is still running as abandoned, writes everything and stops recording; returns as `flush`.

        A store that the recorder opened is closed too: a database is then one file, which can be copied.
        """
        written = super().close(timeout)
        sink = self._writer.sink
        if isinstance(sink, TraceStore) and sink is not self._given and not self._writer.inherited:
            sink.close()
        return written


@contextmanager
def record(store: str | os.PathLike[str] | TraceStore | CallbackRecorder) -> Iterator[CallbackRecorder]:
    """Records every LangChain run inside, without touching the agent.

    Args:
        store: where traces go, or a recorder to use.

    Example:
        >>> with record("traces.db"):  # doctest: +SKIP
        ...     agent.invoke(inputs)
    """
    if isinstance(store, CallbackRecorder):
        with install.record(store) as recorder:
            yield recorder
        return
    with TraceRecorder(store) as trace_recorder, install.record(trace_recorder) as recorder:
        yield recorder


def session(name: str, *, task_id: str | None = None, **labels: Any) -> Session:
    """One trace for everything a hand-written loop does inside; labels as in `Session`.

    Example:
        >>> with session("refunds", task_id="42") as run:  # doctest: +SKIP
        ...     run.succeeded(loop())
    """
    check_option_names(labels, SESSION, of="session")
    return Session(name, task_id=task_id, **labels)


def _reopen_store(store: TraceStore, address: str | Path) -> TraceStore:
    """A store like this one with connections of its own; a store of another kind than ours must bear a fork itself."""
    return _open(address, store.scope) if type(store).__module__.startswith("langchain_awo.") else store


def _open_in_scope(store: str | os.PathLike[str] | TraceStore, scope: Scope) -> TraceStore:
    if not isinstance(store, TraceStore):
        return _open(_to_address(store), scope)
    mismatches = [name for name, value in scope.given.items() if value != getattr(store.scope, name)]
    if mismatches:
        raise StoreError(f"the store is open for another {mismatches[0]}; give it to `open_store` instead")
    return store


def _open(address: str | Path, scope: Scope) -> TraceStore:
    return open_store(address, project=scope.project, tenant=scope.tenant, environment=scope.environment)


def _make_absolute(store: str | os.PathLike[str]) -> str | Path:
    """The address of a store from wherever the program goes to."""
    address = _to_address(store)
    return address if isinstance(address, str) and "://" in address else Path(address).absolute()


def _to_address(store: str | os.PathLike[str]) -> str | Path:
    return store if isinstance(store, str) else Path(store)
