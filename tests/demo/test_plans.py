"""An agent with any plan: one call after the other, each counted once, whoever made it."""

from __future__ import annotations

import json

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from langchain_awo.demo.agent.offers import Toolbox
from langchain_awo.demo.agent.policy import Assignment, policy_of
from langchain_awo.demo.agent.wants import ConstantValue, Each, ItemPlace, OutputPlace, OwnWords, Recipe, Want

OWN = Toolbox(reads=frozenset({"log_in", "list_songs", "get_song", "look"}), writes=frozenset({"like"}))


def most_played(reader):
    return max(reader.found_each("get_song", "/plays"))


RECIPE = Recipe(
    lambda reader: f"liked {reader.found('like', '/liked')}",
    (
        Want("log_in", {"user": ConstantValue("ada")}),
        Want("list_songs", {"token": OutputPlace("log_in", "/token")}),
        Want("look", {}, optional=True),
        Want("get_song", {"song": ItemPlace("/id")}, each=Each(OutputPlace("list_songs", "/songs/*"))),
        Want("log_in", {"user": ConstantValue("ada")}, name="log in again", again=True),
        Want("like", {"token": OutputPlace("log in again", "/token"), "plays": OwnWords(most_played)}),
    ),
)

FIRST = ("log_in", {"user": "ada"}, {"token": "t1"})
SONGS = ("list_songs", {"token": "t1"}, {"songs": [{"id": "a"}, {"id": "b"}]})
PLAYED = [("get_song", {"song": "a"}, {"plays": 3}), ("get_song", {"song": "b"}, {"plays": 8})]
AGAIN = ("log_in", {"user": "ada"}, {"token": "t2"})
OVERVIEW = {
    "name": "get_songs_overview",
    "description": "Returns songs in full, with a look around. Reads only, changes nothing.",
    "parameters": {"properties": {"token": {"type": "string"}}, "required": ["token"]},
}


def turn(*done, offered=()):
    """What the agent does after these calls and their outputs."""
    messages = [HumanMessage("like it")]
    for number, (tool, args, output) in enumerate(done):
        asked = {"name": tool, "args": args, "id": str(number), "type": "tool_call"}
        messages += [
            AIMessage("", tool_calls=[asked]),
            ToolMessage(json.dumps(output), tool_call_id=str(number)),
        ]
    tools = [*({"name": name, "parameters": {}} for name in OWN.names), *offered]
    said = policy_of(lambda _: Assignment(RECIPE), OWN)(messages, [{"function": each} for each in tools])
    return (said.tool_calls[0]["name"], said.tool_calls[0]["args"]) if said.tool_calls else said.text


def test_each_call_is_made_with_what_the_earlier_ones_brought():
    assert turn() == ("log_in", {"user": "ada"})
    assert turn(FIRST) == ("list_songs", {"token": "t1"})
    assert turn(FIRST, SONGS, ("look", {}, {})) == ("get_song", {"song": "a"})


def test_a_look_around_is_left_out_once_something_later_was_done():
    assert turn(FIRST, SONGS) == ("look", {})
    assert turn(FIRST, SONGS, *PLAYED) == ("log_in", {"user": "ada"})


def test_the_same_call_made_again_counts_for_the_later_step_only():
    liked = ("like", {"token": "t2", "plays": 8}, {"liked": "b"})
    assert turn(FIRST, SONGS, *PLAYED, AGAIN) == liked[:2]
    assert turn(FIRST, SONGS, *PLAYED, AGAIN, liked) == "liked b"


def test_a_tool_for_the_next_steps_is_taken_as_soon_as_what_it_requires_is_known():
    assert turn(offered=[OVERVIEW]) == ("log_in", {"user": "ada"})
    assert turn(FIRST, offered=[OVERVIEW]) == ("get_songs_overview", {"token": "t1"})
