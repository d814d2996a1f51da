"""Takes the echo of meta-tools out of traces: what they did counts as if a model had asked for each call.

Traces of an agent with a toolkit show one call where there were several before. Mined as they are, a routine would
disappear because it is used.

before (`orders_of` is a meta-tool; the calls below it ran inside)::

    0  orders_of(email)
         find_user(email)
         list_orders(user_id)
    1  (answer)

after::

    0  find_user(email)
    1  list_orders(user_id)
    2  (answer)

The same for what `entry` mode ran and what `continue` mode fetched unasked. Of all that a meta-tool made only what was *wanted* is put
back: something of it came back in what the agent said or asked for afterwards, or a model asked for that very step. What did not is left
out, or a routine would be borne out by nothing but itself; and what the agent then asked for by itself stands where it asked. What `prefetch` mode
made ahead of the model counts where the model asked for it, and nowhere else. A call of a meta-tool of which nothing inside was recorded is
read back from its answer, and left out where the answer does not say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import TypeAlias

from langchain_awo.model.ir.installation import run_ahead
from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.trace.handback import HandBack, split_fetched
from langchain_awo.model.trace.trace import ModelCallRecord, ToolCallRecord, ToolSpec, Trace
from langchain_awo.optimizer.log.echo import Echo, PutBack
from langchain_awo.optimizer.log.habits import Together, find_asked_together, sort_pair
from langchain_awo.optimizer.log.inner_calls import (
    as_recorded,
    derive_key,
    get_anchor,
    get_step,
    is_name,
    is_read,
    rank_step,
)
from langchain_awo.optimizer.log.told import ToldTrace
from langchain_awo.optimizer.selection.mentions import (
    Sayings,
    says,
    split_words,
)
from langchain_awo.optimizer.selection.output_liveness import fresh_of

_Round: TypeAlias = list[ToolCallRecord]


def without_echo(
    traces: Iterable[Trace], meta_tools: AbstractSet[str], *, together: Together = frozenset()
) -> tuple[list[Trace], Echo]:
    """The traces as if no meta-tool had been installed, and what that took.

    Args:
        traces: recorded with or without a toolkit, runs of one thread joined.
        meta_tools: names of the meta-tools that may have been called; those that recorded calls name are known anyway.
        together: tools that agents without the toolkit ask for at once, where these traces do not say.
    """
    all_traces = list(traces)
    replayed = {call.replay.meta_tool for trace in all_traces for call in trace.tool_calls if call.replay}
    names = frozenset(meta_tools) | replayed
    together = find_asked_together(all_traces, known=together)
    echo = Echo()
    return [_Expansion(ToldTrace(trace, names), together, echo).result() for trace in all_traces], echo


def put_back(trace: Trace, meta_tools: AbstractSet[str], *, together: Together = frozenset()) -> PutBack:
    """What is put back of one trace, as `without_echo` does it; model calls are counted cautiously, as in doubt not saved.

    A name that several calls returned counts as wanted of each of them, and saves the model call of none.
    """
    told = ToldTrace(trace, meta_tools)
    lenient = _Expansion(told, together, Echo())
    cautious = _Expansion(told, together, Echo(), cautious=True)
    most = _Expansion(told, together, Echo(), everything=True)
    for each in (lenient, cautious, most):
        each.expand()
    return PutBack(cautious.put_in, lenient.kept, most.put_in)


class _Expansion:
    """One trace in the making.

    Attributes:
        at: calls by the model call that issued them; -1 is before the first one.
        behind: rounds to put in behind a model call.
        kept: ids of the calls of meta-tools that were wanted.
        put_in: rounds that were put in, by the name of the meta-tool and the id of its call, or of the call that it went on from.
    """

    def __init__(
        self,
        told: ToldTrace,
        together: Together,
        echo: Echo,
        *,
        cautious: bool = False,
        everything: bool = False,
    ) -> None:
        self.told = told
        self.trace, self.names, self.inside = told.trace, told.names, told.inside
        self.together = together
        self.echo = echo
        self.cautious = cautious
        self.everything = everything
        self.at: dict[int, _Round] = defaultdict(list)
        self.behind: dict[int, list[_Round]] = defaultdict(list)
        self.kept: set[str] = set()
        self.put_in: dict[tuple[str, str], list[_Round]] = defaultdict(list)

    def result(self) -> Trace:
        if not self._has_echo():
            return self._without_offers()
        self.expand()
        return self._rebuilt()

    def _without_offers(self) -> Trace:
        """The trace itself if no meta-tool was offered in it."""
        offered = (name for record in self.trace.model_calls for name in record.offered)
        if self.names.isdisjoint(offered) and self.names.isdisjoint(spec.name for spec in self.trace.tools):
            return self.trace
        shown = tuple(self._shown(record) for record in self.trace.model_calls)
        return replace(self.trace, model_calls=shown, tools=self._tools())

    def _has_echo(self) -> bool:
        return any(self._is_echo(call) for call in self.trace.tool_calls)

    def expand(self) -> None:
        """Finds what to put in, and where."""
        asked_for, ahead = self._asked_for(), run_ahead(self.trace)
        unasked: dict[int, _Round] = defaultdict(list)
        for owner, call in self.told.owned:
            if call.name in self.names or call.call_id in self.inside:
                self._expand(call, owner)
            elif call.replay is None:
                self.at[owner].append(call)
            elif (
                call.parent_id not in self.inside
                and call.status == "ok"
                and derive_key(call) not in asked_for
            ):
                if call.replay.meta_tool in ahead:
                    self.echo.unused[call.replay.meta_tool] += 1
                else:
                    unasked[owner].append(call)
        for owner, calls in unasked.items():
            used = self._wanted(calls, owner)
            self.echo.continued.update(get_step(call)[0] for call in used)
            self.echo.unused.update(get_step(call)[0] for call in calls if call not in used)
            if used:
                rounds = self._rounds(used, scope=calls[0].scope)
                self.behind[owner] += rounds
                made_by = {call.call_id: (get_step(call)[0], get_anchor(call)) for call in used}
                for round_calls in rounds:
                    self.put_in[made_by[round_calls[0].call_id]].append(round_calls)

    def _wanted(self, calls: _Round, owner: int, *, asked: bool = False) -> _Round:
        """Of the calls that a meta-tool made, those of which the agent used something, or another of them did.

        Args:
            asked: whether a model asked for it, and so for its first call; if not even that came back, all counts unless `cautious`.
        """
        if self.everything:
            return self._keep([call for call in calls if not self._was_read(call, owner)])
        end, led_to, used = self.told.find_place(owner)[1], "", set[str]()
        # Those that ran side by side were recorded in any order.
        for call in sorted(calls, key=rank_step, reverse=True):
            again = self._made_again(call, owner)
            later, spoken = self._said(self.told.sayings, end, again), self._said(self.told.words, end, again)
            changed = asked and not is_read(call.name)  # what may have changed something cannot be taken back
            is_new = not self._was_read(call, owner)
            if (
                (asked and call is calls[0])
                or changed
                or (is_new and self._is_used(call, owner, later + led_to, spoken))
            ):
                led_to += f" {' '.join(split_words(dumps(call.args)))} "
                used.add(call.call_id)
        text, spoken = (self._said(source, end, None) for source in (self.told.sayings, self.told.words))
        in_doubt = asked and not self.cautious and len(used) <= 1
        if in_doubt and not self._is_used(calls[0], owner, text, spoken):
            used = {call.call_id for call in calls if not self._was_read(call, owner)}
        return self._keep([call for call in calls if call.call_id in used])

    def _keep(self, used: _Round) -> _Round:
        self.kept |= {call.call_id for call in used}
        return used

    def _said(self, sayings: Sayings, start: int, again: int | None) -> str:
        """What was said after a place, up to where the same call was made again: what is said then was read there."""
        later = sayings.after(start)
        rest = "" if again is None else sayings.after(self.told.find_place(again)[0])
        return later[: len(later) - len(rest)]

    def _is_used(self, call: ToolCallRecord, owner: int, later: str, spoken: str) -> bool:
        """Whether a call failed, which was told, or something was used that only it returned, if there is any such thing."""
        if call.status != "ok":
            return True
        before = self.told.find_place(self._first_told(call, owner))[0]
        values, unique = self.told.list_telling(call)
        names = [value for value in (unique if self.cautious else values) if is_name(value)]
        words = [value for value in unique if not is_name(value)]
        if not names and not words:
            names = values
        names, words = (fresh_of(group, call.args, self.told.run, before=before) for group in (names, words))
        return (
            not (names or words)
            or any(says(later, value, apart_from=self.told.shared) for value in names)
            or any(
                says(spoken, value, apart_from=self.told.shared) for value in words
            )  # equal to an argument by chance
        )

    def _was_read(self, call: ToolCallRecord, owner: int) -> bool:
        """Whether the agent had read exactly this before, so that it would not have asked again."""
        twins = (twin for _, twin in self._told_before(call, owner))
        return any(twin.model_call is not None or twin.call_id in self.kept for twin in twins)

    def _first_told(self, call: ToolCallRecord, owner: int) -> int:
        """Behind which model call the agent was first told this: where it did not want it then, it is as new as it was then."""
        return next((index for index, _ in self._told_before(call, owner)), owner)

    def _told_before(self, call: ToolCallRecord, owner: int) -> Iterator[tuple[int, ToolCallRecord]]:
        """The same calls with the same result before it, each with the model call that it stands behind."""
        for index, twin in self.told.places.get(derive_key(call), ()):
            if index < owner and self.told.is_same_result(twin, call):
                yield index, twin

    def _made_again(self, call: ToolCallRecord, owner: int) -> int | None:
        """Where a read was made again, by the model itself or by a later use."""
        places = self.told.places.get(derive_key(call), ()) if is_read(call.name) else ()
        return next((index for index, _ in places if index > owner), None)

    def _is_echo(self, call: ToolCallRecord) -> bool:
        return call.replay is not None or call.name in self.names or bool(split_fetched(call.output)[1])

    def _asked_for(self) -> set[str]:
        """Calls that a model asked for and was served without a run: they stand where it asked."""
        return {
            derive_key(call)
            for call in self.trace.tool_calls
            if call.model_call is not None and call.started_at is None and call.status == "ok"
        }

    def _expand(self, call: ToolCallRecord, owner: int) -> None:
        """Puts the steps of a meta-tool in the place of its call."""
        steps = [step for step in self.inside.get(call.call_id, ()) if step.status in ("ok", "error")]
        hand_back = None if steps else HandBack.read(call.output)
        if hand_back is not None and hand_back.is_whole:
            calls = enumerate(hand_back.told_calls())
            steps = [as_recorded(call, told_call, number, parent=call.call_id) for number, told_call in calls]
            self.echo.from_answers += 1
        if not steps:
            self.echo.dropped[call.name] += 1
            return
        self.echo.uses[call.name] += 1
        used = self._wanted(steps, owner, asked=True)
        self.echo.unused[call.name] += len(steps) - len(used)
        rounds = self._rounds(used, scope=call.scope)
        if call.model_call is not None and rounds:
            self.at[owner] += rounds.pop(0)
        self.put_in[call.name, call.call_id] += rounds
        self.behind[owner] += rounds

    def _rounds(self, calls: _Round, *, scope: str) -> list[_Round]:
        """The calls as a model would have asked for them: step by step, one by one or at once where agents do so."""
        turn = {
            name: number for number, name in enumerate(dict.fromkeys(get_step(call)[0] for call in calls))
        }
        in_order = sorted(calls, key=lambda call: (turn[get_step(call)[0]], get_step(call)[1]))
        rounds: list[_Round] = []
        for call in in_order:
            asked = replace(call, model_call=0, parent_id=None, replay=None, scope=scope)
            if rounds and sort_pair(rounds[-1][-1].name, call.name) in self.together:
                rounds[-1].append(asked)
            else:
                rounds.append([asked])
        return rounds

    def _rebuilt(self) -> Trace:
        """The trace with the rounds as model calls of their own; what points at a model call is moved."""
        model_calls: list[ModelCallRecord] = []
        calls: _Round = []
        place = {0: 0}
        emptied = {call.model_call for call in self.trace.tool_calls} - self._asking()
        for index in range(-1, len(self.trace.model_calls)):
            if index > 0:
                place[index] = len(model_calls)
            calls += _reassign_calls(self.at[index], len(model_calls))
            if index >= 0 and index not in emptied:
                model_calls.append(self._shown(self.trace.model_calls[index]))
            for round_calls in self.behind[index]:
                calls += _reassign_calls(round_calls, len(model_calls))
                model_calls.append(self._put_in(index, round_calls[0].scope))
                self.echo.model_calls += 1
        end = len(model_calls)
        return replace(
            self.trace,
            messages=tuple(
                replace(message, before=place.get(message.before, end)) for message in self.trace.messages
            ),
            model_calls=tuple(model_calls),
            tool_calls=tuple(calls),
            tools=self._tools(),
        )

    def _asking(self) -> set[int | None]:
        """The model calls that still issue a call; the others only called meta-tools of which nothing is known."""
        asking = {owner for owner, calls in self.at.items() if any(c.model_call is not None for c in calls)}
        return {None, *asking}

    def _tools(self) -> tuple[ToolSpec, ...]:
        return tuple(spec for spec in self.trace.tools if spec.name not in self.names)

    def _shown(self, record: ModelCallRecord) -> ModelCallRecord:
        return replace(record, offered=tuple(name for name in record.offered if name not in self.names))

    def _put_in(self, index: int, scope: str) -> ModelCallRecord:
        """A model call that was saved; it would have cost about as much as the one it stands behind."""
        near = self.trace.model_calls[max(index, 0)] if self.trace.model_calls else ModelCallRecord()
        return replace(self._shown(near), scope=scope, text="", started_at=None, ended_at=None, error=None)


def _reassign_calls(calls: _Round, model_call: int) -> Iterator[ToolCallRecord]:
    for call in calls:
        yield call if call.model_call is None else replace(call, model_call=model_call)
