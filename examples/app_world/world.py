"""Four apps of a family, on SQLite: a password store, music, mail and a wallet.

The family shares what is in them; every member has logins of their own, and every app but the store wants one.
"""

import random
import secrets
import sqlite3
import threading
from typing import Any

from langchain_core.tools import BaseTool, ToolException
from plans import understand
from tools import app_tools

from langchain_awo.demo.backoffice.tasks import Task

APPS = ("music", "mail", "wallet")
MEMBERS = ("Sam", "Kim", "Lee", "Max", "Noa", "Pat", "Ray", "Uma")
FRIENDS = ("Ada", "Bela", "Cleo", "Dario", "Edda", "Femi", "Gita", "Hugo", "Ines", "Jaro")
MOODS = ("Morning", "Rainy", "Quiet", "Loud", "Summer", "Winter", "Travel", "Kitchen")
NOTES = ("lunch", "the taxi", "concert tickets", "groceries", "a birthday present", "coffee")

SCHEMA = """
create table accounts (member text, app text, username text, password text);
create table tokens (token text primary key, app text);
create table songs (song_id text primary key, title text, plays integer);
create table playlists (playlist_id text primary key, title text);
create table entries (playlist_id text, song_id text);
create table likes (song_id text primary key);
create table mails (mail_id text primary key, sender text, recipient text, subject text, body text);
create table requests (request_id text primary key, sender text, amount integer, note text, status text);
"""

COMPARED = ("likes", "mails", "requests")
"""Tables that tasks change; tokens are random."""


class AppWorld:
    """The apps, the same for the same seed; tools may be called from any thread."""

    def __init__(self, seed: int = 5) -> None:
        self._lock = threading.RLock()
        self._database = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self._database.executescript(SCHEMA)
        self._seed(random.Random(seed))

    def tools(self) -> list[BaseTool]:
        """The tools of all apps."""
        return app_tools(self)

    def rows(self) -> dict[str, list[Any]]:
        """Everything that tasks can change."""
        return {table: self.ask(f"select * from {table} order by 1") for table in COMPARED}  # noqa: S608  # our names

    def achieved(self, task: Task, answer: str) -> bool:  # noqa: ARG002  # every task leaves a trace here
        """Whether what was asked for is in the database."""
        kind, said = understand(task.instruction)
        match kind:
            case "like":
                best = self.best_song(said["playlist"])
                return bool(self.ask("select 1 from likes where song_id = ?", best))
            case "reply":
                mine = "select 1 from mails where recipient = ? and body = ?"
                return bool(self.ask(mine, address_of(said["friend"]), said["text"]))
            case _:
                paid = "select 1 from requests where sender = ? and note = ? and status = 'accepted'"
                return bool(self.ask(paid, said["friend"], said["note"]))

    def best_song(self, playlist: str) -> str:
        """The most played song of a playlist."""
        found = self.ask(
            "select song_id from entries join songs using (song_id) join playlists using (playlist_id)"
            " where playlists.title = ? order by plays desc limit 1",
            playlist,
        )
        return str(found[0]["song_id"])

    def close(self) -> None:
        """Ends it."""
        self._database.close()

    def ask(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """Rows, each a dictionary."""
        with self._lock:
            cursor = self._database.execute(statement, values)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def count_mails(self) -> int:
        """How many mails there are."""
        return len(self.ask("select 1 from mails"))

    def log_in(self, app: str, username: str, password: str) -> str:
        """A new token; every login makes one, and all of them are good."""
        known = "select 1 from accounts where app = ? and username = ? and password = ?"
        if not self.ask(known, app, username, password):
            raise ToolException(f"401: wrong username or password for {app}")
        token = f"{app}-{secrets.token_hex(8)}"
        self.ask("insert into tokens values (?, ?)", token, app)
        return token

    def admit(self, app: str, token: str) -> None:
        """Lets a call in.

        Raises:
            ToolException: the token is not one of this app.
        """
        if not self.ask("select 1 from tokens where token = ? and app = ?", token, app):
            raise ToolException(f"401: log in to {app} first and pass the access_token you get")

    def _seed(self, chance: random.Random) -> None:
        for member, app in ((member, app) for member in MEMBERS for app in APPS):
            password = f"{chance.choice(MOODS).lower()}-{chance.randrange(10**6, 10**7)}"
            row = (member, app, f"{member.lower()}-{app}@example.org", password)
            self.ask("insert into accounts values (?, ?, ?, ?)", *row)
        for number in range(120):
            title = f"{chance.choice(MOODS)} song {number}"
            self.ask("insert into songs values (?, ?, ?)", f"S{1000 + number}", title, 7 * number % 121)
        for number, title in enumerate(playlist_titles()):
            self.ask("insert into playlists values (?, ?)", f"L{200 + number}", title)
            for song in chance.sample(range(120), 5):
                self.ask("insert into entries values (?, ?)", f"L{200 + number}", f"S{1000 + song}")
        for number, (friend, note) in enumerate((friend, note) for friend in FRIENDS for note in NOTES):
            sender, subject = address_of(friend), f"About {note}"
            body = f"Shall we talk about {note}?"
            row = (f"M{3000 + number}", sender, "family@example.org", subject, body)
            self.ask("insert into mails values (?, ?, ?, ?, ?)", *row)
            wanted = (f"R{7000 + number}", friend, chance.randrange(5, 90), note, "open")
            self.ask("insert into requests values (?, ?, ?, ?, ?)", *wanted)


def playlist_titles() -> list[str]:
    """Titles of all playlists."""
    return [f"{mood} {time}" for mood in MOODS for time in ("walk", "work", "dinner", "run", "drive")]


def address_of(friend: str) -> str:
    """A friend's e-mail address."""
    return f"{friend.lower()}@example.com"
