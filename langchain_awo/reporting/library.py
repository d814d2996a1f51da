"""D3, which draws the graph: its program text, from the package that ships it."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from langchain_awo.errors import MissingExtraError


@cache
def load_d3() -> str:
    """The text of D3, which stands in the page itself.

    mpld3 is not imported, which would import Matplotlib; only the file it ships is read.

    Raises:
        MissingExtraError: mpld3 is not installed.
    """
    spec = find_spec("mpld3")
    folders = [Path(place) / "js" for place in (spec.submodule_search_locations or ())] if spec else []
    found = sorted(file for folder in folders for file in folder.glob("d3.v[5-9].min.js"))
    if not found:
        raise MissingExtraError("mpld3", extra="report")
    return found[-1].read_text(encoding="utf-8")
