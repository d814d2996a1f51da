"""What a perfect, trace-specific fusion of model calls would save: the ceiling of every measurement.

`docs/metrics.md` defines the figures in words; this module is the definition in code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.optimizer.log.corpus import Corpus, Round, Run, Segment
from langchain_awo.optimizer.log.words_in_text import iterate_scalars
from langchain_awo.optimizer.replay.parts import PARTS, Part, classify_rounds


@dataclass(frozen=True, slots=True)
class Ceiling:
    """Shares, between 0 and 1, of all model calls of a corpus.

    Attributes:
        fuse: tool-calling model calls right after another one; ignores where arguments come from.
        chooser: of these, with every argument known by then.
        continue_: reads only, with every argument produced since the anchor call.
        parts: what `chooser` is made of.
        repeats: part of `chooser` that only repeats earlier calls of the run with the same arguments.
        after_failure: part of `chooser` right after a failed call: repairs, which no routine may bake in.
        destructive: part of `chooser` with a destructive call, which is not compiled unless allowed.
    """

    fuse: float = 0.0
    chooser: float = 0.0
    continue_: float = 0.0
    parts: dict[Part, float] = field(default_factory=lambda: dict.fromkeys(PARTS, 0.0))
    after_failure: float = 0.0
    destructive: float = 0.0

    @property
    def repeats(self) -> float:
        """The part that only repeats earlier calls."""
        return self.parts["repeat"]

    @property
    def flow(self) -> float:
        """The headline: reads that need a value which exists only since."""
        return self.parts["flow"]

    def as_json(self) -> dict[str, JSONValue]:
        """Plain data; `continue_` is called `continue`."""
        return {
            "fuse": self.fuse,
            "chooser": self.chooser,
            "continue": self.continue_,
            "parts": dict(self.parts),
            "repeats": self.repeats,
            "after_failure": self.after_failure,
            "destructive": self.destructive,
        }


def measure_ceiling(corpus: Corpus) -> Ceiling:
    """The ceilings of a corpus; all zero when it has no model call."""
    total = corpus.model_calls
    if not total:
        return Ceiling()
    parts: Counter[Part] = Counter()
    fused = continued = repaired = destructive = 0
    for run, segment, kinds in classify_rounds(corpus):
        parts.update(kind for kind in kinds if kind)
        fused += len(segment.rounds) - 1
        continued += sum(anchor is not None for anchor, _ in _continue_walk(run, segment))
        fresh = [position for position, kind in enumerate(kinds) if kind and kind != "repeat"]
        repairs = [position for position in fresh if not _has_succeeded(segment.rounds[position - 1])]
        repaired += len(repairs)
        destructive += sum(_is_destructive(segment.rounds[p]) for p in fresh if p not in repairs)
    return Ceiling(
        fuse=fused / total,
        chooser=parts.total() / total,
        continue_=continued / total,
        parts={part: parts[part] / total for part in PARTS},
        after_failure=repaired / total,
        destructive=destructive / total,
    )


def _has_succeeded(current: Round) -> bool:
    return all(call.ok for call in current.calls)


def _is_destructive(current: Round) -> bool:
    return any(call.effect == "destructive" for call in current.calls)


def continued_rounds(corpus: Corpus) -> Iterator[tuple[Round, Round, bool]]:
    """Each round that the continue ceiling counts: its anchor, the round itself, and whether it only repeats earlier calls."""
    for run in corpus.runs:
        done: set[str] = set()
        for segment in run.segments:
            for anchor, current in _continue_walk(run, segment):
                if anchor is not None:
                    yield anchor, current, current.keys <= done
                done |= current.keys


def _continue_walk(run: Run, segment: Segment) -> Iterator[tuple[Round | None, Round]]:
    """Every round with the anchor after which it needs no word of a model; `None` where it starts anew."""
    anchor: Round | None = None
    for current in segment.rounds:
        reads = all(call.effect.is_read for call in current.calls)
        if anchor is not None and reads and _is_produced(run, current, anchor.start):
            yield anchor, current
        else:
            anchor = current if reads else None
            yield None, current


def _is_produced(run: Run, current: Round, since: int) -> bool:
    leaves: Sequence[JSONValue] = [leaf for call in current.calls for leaf in iterate_scalars(call.args)]
    return all(run.occurs_between(leaf, since, current.start) for leaf in leaves)
