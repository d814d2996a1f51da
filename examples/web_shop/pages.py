"""The pages of the shop as HTML. Each element that one can use has an id, and another one on every page that is sent."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any


class Ids:
    """Fresh ids for one page, such as `e41`."""

    def __init__(self, numbers: Iterator[int]) -> None:
        self._numbers = numbers

    def __call__(self) -> str:
        """The next one."""
        return f"e{next(self._numbers)}"


def home(ids: Ids) -> str:
    """The way in."""
    return _page(ids, "Shop", "<p>Welcome. Search for what you need.</p>")


def results(ids: Ids, query: str, products: Sequence[dict[str, Any]]) -> str:
    """What a search found."""
    items = "".join(
        f"<li>{_link(ids, _path(each), each['title'])} {each['price']:.2f}</li>" for each in products
    )
    return _page(ids, f"{len(products)} results for {query}", f"<ul>{items}</ul>")


def product(ids: Ids, found: dict[str, Any], reviews: Sequence[dict[str, Any]]) -> str:
    """A product, its latest reviews, and what can be done with it."""
    buy = _form(
        ids, "post", f"{_path(found)}/cart", [_input(ids, "Quantity", "quantity", "1")], "Add to cart"
    )
    write = _form(ids, "get", f"{_path(found)}/review", [], "Write a review")
    said = "".join(
        f"<p>{each['rating']} stars: {escape(each['title'])}. {escape(each['text'])}</p>" for each in reviews
    )
    return _page(ids, found["title"], f"<p>Price: {found['price']:.2f}</p>{buy}{write}{said}")


def review_form(ids: Ids, found: dict[str, Any]) -> str:
    """Where a review is written."""
    options = "".join(f"<option>{stars}</option>" for stars in (5, 4, 3, 2, 1))
    fields = [
        _labelled(ids, "Rating", f'<select name="rating" id="{{id}}">{options}</select>'),
        _input(ids, "Title", "title"),
        _labelled(ids, "Review", '<textarea name="text" id="{id}"></textarea>'),
    ]
    body = _form(ids, "post", f"{_path(found)}/review", fields, "Submit review")
    return _page(ids, f"Your review of {found['title']}", body)


def cart(ids: Ids, lines: Sequence[dict[str, Any]]) -> str:
    """What is about to be bought."""
    items = "".join(f"<li>{each['quantity']} x {escape(each['title'])}</li>" for each in lines)
    return _page(ids, "Cart", f"<ul>{items}</ul>{_form(ids, 'get', '/checkout', [], 'Checkout')}")


def checkout(ids: Ids) -> str:
    """Where it goes to."""
    fields = [_input(ids, label, label.lower()) for label in ("Name", "Street", "City")]
    return _page(ids, "Checkout", _form(ids, "post", "/checkout", fields, "Place order"))


def confirmation(ids: Ids, number: str) -> str:
    """That it was bought."""
    return _page(ids, "Thank you", f"<p>Your order has the number {escape(number)}.</p>")


def _page(ids: Ids, title: str, body: str) -> str:
    search = _form(ids, "get", "/search", [_input(ids, "Search", "q")], "Search")
    return (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{escape(title)}</title>"
        f'<link rel="icon" href="data:,"></head>'
        f"<body><header>{search}</header><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )


def _path(found: dict[str, Any]) -> str:
    return f"/product/{found['product_id']}"


def _link(ids: Ids, path: str, text: str) -> str:
    return f'<a id="{ids()}" href="{path}">{escape(text)}</a>'


def _form(ids: Ids, method: str, path: str, fields: Sequence[str], button: str) -> str:
    inside = "".join(fields) + f'<button id="{ids()}">{button}</button>'
    return f'<form method="{method}" action="{path}">{inside}</form>'


def _input(ids: Ids, label: str, name: str, value: str = "") -> str:
    return _labelled(ids, label, f'<input name="{name}" id="{{id}}" value="{value}" autocomplete="off">')


def _labelled(ids: Ids, label: str, field: str) -> str:
    element = ids()
    return f'<label for="{element}">{label}</label>{field.format(id=element)}'
