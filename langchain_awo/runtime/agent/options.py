"""What the middleware can be told, as a type for those who pass it on, and the check of it."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypedDict

from langchain_awo.model.ir.metatool import Mode
from langchain_awo.model.ir.option_kinds import FLAG, FUNCTION, KEY, check_options, instance_of
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


_LIMITS: Final = instance_of(Limits, fix="pass Limits(...)")
_KINDS: Final = {
    "entry": FUNCTION.optional,
    "continue_limits": _LIMITS,
    "prefetch_limits": _LIMITS,
    "parallel_hint": FLAG,
    "signing_key": KEY.optional,
}


def check_middleware(**given: object) -> None:
    """Makes sure that what the middleware is told is of the kinds that it takes.

    Raises:
        ArgumentError: something is not.
    """
    check_options(_KINDS, given)
