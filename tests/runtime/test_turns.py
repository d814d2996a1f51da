"""A turn under the middleware costs what is new in it, however long the conversation is."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from langchain_awo.runtime.continuing.held import Held
from langchain_awo.runtime.continuing.readings import Readings, _Look

GET = Held(tool="get", args={}, content="1", artifact=None)


class Watched(Sequence):
    """Messages that note which of them are looked at."""

    def __init__(self, messages):
        self._messages = list(messages)
        self.looked = set()

    def __len__(self):
        return len(self._messages)

    def __getitem__(self, place):
        places = range(len(self))[place]
        self.looked |= {places} if isinstance(places, int) else set(places)
        return self._messages[place]


def test_only_new_messages_are_looked_at():
    """And the last ones of those before, to know that they are the same."""
    messages = [HumanMessage("go"), *(AIMessage(str(number)) for number in range(1_000))]
    readings = Readings()
    readings.turn_to(messages)
    grown = Watched([*messages, ToolMessage("1", tool_call_id="a"), AIMessage("next")])
    assert readings.turn_to(grown)
    assert grown.looked == {0, *range(len(messages) - 1, len(grown))}


def test_a_wish_that_was_put_otherwise_is_noticed():
    """In its place, with all that follows as it was: what was read for the old one is not true any more."""
    messages = [HumanMessage("go"), AIMessage("a"), ToolMessage("1", tool_call_id="a")]
    readings = Readings()
    readings.turn_to(messages)
    readings.keep(GET, readings.moment)
    readings.turn_to([HumanMessage("go elsewhere"), *messages[1:], AIMessage("b")])
    assert not readings.known()


MESSAGE = st.sampled_from([HumanMessage, AIMessage, lambda text: ToolMessage(text, tool_call_id="a")])


@given(st.lists(st.tuples(st.integers(0, 4), st.lists(MESSAGE, max_size=4)), max_size=6))
def test_it_is_as_if_all_were_looked_at(changes):
    """Also where messages were taken away, as a summary does."""
    grown, messages = Readings(), []
    before = Readings()
    for fewer, new in changes:
        messages = [*messages[: len(messages) - fewer], *(make("x") for make in new)]
        before._look = _Look()
        grown.keep(GET, grown.moment)
        before.keep(GET, before.moment)
        assert grown.turn_to(messages) == before.turn_to(messages)
        assert grown.known() == before.known()
