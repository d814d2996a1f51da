"""The server behind the page: this machine alone, one secret address, and nothing from anywhere else.

Starlette and Uvicorn are small, well kept, and there already where the extra `mcp` is; `http.server` warns against itself.
"""

from __future__ import annotations

import hmac
import secrets
import socket
from collections.abc import Callable
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from langchain_awo.errors import AwoError, ChangedError, MissingExtraError
from langchain_awo.model.text.encoding import loads
from langchain_awo.review.desk import Desk

try:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.datastructures import Headers
    from starlette.responses import JSONResponse, PlainTextResponse, Response
    from starlette.routing import Route
except ImportError as error:
    raise MissingExtraError("starlette", extra="review") from error

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LONGEST: Final = 100_000
"""Bytes of a request."""

_ASSETS: Final = {
    "review.css": "text/css",
    "review.js": "text/javascript",
    "card.js": "text/javascript",
    "parts.js": "text/javascript",
}

_HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class ReviewSession:
    """The one address that is answered.

    Attributes:
        token: the secret in it.
        origins: how a browser names this server.
    """

    def __init__(self, port: int) -> None:
        self.token = secrets.token_urlsafe(32)
        self.hosts = frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost"))
        self.origins = frozenset(f"http://{host}" for host in self.hosts)
        self.url = f"http://127.0.0.1:{port}/{self.token}/"

    def refusal(self, scope: Scope) -> str:
        """Why a request is not answered, or `""`."""
        headers = Headers(scope=scope)
        if headers.get("host") not in self.hosts:
            return "this server only answers on 127.0.0.1 and localhost"
        origin = headers.get("origin")
        if origin not in self.origins and (origin is not None or scope["method"] != "GET"):
            return "requests from other pages are not allowed"
        given = scope["path"].removeprefix("/").partition("/")[0].encode()
        if not hmac.compare_digest(given, self.token.encode()):
            return "the token in the address is missing or wrong; use the address that `awo review` printed"
        return ""


class Gate:
    """Lets nobody through who does not hold the address, and marks every answer."""

    def __init__(self, app: ASGIApp, session: ReviewSession) -> None:
        self._app, self._session = app, session

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            return

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
                message["headers"] = [*message["headers"], *own]
            await send(message)

        if refusal := self._session.refusal(scope):
            await PlainTextResponse(refusal, status_code=403)(scope, receive, marked)
            return
        await self._app(scope, receive, marked)


def review_app(desk: Desk, session: ReviewSession) -> ASGIApp:
    """The page, its styles and programs, what it shows, and what it asks for."""

    async def page(_request: Request) -> Response:
        return Response(_load_asset("review.html"), media_type="text/html")

    async def asset(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _ASSETS:
            return PlainTextResponse("no such file", status_code=404)
        return Response(_load_asset(name), media_type=_ASSETS[name])

    async def state(_request: Request) -> Response:
        return await _answer(desk.state)

    async def decide(request: Request) -> Response:
        try:
            asked = await _read(request)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        return await _answer(lambda: desk.decide(asked))

    root = "/{token}"
    routes = [
        Route(f"{root}/", page),
        Route(f"{root}/assets/{{name}}", asset),
        Route(f"{root}/api/state", state),
        Route(f"{root}/api/decide", decide, methods=["POST"]),
    ]
    return Gate(Starlette(routes=routes), session)


def open_socket(port: int = 0) -> socket.socket:
    """A socket on this machine alone; Port to listen on; 0 picks a free one.

    Raises:
        AwoError: the port is taken.
    """
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        found.bind(("127.0.0.1", port))
        found.listen()  # whoever is quicker than the server waits instead of being refused
    except OSError as error:
        found.close()
        raise AwoError(
            f"port {port} cannot be used: {error.strerror or error}; omit --port to use a free one"
        ) from error
    return found


def build_server(app: ASGIApp) -> uvicorn.Server:
    """A server that says nothing of its own; `run(sockets=[...])` serves until it is told to stop."""
    config = uvicorn.Config(
        app, log_level="error", access_log=False, server_header=False, lifespan="off", ws="none"
    )
    return uvicorn.Server(config)


async def _answer(work: Callable[[], Any]) -> Response:
    """The result; a refusal in words otherwise, with 409 where somebody else wrote the file."""
    try:
        return JSONResponse(await run_in_threadpool(work))
    except AwoError as error:
        code = 409 if isinstance(error, ChangedError) else 422
        return JSONResponse({"error": str(error)}, status_code=code)


async def _read(request: Request) -> dict[str, Any]:
    if request.headers.get("content-type", "").split(";")[0] != "application/json":
        raise ValueError("send JSON")
    text = b""
    async for part in request.stream():
        text += part
        if len(text) > LONGEST:
            raise ValueError("that is too long")
    try:
        data = loads(text)
    except ValueError as error:
        raise ValueError("that is no JSON") from error
    if not isinstance(data, dict):
        raise ValueError("send an object")  # noqa: TRY004  # what was sent is wrong, not what was called
    return data


def _load_asset(name: str) -> str:
    return (files("langchain_awo.review") / "assets" / name).read_text(encoding="utf-8")
