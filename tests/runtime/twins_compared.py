"""Whether the two agents of `tests.runtime.twins` did and told the same."""

import asyncio
import json
import re
import tempfile
from collections import Counter
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import ToolMessage

from langchain_awo.model.trace.handback import split_fetched
from tests.runtime.twins import READS, Call, Twins
from tests.runtime.twins_office import Office
from tests.runtime.twins_played import Played


@dataclass(frozen=True)
class Outcome:
    """What came of one user's talk.

    Attributes:
        told: the messages after every turn.
        shown: what the model was shown of the answers of tools.
        writes: those that took effect, by what they are about.
        watched: the writes that a guard of the host saw.
    """

    told: list[Any]
    shown: list[list[Any]]
    writes: dict[str, list[Call]]
    watched: list[Call]
    counts: Counter[str]


def compare(pair: Twins) -> Counter[str]:
    """Plays both, and says what the conversations were made of.

    Raises:
        AssertionError: they did not do or tell the same.
    """
    (plain, _), (other, usage) = (_play(pair, with_toolkit=each) for each in (False, True))
    total: Counter[str] = Counter()
    for user, expected in plain.items():
        found = other[user]
        assert expected.writes == found.writes, f"writes of {user} differ"
        assert expected.watched == found.watched, f"a guard saw other writes of {user}"
        assert expected.told == found.told, f"what {user} is told differs"
        assert expected.shown == found.shown, f"the model was shown something else of {user}"
        total += expected.counts
        total["turns that fail, in both"] += sum(isinstance(each, str) for each in expected.told)
    return total + _made_of(pair) + Counter(_USES[what] for (_, what) in usage.elements() if what in _USES)


_USES = {"prefetched": "calls read ahead", "continued": "calls continued", "served": "answers served"}


def _made_of(pair: Twins) -> Counter[str]:
    turns = [turn for talk in pair.talks for turn in talk.turns]
    return Counter(
        {
            "cases": 1,
            "users": len(pair.talks),
            "users who are served at the same time as others": len(pair.talks) if pair.talks[1:] else 0,
            "turns": len(turns),
            "calls": sum(len(each) for turn in turns for each in turn.messages),
            "turns that fork": sum(turn.forks for talk in pair.talks for turn in talk.turns[1:]),
            f"in mode {pair.mode}": 1,
            **{f"with middleware of the host that {each}": 1 for each in (*pair.before, *pair.after)},
        }
    )


def _play(pair: Twins, *, with_toolkit: bool) -> tuple[dict[str, Outcome], Counter[tuple[str, str]]]:
    with tempfile.TemporaryDirectory() as folder:
        office = Office(f"{folder}/office.db", len(pair.talks))
        played = Played(pair, office, with_toolkit=with_toolkit)
        asyncio.run(played.play())
        outcomes = {name: _look(played, name) for name in played.people}
    return outcomes, sum((Counter(each.usage) for each in played.installed), Counter())


def _look(played: Played, user: str) -> Outcome:
    person, office = played.people[user], played.office
    return Outcome(
        told=[
            [_told(each, user) for each in told] if isinstance(told, list) else told for told in person.told
        ],
        shown=[[_own(each, user) for each in contents] for contents in person.shown],
        writes={target: office.writes(user, target) for target in ("a", "b")},
        watched=sorted(each for each in office.desks[user].watched if each[0] not in READS),
        counts=person.counts,
    )


def _told(message: Any, user: str) -> Any:
    """What anybody reads of a message; what was fetched along is checked and left out."""
    calls = [(call["name"], call["args"], call["id"]) for call in getattr(message, "tool_calls", ())]
    own = _own(message.content, user) if isinstance(message, ToolMessage) else message.content
    extras = [getattr(message, each, None) for each in ("status", "artifact", "tool_call_id")]
    return message.type, message.name, own, calls, extras


def _own(content: Any, user: str) -> Any:
    own, fetched = split_fetched(content)
    texts = [
        each if isinstance(each, str) else json.dumps(each) for each in (own, *(e.output for e in fetched))
    ]
    seen = {int(found[0]) for text in texts if (found := _WRITES_SEEN.search(text))}
    assert len(seen) < 2, f"answers of different moments: {own}, {fetched}"
    strangers = {name for text in texts for name in _USER.findall(text)} - {user}
    assert not strangers, f"{user} is told of {strangers}: {own}, {fetched}"
    return own


_WRITES_SEEN = re.compile(r"\d+(?= writes)|(?<=\"seen\": )\d+|(?<=\"number\": )\d+")
"""How many writes there were when a tool answered, where it says so."""

_USER = re.compile(r"\bu\d\b")
