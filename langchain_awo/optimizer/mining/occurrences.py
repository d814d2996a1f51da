"""Where a routine could start, and what the recorded agents went on to do there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field

from langchain_awo.model.binding import Frame, resolve
from langchain_awo.model.mapping import items_of
from langchain_awo.model.metatool import Step
from langchain_awo.model.pointer import MISSING
from langchain_awo.model.trace import JSONValue
from langchain_awo.optimizer.log.corpus import Call, Corpus, Run, Segment, call_key


@dataclass(slots=True, eq=False)
class Occurrence:
    """One call of the anchor and what followed.

    Attributes:
        anchors: the anchor call; for a batch also the later calls of its tool whose arguments were known already.
        followers: successful calls that no step explains yet and that a step could make now.
        waiting: the others, reads that stand behind writes, each with the keys of those that no step explains yet.
        known_before: position in the run's text at which the routine would start.
        frame: what exists after the steps so far, with the recorded outputs.
    """

    run: Run
    anchors: tuple[Call, ...]
    followers: list[Call]
    known_before: int
    waiting: list[tuple[Call, frozenset[str]]] = field(default_factory=list)
    frame: Frame = field(default_factory=Frame)

    def knows(self, value: JSONValue) -> bool:
        """Whether a value was known when the routine would start, or is said by the anchor call itself."""
        return value in self.anchors[0].args.values() or self.run.known(value, before=self.known_before)


def occurrences_of(
    corpus: Corpus, tool: str, *, batch: bool = False, parallel: bool = False
) -> list[Occurrence]:
    """Every successful call of a tool with what followed it, the first of equal calls in a segment only."""
    found = []
    for run, segment in corpus.segments():
        taken: set[str] = set()
        for position, current in enumerate(segment.rounds):
            for call in current.calls:
                if call.tool == tool and call.ok and call.key not in taken:
                    occurrence = _occurrence(run, segment, position, call, batch=batch, parallel=parallel)
                    taken.update(anchor.key for anchor in occurrence.anchors)
                    found.append(occurrence)
    return found


def _occurrence(
    run: Run, segment: Segment, position: int, anchor: Call, *, batch: bool, parallel: bool
) -> Occurrence:
    later = list(_followers(segment, position, anchor, parallel=parallel))
    followers = [call for call, writes in later if not writes]
    start = segment.rounds[position].start
    anchors = [anchor]
    if batch:
        anchors += [
            call for call in followers if call.tool == anchor.tool and run.known(call.args, before=start)
        ]
    keys = frozenset(call.key for call in anchors)
    rest, waiting = _released([(call, writes) for call, writes in later if call.key not in keys], keys)
    frame = Frame(outputs={1: [call.output for call in anchors] if batch else anchor.output})
    if not batch:
        frame.arguments[1], frame.parameters = anchor.args, anchor.args
    return Occurrence(run, tuple(anchors), rest, start, waiting, frame)


def _followers(
    segment: Segment, position: int, anchor: Call, *, parallel: bool
) -> Iterator[tuple[Call, frozenset[str]]]:
    """Later successful calls, the first of equal ones, each with the writes that a read must wait for.

    A write waits for nothing: it keeps its recorded order in any case.
    """
    seen = {anchor.key}
    writes: frozenset[str] = frozenset()
    for current in segment.rounds[position:]:
        for call in current.calls:
            if (
                call.ok
                and call.key not in seen
                and (parallel or current.index > segment.rounds[position].index)
            ):
                seen.add(call.key)
                yield call, writes if call.effect.is_read else frozenset()
        writes |= {call.key for call in current.calls if not call.effect.is_read and call.key != anchor.key}


def _released(
    waiting: Sequence[tuple[Call, frozenset[str]]], done: Container[str]
) -> tuple[list[Call], list[tuple[Call, frozenset[str]]]]:
    """Calls that wait for nothing any more once some are done, and those that still do."""
    left = [(call, frozenset(key for key in writes if key not in done)) for call, writes in waiting]
    return [call for call, writes in left if not writes], [pair for pair in left if pair[1]]


def follower_tools(occurrences: Sequence[Occurrence], *, min_tasks: int) -> list[str]:
    """Tools that follow in at least so many tasks, sorted."""
    tasks: dict[str, set[str]] = defaultdict(set)
    for each in occurrences:
        for call in each.followers:
            tasks[call.tool].add(each.run.task)
    return sorted(tool for tool, seen in tasks.items() if len(seen) >= min_tasks)


def predicted(step: Step, frame: Frame) -> dict[str, dict[str, JSONValue]]:
    """Keys and arguments of the calls a step without open parameters makes, in order."""
    items = (items_of(step, step.over, frame) or []) if step.over else [MISSING]
    calls: dict[str, dict[str, JSONValue]] = {}
    for item in items:
        frame.item = item
        args = {name: resolve(binding, frame) for name, binding in step.args.items()}
        if MISSING not in args.values():
            calls[call_key(step.tool, args)] = args
        if step.over and len(calls) >= step.over.limit:
            break
    frame.item = MISSING
    return calls


def advance(number: int, step: Step, each: Occurrence, explained: dict[str, dict[str, JSONValue]]) -> None:
    """Puts the recorded outputs of a new step into the frame and takes what it explains off the followers."""
    hits = {call.key: call for call in each.followers if call.key in explained}
    outputs = [hits[key].output for key in explained if key in hits]
    if outputs:
        each.frame.outputs[number] = outputs if step.over else outputs[0]
    if not step.over and hits:
        each.frame.arguments[number] = next(iter(hits.values())).args
    released, each.waiting = _released(each.waiting, hits)
    ahead = _ahead(each.followers, hits) if hits and not step.effect.is_read else each.followers
    each.followers = [call for call in ahead if call.key not in hits] + released


def _ahead(followers: Sequence[Call], done: Container[str]) -> Iterator[Call]:
    """The followers without the writes before the last one that is done now: writes keep their recorded order."""
    last = max(index for index, call in enumerate(followers) if call.key in done)
    return (call for index, call in enumerate(followers) if index > last or call.effect.is_read)
