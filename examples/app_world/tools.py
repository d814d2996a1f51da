"""The API of the apps as tools: one for each endpoint, as AppWorld's agents see theirs."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from langchain_core.tools import BaseTool, StructuredTool, ToolException

if TYPE_CHECKING:
    from world import AppWorld

READS = {"readOnlyHint": True}
"""What a tool claims that changes nothing anybody would miss; a login only adds a token."""

WRITES = {"readOnlyHint": False, "destructiveHint": False}


def app_tools(world: "AppWorld") -> list[BaseTool]:
    """The tools over a world."""
    return [*_supervisor(world), *_music(world), *_mail(world), *_wallet(world)]


def _tool(function: Callable[..., Any], hints: dict[str, bool]) -> BaseTool:
    """A refusal is told to the agent, not raised into it."""
    return StructuredTool.from_function(function, metadata=hints, handle_tool_error=True)


def _supervisor(world: "AppWorld") -> list[BaseTool]:
    def supervisor_show_account_password(member: str, account: str) -> dict[str, Any]:
        """Username and password of a family member for an app: music, mail or wallet."""
        known = "select username, password from accounts where member = ? and app = ?"
        return one(world.ask(known, member, account), f"{account} account of {member}")

    return [_tool(supervisor_show_account_password, READS)]


def _music(world: "AppWorld") -> list[BaseTool]:
    def music_login(username: str, password: str) -> dict[str, Any]:
        """Log in to the music app; its other calls want the access_token."""
        return {"access_token": world.log_in("music", username, password)}

    def music_list_playlists(access_token: str) -> dict[str, Any]:
        """All playlists, with their ids."""
        world.admit("music", access_token)
        return {"playlists": world.ask("select * from playlists order by playlist_id")}

    def music_show_playlist(access_token: str, playlist_id: str) -> dict[str, Any]:
        """The songs of a playlist."""
        world.admit("music", access_token)
        songs = "select song_id from entries where playlist_id = ? order by song_id"
        return {"playlist_id": playlist_id, "songs": world.ask(songs, playlist_id)}

    def music_show_song(access_token: str, song_id: str) -> dict[str, Any]:
        """Title and number of plays of a song."""
        world.admit("music", access_token)
        return one(world.ask("select * from songs where song_id = ?", song_id), song_id)

    def music_like_song(access_token: str, song_id: str) -> dict[str, Any]:
        """Like a song."""
        world.admit("music", access_token)
        world.ask("insert or ignore into likes values (?)", song_id)
        return {"liked": song_id}

    reads = [music_login, music_list_playlists, music_show_playlist, music_show_song]
    return [*(_tool(each, READS) for each in reads), _tool(music_like_song, WRITES)]


def _mail(world: "AppWorld") -> list[BaseTool]:
    def mail_login(username: str, password: str) -> dict[str, Any]:
        """Log in to the mail app; its other calls want the access_token."""
        return {"access_token": world.log_in("mail", username, password)}

    def mail_search(access_token: str, query: str) -> dict[str, Any]:
        """Mails whose sender or subject holds the query, the latest first."""
        world.admit("mail", access_token)
        found = (
            "select mail_id, sender, subject from mails where sender like ? or subject like ? order by 1 desc"
        )
        return {"mails": world.ask(found, f"%{query}%", f"%{query}%")}

    def mail_read(access_token: str, mail_id: str) -> dict[str, Any]:
        """A whole mail."""
        world.admit("mail", access_token)
        return one(world.ask("select * from mails where mail_id = ?", mail_id), mail_id)

    def mail_send(access_token: str, recipient: str, subject: str, body: str) -> dict[str, Any]:
        """Send a mail."""
        world.admit("mail", access_token)
        mail_id = f"M{9000 + world.count_mails()}"
        row = (mail_id, "family@example.org", recipient, subject, body)
        world.ask("insert into mails values (?, ?, ?, ?, ?)", *row)
        return {"sent": mail_id}

    return [*(_tool(each, READS) for each in (mail_login, mail_search, mail_read)), _tool(mail_send, WRITES)]


def _wallet(world: "AppWorld") -> list[BaseTool]:
    def wallet_login(username: str, password: str) -> dict[str, Any]:
        """Log in to the wallet; its other calls want the access_token."""
        return {"access_token": world.log_in("wallet", username, password)}

    def wallet_list_requests(access_token: str, sender: str) -> dict[str, Any]:
        """Open requests for money of one sender."""
        world.admit("wallet", access_token)
        found = "select * from requests where sender = ? and status = 'open' order by request_id"
        return {"requests": world.ask(found, sender)}

    def wallet_accept_request(access_token: str, request_id: str) -> dict[str, Any]:
        """Accept a request for money."""
        world.admit("wallet", access_token)
        world.ask("update requests set status = 'accepted' where request_id = ?", request_id)
        return {"accepted": request_id}

    reads = [wallet_login, wallet_list_requests]
    return [*(_tool(each, READS) for each in reads), _tool(wallet_accept_request, WRITES)]


def one(rows: list[dict[str, Any]], key: str) -> dict[str, Any]:
    """The row that was asked for.

    Raises:
        ToolException: there is none.
    """
    if not rows:
        raise ToolException(f"404: there is no {key}")
    return rows[0]
