"""What a perfect, trace-specific fusion of model calls would save: the ceiling of every measurement.

`docs/metrics.md` defines the figures in words; this module is the definition in code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from langchain_awo.optimizer.log.corpus import Corpus, Round, Run, Segment, scalars


@dataclass(frozen=True, slots=True)
class Ceiling:
    """Shares, between 0 and 1, of all model calls of a corpus.

    Attributes:
        fuse: tool-calling model calls right after another one; ignores where arguments come from.
        chooser: of these, with every argument known by then.
        continue_: reads only, with every argument produced since the anchor call.
        repeats: part of `chooser` that only repeats an earlier call of the same walk with the same arguments.
        after_failure: part of `chooser` right after a failed call: repairs, which no routine may bake in.
        destructive: part of `chooser` with a destructive call, which is not compiled unless allowed.
    """

    fuse: float = 0.0
    chooser: float = 0.0
    continue_: float = 0.0
    repeats: float = 0.0
    after_failure: float = 0.0
    destructive: float = 0.0

    def as_json(self) -> dict[str, float]:
        """Plain data; `continue_` is called `continue`."""
        return {name.rstrip("_"): value for name, value in asdict(self).items()}


def ceiling_of(corpus: Corpus) -> Ceiling:
    """The ceilings of a corpus; all zero when it has no model call."""
    total = corpus.model_calls
    if not total:
        return Ceiling()
    pairs = list(corpus.segments())
    saved = [kind for run, segment in pairs for kind in _chooser_walk(run, segment)]
    return Ceiling(
        fuse=sum(len(segment.rounds) - 1 for _, segment in pairs) / total,
        chooser=len(saved) / total,
        continue_=sum(_continue_walk(run, segment) for run, segment in pairs) / total,
        repeats=saved.count("repeat") / total,
        after_failure=saved.count("after_failure") / total,
        destructive=saved.count("destructive") / total,
    )


def _chooser_walk(run: Run, segment: Segment) -> Iterator[str]:
    """The kind of each round that a walk from an earlier round can reach."""
    walked: set[str] = set()
    failed = False
    for position, current in enumerate(segment.rounds):
        if position and _known(run, current, None):
            yield _kind(current, walked, failed=failed)
        else:
            walked = set()
        walked |= current.keys
        failed = not all(call.ok for call in current.calls)


def _kind(current: Round, walked: set[str], *, failed: bool) -> str:
    if current.keys <= walked:
        return "repeat"
    if failed:
        return "after_failure"
    return "destructive" if any(call.effect == "destructive" for call in current.calls) else "plain"


def _continue_walk(run: Run, segment: Segment) -> int:
    saved, anchor = 0, None
    for current in segment.rounds:
        reads = all(call.effect.is_read for call in current.calls)
        if anchor is not None and reads and _known(run, current, anchor):
            saved += 1
        else:
            anchor = current.start if reads else None
    return saved


def _known(run: Run, current: Round, since: int | None) -> bool:
    leaves = (leaf for call in current.calls for leaf in scalars(call.args))
    if since is None:
        return all(run.first_occurrence(leaf) <= current.start for leaf in leaves)
    return all(run.occurs_between(leaf, since, current.start) for leaf in leaves)
