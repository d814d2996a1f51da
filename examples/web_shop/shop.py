"""A small web shop: search, product pages, reviews, cart, checkout; the standard library's HTTP server over SQLite."""

import sqlite3
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pages

COLOURS = ("Red", "Blue", "Green", "White", "Black", "Yellow")
THINGS = ("mug", "kettle", "lamp", "chair", "blanket", "backpack", "notebook", "umbrella")

SCHEMA = """
create table products (product_id integer primary key, title text, price real);
create table reviews (review_id integer primary key, product_id integer, rating integer, title text, text text);
create table cart (product_id integer, quantity integer);
create table orders (order_id integer primary key, product_id integer, quantity integer, name text, street text, city text);
"""

CHANGED = ("reviews", "orders", "cart")
"""Tables that customers change."""


class Shop:
    """The shop on a free port of this machine; equal ones have equal contents.

    Every page that is sent gives its elements other ids, as many front ends do.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._database = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self._database.executescript(SCHEMA)
        for number, (thing, colour) in enumerate((thing, colour) for thing in THINGS for colour in COLOURS):
            self.ask(
                "insert into products values (?, ?, ?)",
                number,
                f"{colour} {thing}",
                5 + number * 7 % 43 + 0.5,
            )
        self._numbers = count(1)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(self))
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def rows(self) -> dict[str, list[Any]]:
        """What customers can change."""
        return {table: self.ask(f"select * from {table} order by 1") for table in CHANGED}  # noqa: S608  # our names

    def ask(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """Rows, each a dictionary."""
        with self._lock:
            cursor = self._database.execute(statement, values)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def get(self, path: str, query: dict[str, str]) -> str:
        """The page at a path."""
        ids = pages.Ids(self._numbers)
        match path.strip("/").split("/"):
            case ["search"]:
                found = "select * from products where title like ? order by title"
                return pages.results(ids, query.get("q", ""), self.ask(found, f"%{query.get('q', '')}%"))
            case ["product", number]:
                reviews = "select * from reviews where product_id = ? order by review_id desc limit 5"
                return pages.product(ids, self._product(number), self.ask(reviews, number))
            case ["product", number, "review"]:
                return pages.review_form(ids, self._product(number))
            case ["cart"]:
                lines = "select title, quantity from cart join products using (product_id)"
                return pages.cart(ids, self.ask(lines))
            case ["checkout"]:
                return pages.checkout(ids)
            case ["order", number]:
                return pages.confirmation(ids, number)
            case _:
                return pages.home(ids)

    def post(self, path: str, form: dict[str, str]) -> str:
        """Does what a form asks for; where to go then."""
        match path.strip("/").split("/"):
            case ["product", number, "review"]:
                review = (number, form["rating"], form["title"], form["text"])
                self.ask("insert into reviews (product_id, rating, title, text) values (?, ?, ?, ?)", *review)
                return f"/product/{number}"
            case ["product", number, "cart"]:
                self.ask("insert into cart values (?, ?)", number, form["quantity"])
                return "/cart"
            case _:
                buyer = (form["name"], form["street"], form["city"])
                insert = "insert into orders (product_id, quantity, name, street, city) select product_id, quantity, ?, ?, ? from cart"
                self.ask(insert, *buyer)
                self.ask("delete from cart")
                (last,) = self.ask("select max(order_id) as number from orders")
                return f"/order/{last['number']}"

    def close(self) -> None:
        """Ends the server."""
        self._server.shutdown()
        self._server.server_close()
        self._database.close()

    def _product(self, number: str) -> dict[str, Any]:
        return self.ask("select * from products where product_id = ?", number)[0]


def _handler_for(shop: Shop) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answers with a page; a product that is not there with 404."""
            address = urlsplit(self.path)
            try:
                page = shop.get(address.path, _first(address.query))
            except IndexError:
                self.send_error(404, "There is no such product")
                return
            self.send_response(200)
            self._send(page)

        def do_POST(self) -> None:
            """Does what was asked for, and sends the browser on."""
            form = self.rfile.read(int(self.headers["Content-Length"])).decode()
            try:
                target = shop.post(urlsplit(self.path).path, _first(form))
            except KeyError as missing:
                self.send_error(400, f"The form has no {missing}")
                return
            self.send_response(303)
            self.send_header("Location", target)
            self._send("")

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

        def _send(self, page: str) -> None:
            body = page.encode()
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler


def _first(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}
