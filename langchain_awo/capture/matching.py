"""Which issued call an execution is of; ids decide where there are any that tell, else names and arguments, in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from langchain_awo.capture.frozen import canonicalize, thaw
from langchain_awo.capture.state import IssuedCall, Recording


def find_issued_call(
    recording: Recording, call_id: str | None, *, name: str, args: bytes, scope: str
) -> IssuedCall | None:
    """The call that an execution is of, `None` if no model of this recording asked for it.

    Args:
        recording: where it was issued.
        call_id: the id the tool was invoked with, empty if the call had none, `None` if it was invoked with arguments alone.
            Agents may use each other's ids, their own come first.
        name: of the tool.
        args: what it was invoked with, frozen.
        scope: of the agent that invokes it.
    """
    if call_id:
        known = recording.named.get((scope, call_id)) or recording.named.get(call_id)
        if known is not None:
            return known[0] if len(known) == 1 else _choose_best(known, name, args, edited=True) or known[-1]
    recent = _sort_newest_first(recording.recent.get(scope, ()))
    if call_id:  # the agent's code made it up, for a call that had none
        recent = [call for call in recent if not call.call_id]
    return _choose_best(recent, name, args, edited=call_id is not None) if recent else None


def _sort_newest_first(calls: Iterable[IssuedCall]) -> list[IssuedCall]:
    return sorted(calls, key=lambda call: (-call.model_call, call.position))


def _choose_best(calls: Sequence[IssuedCall], name: str, args: bytes, *, edited: bool) -> IssuedCall | None:
    """The first call that fits; where arguments may have been edited since, the first one of the latest model call."""
    named = [call for call in calls if call.name == name]
    fresh = [call for call in named if call.latest is None]
    failed = [call for call in named if call.latest is not None and call.latest.status != "ok"]
    found = _find_equal(fresh, args) or _find_equal(failed, args) or _find_contained(fresh, args)
    if found is None and edited:
        found = next((call for call in fresh if call.model_run is calls[0].model_run), None)
    return found


def _find_equal(calls: Sequence[IssuedCall], args: bytes) -> IssuedCall | None:
    """The first that asked for just these arguments."""
    same = next((call for call in calls if call.args == args), None)
    if same is not None or not calls:
        return same
    wanted = canonicalize(args)
    return next((call for call in calls if canonicalize(call.args) == wanted), None)


def _find_contained(calls: Sequence[IssuedCall], args: bytes) -> IssuedCall | None:
    """The first whose arguments are all among these: the agent's code may add some, such as the user's id."""
    if not calls:
        return None
    given = thaw(args)
    asked = ((call, thaw(call.args)) for call in calls)
    return next(
        (call for call, own in asked if own and all(key in given and given[key] == own[key] for key in own)),
        None,
    )
