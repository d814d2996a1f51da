"""What one trace with meta-tools tells: which calls stand where, what each returned, and what the agent said afterwards."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import cached_property

from langchain_awo.model.text.encoding import decode, dumps
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.handback import split_fetched
from langchain_awo.model.trace.trace import ToolCallRecord, Trace
from langchain_awo.optimizer.log.corpus import Corpus, Run
from langchain_awo.optimizer.log.inner_calls import (
    as_recorded,
    collect_inner_calls,
    derive_key,
    get_anchor,
    list_values,
)
from langchain_awo.optimizer.log.words_in_text import as_word
from langchain_awo.optimizer.selection.mentions import Sayings, collect_sayings, is_telling, phrases_of


class ToldTrace:
    """Facts about a trace that do not depend on what is put back of it; each is found when it is first asked for, and once.

    Attributes:
        inside: calls that ran inside a meta-tool, by the id of its call.
    """

    def __init__(self, trace: Trace, names: AbstractSet[str]) -> None:
        self.trace = trace
        self.names = names
        self.inside = collect_inner_calls(trace)
        self._outputs: dict[int, _Output] = {}

    @cached_property
    def calls(self) -> tuple[ToolCallRecord, ...]:
        """The calls; those that were only told of below the answer of another come right behind it."""
        return tuple(self._read_back())

    @cached_property
    def owned(self) -> tuple[tuple[int, ToolCallRecord], ...]:
        """The calls, each with the model call that it stands behind."""
        return tuple(self._find_owners())

    @cached_property
    def places(self) -> dict[str, list[tuple[int, ToolCallRecord]]]:
        """By key, the calls of original tools, each with the model call that it stands behind."""
        places: dict[str, list[tuple[int, ToolCallRecord]]] = defaultdict(list)
        for owner, call in self.owned:
            if self._is_original(call):
                places[derive_key(call)].append((owner, call))
        return places

    @cached_property
    def returned(self) -> Counter[str]:
        """By value as it would be said, how many different calls returned it."""
        values = map(self.list_values, self._different_calls())
        return Counter(text for returned in values for text in {as_word(value) for value in returned})

    @cached_property
    def shared(self) -> frozenset[str]:
        """Phrases of long texts that several different calls returned: they are how these tools put things."""
        values = map(self.list_values, self._different_calls())
        counts = Counter(
            phrase for returned in values for phrase in {p for value in returned for p in phrases_of(value)}
        )
        return frozenset(phrase for phrase, count in counts.items() if count > 1)

    @cached_property
    def run(self) -> Run:
        """The text of the trace; what its tools do to the world is of no importance here."""
        return Corpus((), {}, {}).build_run(self.trace)

    @cached_property
    def sayings(self) -> Sayings:
        """All that the agent said and asked for."""
        return collect_sayings(self.run)

    @cached_property
    def words(self) -> Sayings:
        """What it said besides calling tools."""
        return collect_sayings(replace(self.run, segments=()))

    def list_values(self, call: ToolCallRecord) -> list[JSONValue]:
        """Every scalar that a call returned."""
        return self._find_output(call).values

    def list_telling(self, call: ToolCallRecord) -> tuple[list[JSONValue], list[JSONValue]]:
        """Those of them that mean something if they are found again, and of these the ones that no other call returned."""
        known = self._find_output(call)
        if known.telling is None:
            values = [value for value in known.values if is_telling(value)]
            known.telling = values, [value for value in values if self.returned[as_word(value)] == 1]
        return known.telling

    def is_same_result(self, one: ToolCallRecord, other: ToolCallRecord) -> bool:
        """Whether two calls returned the same, however it was written."""
        return one is other or self._find_output(one).text == self._find_output(other).text

    def find_place(self, owner: int) -> tuple[int, int]:
        """Positions in the run's text before and after the calls of a model call."""
        return self._rounds.get(owner, (0, 0))

    @cached_property
    def _rounds(self) -> dict[int, tuple[int, int]]:
        rounds = (current for segment in self.run.segments for current in segment.rounds)
        return {current.index: (current.start, current.end) for current in rounds}

    def _find_output(self, call: ToolCallRecord) -> _Output:
        """What a call returned; the call is kept with it, so that no other takes its id."""
        found = self._outputs.get(id(call))
        if found is None:
            found = self._outputs[id(call)] = _Output(call)
        return found

    def _different_calls(self) -> Iterable[ToolCallRecord]:
        return {derive_key(call): call for call in self.calls if self._is_original(call)}.values()

    def _is_original(self, call: ToolCallRecord) -> bool:
        return call.status == "ok" and call.name not in self.names and call.call_id not in self.inside

    def _find_owners(self) -> Iterator[tuple[int, ToolCallRecord]]:
        """A call that was made unasked stands behind that of its anchor, as those of other agents may come between."""
        asked = self.trace.tool_calls
        issued_in = {call.call_id: call.model_call for call in asked if call.model_call is not None}
        latest = -1
        for call in self.calls:
            latest = latest if call.model_call is None else call.model_call
            is_unasked = call.replay is not None and call.parent_id not in self.inside
            yield issued_in.get(get_anchor(call), latest) if is_unasked else latest, call

    def _read_back(self) -> Iterator[ToolCallRecord]:
        recorded = any(call.replay for call in self.trace.tool_calls)
        for call in self.trace.tool_calls:
            output, fetched = split_fetched(call.output)
            yield replace(call, output=output) if fetched else call
            if not recorded:
                yield from (
                    as_recorded(call, entry, number, parent=None) for number, entry in enumerate(fetched)
                )


class _Output:
    """What one call returned, read when it is first asked for."""

    def __init__(self, call: ToolCallRecord) -> None:
        self.call = call
        self.telling: tuple[list[JSONValue], list[JSONValue]] | None = None

    @cached_property
    def values(self) -> list[JSONValue]:
        return list_values(self.call)

    @cached_property
    def text(self) -> str:
        return dumps(decode(self.call.output))
