"""Rows of many runs, mixed in any order, put together run by run without holding them in memory.

Rows are kept in a temporary file; in memory stay eight bytes for each row and the keys of the groups.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from tempfile import SpooledTemporaryFile
from typing import Any, Final

import orjson

from langchain_awo.capture.importers.account import ImportAccount
from langchain_awo.capture.importers.lines import Numbered, parse_json

IN_MEMORY: Final = 32_000_000
"""Rows that take no more bytes than this in all are not written to a file."""

Row = Mapping[str, Any]


def group_rows(
    records: Iterable[Numbered], key: Callable[[Row], str], account: ImportAccount
) -> Iterator[tuple[Numbered, list[Row]]]:
    """The rows of each group, in the order in which the groups began.

    Args:
        records: the rows; those that are no objects, or have no key, are left out.
        key: of which group a row is; empty when it does not say.
        account: is told what is left out.

    Yields:
        The first record of a group, without its value, and all its rows in their order.
    """
    with SpooledTemporaryFile(max_size=IN_MEMORY) as spool:
        groups = _spool_rows(records, key, account, spool)
        for number, places in groups.values():
            rows = []
            for place in places:
                spool.seek(place)
                rows.append(parse_json(spool.readline()))
            yield Numbered(number, None), rows


def _spool_rows(
    records: Iterable[Numbered], key: Callable[[Row], str], account: ImportAccount, spool: Any
) -> dict[str, tuple[int, array[int]]]:
    groups: dict[str, tuple[int, array[int]]] = {}
    end = 0
    for record in records:
        with account.reading(record):
            group = key(record.value) if isinstance(record.value, Mapping) else ""
            if not group:
                account.skip(record.number, "it names no run")
                continue
            line = orjson.dumps(record.value, option=orjson.OPT_APPEND_NEWLINE)
            spool.write(line)
            groups.setdefault(group, (record.number, array("Q")))[1].append(end)
            end += len(line)
    return groups


def merge_rows(rows: Iterable[Row], key: Callable[[Row], str]) -> list[dict[str, Any]]:
    """Rows with one key as one: what a later row says completes and corrects what an earlier one said."""
    found: dict[str, dict[str, Any]] = {}
    for position, row in enumerate(rows):
        former = found.setdefault(key(row) or f"#{position}", {})
        for name, value in row.items():
            if value not in (None, "", {}, []) or name not in former:
                former[name] = {**former[name], **value} if _are_objects(former.get(name), value) else value
    return list(found.values())


def _are_objects(first: object, second: object) -> bool:
    return isinstance(first, dict) and isinstance(second, dict)
