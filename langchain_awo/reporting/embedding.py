"""Data, styles and programs inside a page, so that nothing that was recorded can become markup or a program."""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from typing import Any

from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.text.visible import make_visible

_ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def embed_json(data: JSONValue) -> str:
    r"""JSON text that can stand inside a script element: it holds neither markup nor line ends JavaScript would see.

    >>> embed_json({"tool": "</script><b>"})
    '{"tool":"\\u003c/script\\u003e\\u003cb\\u003e"}'
    """
    text = json.dumps(make_data_visible(data), ensure_ascii=False, separators=(",", ":"))
    return text.translate(_ESCAPES)


def make_data_visible(data: JSONValue) -> JSONValue:
    """The same data with what nobody should see at work made visible in every text; see `make_visible`."""
    match data:
        case str():
            return make_visible(data)
        case dict():
            return {make_visible(str(key)): make_data_visible(value) for key, value in data.items()}
        case list() | tuple():
            return [make_data_visible(value) for value in data]
        case _:
            return data


def write_policy(*, styles: list[str], scripts: list[str]) -> str:
    """A content security policy under which only these styles and programs are used, and nothing is fetched.

    Widths of bars are style attributes, which hold numbers only.
    """
    allowed = {
        "default-src": "'none'",
        "style-src": " ".join(_hash_texts(styles)),
        "style-src-attr": "'unsafe-inline'",
        "script-src": " ".join(_hash_texts(scripts)) or "'none'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in allowed.items())


def _hash_texts(texts: list[str]) -> list[str]:
    return [f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'" for text in texts]


def finalize(value: Any) -> Any:
    """What Jinja writes for a value: texts made visible first; markup that was escaped already stays."""
    return make_visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
