"""Traces in a folder of Parquet files, to read; `parquet_export` writes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from langchain_awo.errors import StoreError, TornRecordError
from langchain_awo.model.secrets import hide_secrets
from langchain_awo.model.secrets.failures import describe_error
from langchain_awo.model.trace.outline import Outlines
from langchain_awo.model.trace.trace import Trace
from langchain_awo.stores.parquet_files import PARQUET_VERSION
from langchain_awo.stores.parquet_places import may_hold, open_file_system
from langchain_awo.stores.parquet_reading import TraceFile
from langchain_awo.stores.scope import Scope, ScopeKey, with_query
from langchain_awo.stores.selection import Portion, Selection
from langchain_awo.stores.store import OnTorn, TraceStore, log_torn
from langchain_awo.stores.summary import StoreSummary, summarize

SUFFIX: Final = ".parquet"


class ParquetTraceStore(TraceStore):
    """A folder of Parquet files of traces.

    Args:
        place: the folder, as fsspec knows it.
        url: what `open_store` and messages call it.
        scope: what this handle is limited to.

    Raises:
        StoreError: there is no such folder, or no Parquet file in it.
    """

    def __init__(self, place: str, *, url: str, scope: Scope) -> None:
        self.scope = scope
        self._url = url
        self._files, self._root = open_file_system(place)
        if not self._paths():
            raise StoreError(
                f"there is no trace store at {hide_secrets(url)}: it is no folder with Parquet files; "
                "`awo export traces` makes one"
            )

    @property
    def url(self) -> str:
        """What `open_store` needs to open this store again."""
        url = self._url if "://" in self._url or not self.scope.given else f"parquet:///{self._url}"
        return with_query(url, self.scope.given.items())

    def append(self, traces: Iterable[Trace]) -> None:  # noqa: ARG002
        """Refuses: Parquet files are written once.

        Raises:
            StoreError: always.
        """
        raise StoreError(
            f"{hide_secrets(self._url)} holds Parquet files and can only be read; record into traces.db or a PostgreSQL database, "
            "and export from it"
        )

    def read(
        self, wanted: Selection, *, outputs: bool = True, on_error: OnTorn | None = None
    ) -> Iterator[tuple[ScopeKey, Trace]]:
        """See `TraceStore.read`."""
        for file, within in self._opened(wanted, on_error):
            yield from file.traces(within, outputs=outputs)

    def outlines(self, wanted: Selection, *, on_error: OnTorn | None = None) -> Iterator[Outlines]:
        """See `TraceStore.outlines`."""
        for file, within in self._opened(wanted, on_error):
            yield from file.outlines(within)

    def _opened(self, wanted: Selection, on_error: OnTorn | None) -> Iterator[tuple[TraceFile, Selection]]:
        """The files that may hold wanted traces, one at a time, with what is wanted of each."""

        def tell(error: TornRecordError) -> None:
            if on_error is None:
                raise error
            on_error(error)

        first, last = wanted.portion or (-1, len(self._paths()))
        within = replace(wanted, portion=None)
        for path in self._paths()[first + 1 : last + 1]:
            if may_hold(path.removeprefix(self._root), within):
                with TraceFile(self._files, path, tell=tell) as file:
                    yield file, within

    def portions(self, size: int) -> list[Portion]:  # noqa: ARG002  # a file is read by one
        """See `TraceStore.portions`; one for each file."""
        return [(number - 1, number) for number in range(len(self._paths()))]

    def summarize(self) -> StoreSummary:
        """See `TraceStore.summarize`."""
        return summarize(
            self.read(Selection(scope=self.scope), outputs=False, on_error=log_torn),
            schema_version=PARQUET_VERSION,
            size=sum(self._files.size(path) for path in self._paths()),
        )

    def __len__(self) -> int:
        total = 0
        for path in self._paths():
            with TraceFile(self._files, path, tell=log_torn) as file:
                total += file.count(Selection(scope=self.scope))
        return total

    def close(self) -> None:
        """Nothing is held open between calls."""

    def _paths(self) -> list[str]:
        try:
            found = self._files.find(self._root)
        except OSError as error:
            raise StoreError(f"{hide_secrets(self._url)} cannot be read: {describe_error(error)}") from error
        return sorted(path for path in found if path.endswith(SUFFIX))
