"""Where a routine could start, and what the recorded agents went on to do there."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from langchain_awo.model.ir.binding import Frame
from langchain_awo.model.ir.metatool import Step
from langchain_awo.model.stepping.deciding import Calls, decide
from langchain_awo.model.text.encoding import compute_digest, same
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.optimizer.log.corpus import Call, Corpus, Run, Segment
from langchain_awo.optimizer.mining.folds import deal_folds

SAMPLE: Final = 200
"""Occurrences of an anchor that are looked at; more do not change a consensus."""

WINDOW: Final = 40
"""Rounds after the anchor that are looked at; a routine is no longer than that."""


@dataclass(slots=True, eq=False)
class Occurrence:
    """One call of the anchor and what followed.

    Attributes:
        position: of the anchor's round in its segment.
        followers: successful calls that no step explains yet, in order, up to the first write that no step makes.
        beside: successful reads of the anchor's own round that no step explains yet; a step that only asks for what its caller
            says may be one of them.
        frame: what exists after the steps so far, with the recorded outputs.
        done: keys of the calls that the steps so far make.
        fold: the part of the tasks that is held out together with this one.
    """

    run: Run
    segment: Segment
    position: int
    anchor: Call
    frame: Frame
    followers: list[Call] = field(default_factory=list)
    beside: list[Call] = field(default_factory=list)
    done: frozenset[str] = frozenset()
    fold: int = 0

    @property
    def known_before(self) -> int:
        """Position in the run's text at which the routine would start."""
        return self.segment.rounds[self.position].start

    @property
    def task(self) -> str:
        """The task of the run."""
        return self.run.task

    def knows(self, value: JSONValue) -> bool:
        """Whether a value was known when the routine would start, or is said by the anchor call itself."""
        is_in_anchor = any(same(value, argument) for argument in self.anchor.args.values())
        return is_in_anchor or self.run.known(value, before=self.known_before)

    def look_ahead(self, keys: Iterable[str]) -> None:
        """Takes calls as made, and looks what follows now."""
        self.done |= frozenset(keys)
        self.followers = list(_find_followers(self.segment, self.position, self.done))

    def copy(self) -> Occurrence:
        """One that can go another way."""
        frame = self.frame
        copied = Frame(frame.parameters, dict(frame.arguments), dict(frame.outputs))
        return replace(self, followers=list(self.followers), beside=list(self.beside), frame=copied)


def collect_occurrences(corpus: Corpus, tool: str, *, sample: int | None = SAMPLE) -> list[Occurrence]:
    """Successful calls of a tool with what followed them, the first of equal calls in a segment only.

    Args:
        sample: at most so many, spread over the tasks; the smallest digests of trace ids first, so that the same traces in any
            order, or counted in parts, give the same sample. `None` for all.
    """
    places = list(_find_places(corpus, tool))
    if sample is not None and len(places) > sample:
        counts: Counter[str] = Counter()
        ranked = []
        for number, (run, *_) in enumerate(places):
            counts[run.task] += 1
            ranked.append((counts[run.task], compute_digest(run.trace_id), number))
        kept = sorted(number for *_, number in sorted(ranked)[:sample])
        places = [places[number] for number in kept]
    return _assign_folds([_build_occurrence(*place) for place in places])


def _assign_folds(occurrences: list[Occurrence]) -> list[Occurrence]:
    """The same with their folds, in which tasks that go on to the same tools are of one kind."""
    going_on: defaultdict[str, set[str]] = defaultdict(set)
    for occurrence in occurrences:
        going_on[occurrence.task].update(call.tool for call in occurrence.followers)
    folds = deal_folds({task: sorted(tools) for task, tools in going_on.items()})
    for occurrence in occurrences:
        occurrence.fold = folds[occurrence.task]
    return occurrences


def _find_places(corpus: Corpus, tool: str) -> Iterator[tuple[Run, Segment, int, Call]]:
    for run, segment in corpus.callers.get(tool, ()):
        taken: set[str] = set()
        for position, current in enumerate(segment.rounds):
            for call in current.calls:
                if call.tool == tool and call.ok and call.key not in taken:
                    taken.add(call.key)
                    yield run, segment, position, call


def _build_occurrence(run: Run, segment: Segment, position: int, anchor: Call) -> Occurrence:
    frame = Frame(parameters=anchor.args, arguments={1: anchor.args}, outputs={1: anchor.output})
    occurrence = Occurrence(run, segment, position, anchor, frame)
    occurrence.look_ahead([anchor.key])
    occurrence.beside = list(_find_beside(segment.rounds[position].calls, anchor))
    return occurrence


def _find_beside(calls: Sequence[Call], anchor: Call) -> Iterator[Call]:
    """The other reads of a round; of the anchor's own tool only those asked for after it: of two cities one is the first."""
    is_later = False
    for call in calls:
        is_later = is_later or call.key == anchor.key
        if (
            call.ok
            and call.effect.is_read
            and call.key != anchor.key
            and (is_later or call.tool != anchor.tool)
        ):
            yield call


def _find_followers(segment: Segment, position: int, done: frozenset[str]) -> Iterator[Call]:
    """Later successful calls that are not done, up to the first write, which is the last of them; the first of equal ones.

    Of several writes that a model asked for side by side only those of the first tool: the others came after it.
    """
    done_keys = set(done)
    if any(not call.effect.is_read and call.key not in done for call in segment.rounds[position].calls):
        return
    for current in segment.rounds[position + 1 : position + 1 + WINDOW]:
        fresh = [call for call in current.calls if call.ok and call.key not in done_keys]
        writes = [call for call in current.calls if not call.effect.is_read and call.key not in done]
        yield from (call for call in fresh if call.effect.is_read)
        if writes:
            yield from (call for call in fresh if call.tool == writes[0].tool)
            return
        done_keys.update(call.key for call in fresh)


def list_followers(occurrences: Sequence[Occurrence], *, min_tasks: int) -> list[str]:
    """Tools that follow in at least so many tasks, sorted."""
    tasks: dict[str, set[str]] = defaultdict(set)
    for occurrence in occurrences:
        for call in occurrence.followers:
            tasks[call.tool].add(occurrence.task)
    return sorted(tool for tool, task_ids in tasks.items() if len(task_ids) >= min_tasks)


def predict_calls(step: Step, frame: Frame) -> dict[str, dict[str, JSONValue]]:
    """Keys and arguments of the calls that the executor makes for a step without open parameters, in order."""
    decision = decide(step, frame)
    return decision.args if isinstance(decision, Calls) else {}
