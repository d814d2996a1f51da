"""What is told of a run is read back as it was, and a message that is damaged never reads as more than it says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_awo.model.text.encoding import dumps, project_output
from langchain_awo.model.trace.handback import (
    FETCHED_NOTE,
    HandBack,
    ToldCall,
    split_fetched,
    tell_call,
    tell_fetched,
    tell_step,
)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
ARGS = st.dictionaries(st.sampled_from(["id", "page", "x.y"]), VALUES, max_size=3)
CALLS = st.builds(ToldCall, step=st.integers(1, 9), tool=st.just("get"), args=ARGS, output=VALUES)
LEFT = st.builds(ToldCall, step=st.integers(1, 9), tool=st.just("put"), args=ARGS)
STOPPED = st.builds(
    HandBack,
    is_stopped=st.just(True),
    calls=st.lists(CALLS, max_size=3).map(tuple),
    reason=st.text(max_size=5),
    remaining=st.lists(LEFT, max_size=2).map(tuple),
    resume_token=st.text(max_size=5),
    notes=st.lists(st.text(max_size=3), max_size=2).map(tuple),
)


@given(told=STOPPED)
def test_a_hand_back_is_read_as_it_was_written(told):
    assert HandBack.read(told.to_json()) == told
    assert HandBack.read(dumps(told.to_json())) == told


@given(names=st.sets(st.sampled_from(["id", "page", "x.y"]), min_size=1), data=st.data())
def test_a_step_for_each_item_is_read_as_its_calls(names, data):
    args = st.fixed_dictionaries(dict.fromkeys(sorted(names), VALUES))
    outputs = VALUES | st.dictionaries(st.sampled_from(["id", "page", "x.y"]), VALUES)
    made = data.draw(
        st.lists(
            st.builds(ToldCall, step=st.just(2), tool=st.just("get"), args=args, output=outputs),
            min_size=1,
            max_size=4,
        )
    )
    told = HandBack.read({"status": "completed", "steps": [tell_step(made)]})
    assert told.is_whole
    assert list(told.calls) == made


@given(made=st.lists(CALLS, min_size=1, max_size=3), own=st.text(alphabet="ab\n{", max_size=6))
def test_what_was_fetched_is_split_from_the_answer_above_it(made, own):
    text = f"{own}\n\n{tell_fetched([tell_call(call) for call in made])}"
    assert split_fetched(text) == (own, made)


@given(made=st.lists(CALLS, min_size=1, max_size=3))
def test_so_it_is_from_content_blocks_and_from_their_joined_text(made):
    own = [{"type": "text", "text": "{\n}", "id": "lc_1"}, {"type": "image", "url": "https://a/b"}]
    shown = [*own, {"type": "text", "text": tell_fetched([tell_call(call) for call in made])}]
    assert split_fetched(shown) == (own, made)
    joined = project_output([shown[0], shown[-1]])
    assert split_fetched(joined) == ("{\n}", made)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"status": "ok", "steps": []}', None, 3, {"steps": []}])
def test_what_is_no_hand_back_is_not_read_as_one(text):
    assert HandBack.read(text) is None


@pytest.mark.parametrize(
    ("steps", "known"),
    [
        ("none", []),
        ([None], []),
        ([{"step": 2, "tool": "put"}], [2]),
        ([{"step": 2, "tool": "put", "args": {}, "output": "…", "note": "cut: the first 2"}], [2]),
        ([{"step": 3, "tool": "get", "for_each": "id", "outputs": "cut"}], [3]),
        ([{"step": True, "tool": "get", "output": 1}], []),
    ],
)
def test_of_a_damaged_one_it_is_known_what_was_begun_and_that_it_is_not_whole(steps, known):
    told = HandBack.read({"status": "stopped", "steps": steps, "resume_token": "t"})
    assert (told.is_stopped, told.resume_token, told.is_whole) == (True, "t", False)
    assert [call.step for call in told.calls] == known


def test_a_note_that_only_looks_like_ours_is_the_tools_own():
    text = f'said\n\n{{"note": "{FETCHED_NOTE[:-1]}", "steps": []}}'
    assert split_fetched(text) == (text, [])
