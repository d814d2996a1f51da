"""What people ask for in the app world, and the calls it takes."""

import hashlib
import random
import re
from collections.abc import Sequence
from typing import Any

from langchain_awo.demo.agent.agenda import AbsentError
from langchain_awo.demo.agent.policy import Assignment
from langchain_awo.demo.agent.wants import (
    AgentView,
    ConstantValue,
    Each,
    ItemPlace,
    OutputPlace,
    OwnWords,
    Recipe,
    RequestValue,
    Source,
    Want,
)
from langchain_awo.demo.backoffice.tasks import Task

PHRASES = {
    "like": "For {member}: like the most played song of the playlist {playlist}.",
    "reply": "For {member}: reply to the latest mail from {friend}: {text}",
    "accept": "For {member}: accept what {friend} wants to have back for {note}.",
}
TEXTS = (
    "Yes, gladly.",
    "Let us meet on Friday.",
    "I cannot this week, sorry.",
    "Thank you!",
    "Call me tonight.",
)


def understand(instruction: str) -> tuple[str, dict[str, str]]:
    """The kind of a task and what is said in it."""
    for kind, phrase in PHRASES.items():
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+?)", re.escape(phrase))
        if found := re.fullmatch(pattern, instruction):
            return kind, found.groupdict()
    raise ValueError(f"nobody asks for {instruction!r}")


def generate_tasks(
    count: int,
    *,
    members: Sequence[str],
    playlists: Sequence[str],
    friends: Sequence[str],
    notes: Sequence[str],
    seed: int = 3,
) -> list[Task]:
    """Distinct tasks in a mixed order, the same for the same seed."""
    chance = random.Random(seed)
    likes = [{"playlist": each} for each in playlists]
    replies = [{"friend": friend, "text": text} for friend in friends for text in TEXTS]
    accepts = [{"friend": friend, "note": note} for friend in friends for note in notes]
    for each in (likes, replies, accepts):
        chance.shuffle(each)
    groups = zip(likes, replies, accepts, strict=False)
    mixed = [
        (kind, {**said, "member": chance.choice(members)})
        for group in groups
        for kind, said in zip(PHRASES, group, strict=True)
    ]
    return [
        Task(task_id=f"task-{number:03}", family=kind, instruction=PHRASES[kind].format(**said))
        for number, (kind, said) in enumerate(mixed[:count], start=1)
    ]


def plan_for(instruction: str) -> Assignment:
    """The calls a task takes. One agent in five forgets its token and logs in again before it writes."""
    kind, said = understand(instruction)
    forgets = hashlib.sha256(instruction.encode()).digest()[0] < 256 // 5
    app, reads, write, args = {"like": _like, "reply": _reply, "accept": _accept}[kind]()
    again = _log_in(app, " again") if forgets else ()
    token = OutputPlace(f"{app}_login again" if forgets else f"{app}_login", "/access_token")
    wants = (*_log_in(app), *reads, *again, Want(write, {"access_token": token, **args}))
    return Assignment(Recipe(lambda _: "Done.", wants), said)


def _log_in(app: str, again: str = "") -> tuple[Want, Want]:
    """Fetches the password and logs in."""
    tool = "supervisor_show_account_password"
    password = {"member": RequestValue("member"), "account": ConstantValue(app)}
    known = {name: OutputPlace(f"{tool}{again}", f"/{name}") for name in ("username", "password")}
    return (
        Want(tool, password, name=f"{tool}{again}", again=bool(again)),
        Want(f"{app}_login", known, name=f"{app}_login{again}", again=bool(again)),
    )


Plan = tuple[str, tuple[Want, ...], str, dict[str, Source]]
"""The app, what is read there, the tool that writes, and its arguments besides the token."""


def _like() -> Plan:
    reads = (
        _read("music_list_playlists"),
        _read("music_show_playlist", playlist_id=OwnWords(_playlist)),
        Want(
            "music_show_song",
            {"access_token": OutputPlace("music_login", "/access_token"), "song_id": ItemPlace("/song_id")},
            each=Each(OutputPlace("music_show_playlist", "/songs/*")),
        ),
    )
    return "music", reads, "music_like_song", {"song_id": OwnWords(_most_played)}


def _reply() -> Plan:
    reads = (
        _read("mail_search", query=RequestValue("friend")),
        _read("mail_read", mail_id=OutputPlace("mail_search", "/mails/0/mail_id")),
    )
    whom: dict[str, Source] = {
        "recipient": OutputPlace("mail_read", "/sender"),
        "subject": OutputPlace("mail_read", "/subject"),
    }
    return "mail", reads, "mail_send", {**whom, "body": RequestValue("text")}


def _accept() -> Plan:
    reads = (_read("wallet_list_requests", sender=RequestValue("friend")),)
    return "wallet", reads, "wallet_accept_request", {"request_id": OwnWords(_request)}


def _read(tool: str, **args: Source) -> Want:
    return Want(
        tool, {"access_token": OutputPlace(f"{tool.partition('_')[0]}_login", "/access_token"), **args}
    )


def _playlist(reader: AgentView) -> Any:
    playlists = reader.found("music_list_playlists", "/playlists")
    return _only(each["playlist_id"] for each in playlists if each["title"] == reader.said["playlist"])


def _most_played(reader: AgentView) -> Any:
    ids, plays = (reader.found_each("music_show_song", path) for path in ("/song_id", "/plays"))
    return max(zip(plays, ids, strict=True))[1]


def _request(reader: AgentView) -> Any:
    requests = reader.found("wallet_list_requests", "/requests")
    return _only(each["request_id"] for each in requests if each["note"] == reader.said["note"])


def _only(ids: Any) -> Any:
    for each in ids:
        return each
    raise AbsentError
