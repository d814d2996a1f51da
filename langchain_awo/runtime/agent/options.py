"""What the middleware can be told, as a type, for those who pass it on."""

from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

from langchain_awo.model.ir.metatool import Mode
from langchain_awo.runtime.agent.entry import EntryParameters
from langchain_awo.runtime.outcome import Limits


class MiddlewareOptions(TypedDict, total=False):
    """Options of `ToolkitMiddleware`, which says what each of them means and is without it."""

    mode: Mode | Mapping[str, Mode] | None
    protected: Iterable[Any] | None
    allow: Iterable[str]
    hold_out: float
    entry: EntryParameters | None
    continue_limits: Limits
    prefetch_limits: Limits
    parallel_hint: bool
    signing_key: str | bytes | None
