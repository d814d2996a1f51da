"""What people ask for in the app world, and the calls it takes."""

import hashlib
import random
import re
from collections.abc import Sequence
from typing import Any

from langchain_awo.demo.planned import Chosen, From, Intent, Plan
from langchain_awo.demo.tasks import Task
from langchain_awo.model.pointer import MISSING

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


def plan_for(instruction: str) -> Plan:
    """The calls a task takes. One agent in five forgets its token and logs in again before it writes."""
    kind, said = understand(instruction)
    forgets = hashlib.sha256(instruction.encode()).digest()[0] < 256 // 5
    match kind:
        case "like":
            return _like(said["member"], said["playlist"], forgets=forgets)
        case "reply":
            return _reply(said["member"], said["friend"], said["text"], forgets=forgets)
        case _:
            return _accept(said["member"], said["friend"], said["note"], forgets=forgets)


PASSWORD = "supervisor_show_account_password"  # noqa: S105  # the name of a tool
LOGIN = 1


def _begin(member: str, app: str, at: int = 0) -> list[Intent]:
    """Fetches the password and logs in, from the given place of the plan on."""
    credentials = {name: From(at, f"/{name}") for name in ("username", "password")}
    return [
        Intent(
            tool=PASSWORD, args={"member": member, "account": app}, action=f"{PASSWORD}_{app}", reads=True
        ),
        Intent(tool=f"{app}_login", args=credentials, reads=True),
    ]


def _end(intents: list[Intent], again: list[Intent], tool: str, **args: Any) -> Plan:
    """The write, with the token of the last login."""
    token = From(len(intents) + 1 if again else LOGIN, "/access_token")
    write = Intent(tool=tool, args={"access_token": token, **args})
    return Plan(intents=[*intents, *again, write], answer=lambda _brought: "Done.")


def _read(tool: str, **args: Any) -> Intent:
    return Intent(tool=tool, args={"access_token": From(LOGIN, "/access_token"), **args}, reads=True)


def _like(member: str, playlist: str, *, forgets: bool) -> Plan:
    intents = [
        *_begin(member, "music"),
        _read("music_list_playlists"),
        _read("music_show_playlist", playlist_id=Chosen(lambda brought: _titled(brought[2], playlist))),
        _read("music_show_song", song_id=From(3, "/songs/*/song_id")),
    ]
    again = _begin(member, "music", len(intents)) if forgets else []
    return _end(intents, again, "music_like_song", song_id=Chosen(lambda brought: _most_played(brought[4])))


def _reply(member: str, friend: str, text: str, *, forgets: bool) -> Plan:
    intents = [
        *_begin(member, "mail"),
        _read("mail_search", query=friend),
        _read("mail_read", mail_id=From(2, "/mails/0/mail_id")),
    ]
    again = _begin(member, "mail", len(intents)) if forgets else []
    whom = {"recipient": From(3, "/sender"), "subject": From(3, "/subject")}
    return _end(intents, again, "mail_send", **whom, body=text)


def _accept(member: str, friend: str, note: str, *, forgets: bool) -> Plan:
    intents = [*_begin(member, "wallet"), _read("wallet_list_requests", sender=friend)]
    again = _begin(member, "wallet", len(intents)) if forgets else []
    wanted = Chosen(lambda brought: _noted(brought[2], note))
    return _end(intents, again, "wallet_accept_request", request_id=wanted)


def _titled(output: Any, title: str) -> Any:
    playlists = [] if output is MISSING else output["playlists"]
    return next((each["playlist_id"] for each in playlists if each["title"] == title), MISSING)


def _most_played(songs: Any) -> Any:
    return MISSING if songs is MISSING else max(songs, key=lambda song: song["plays"])["song_id"]


def _noted(output: Any, note: str) -> Any:
    requests = [] if output is MISSING else output["requests"]
    return next((each["request_id"] for each in requests if each["note"] == note), MISSING)
