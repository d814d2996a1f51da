"""The page: templates filled with results, everything it needs inside."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from langchain_awo.errors import MissingExtraError
from langchain_awo.reporting.embedding import embed_json, finalize, write_policy
from langchain_awo.reporting.library import load_d3

if TYPE_CHECKING:
    from jinja2 import Environment

GENERATOR: Final = "langchain-awo report"
"""What a page says made it; only such pages are overwritten."""


def render(template: str, values: Mapping[str, Any], *, scripts: tuple[str, ...] = ()) -> str:
    """A page from a template, with its own styles and programs, under a policy that allows no others.

    Args:
        template: a file in `templates/`.
        values: for the template.
        scripts: own programs in `assets/`; D3 comes before them if there are any.

    Raises:
        MissingExtraError: Jinja2, or the package that ships D3, is not installed.
    """
    style = load_asset("page.css")
    programs = [load_d3(), *map(load_asset, scripts)] if scripts else []
    page = {
        "style": style,
        "programs": programs,
        "policy": write_policy(styles=[style], scripts=programs),
        "generator": GENERATOR,
    }
    return _get_environment().get_template(template).render({**values, "page": page})


def load_asset(name: str) -> str:
    """The text of a file in `assets/`."""
    return (files("langchain_awo.reporting") / "assets" / name).read_text(encoding="utf-8")


@cache
def _get_environment() -> Environment:
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415  # an extra
        from markupsafe import Markup  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("jinja2", extra="report") from error
    environment = Environment(
        loader=PackageLoader("langchain_awo.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        percent=format_percent,
        thousands=format_thousands,
        decimals=decimals,
        # these two are the only texts that autoescape does not touch: `embed_json` leaves no markup, the other is ours
        embedded=lambda data: Markup(embed_json(data)),  # noqa: S704
        own=Markup,
    )
    return environment


def format_percent(share: float) -> str:
    """A share as people read it.

    >>> format_percent(0.381)
    '38.1 %'
    """
    return f"{share * 100:.1f} %"


def decimals(number: float, digits: int) -> str:
    r"""An amount as people read it, with a real minus.

    >>> decimals(12345.678, 2), decimals(-0.5, 1) == "\u22120.5"
    ('12,345.68', True)
    """
    return f"{number:,.{digits}f}".replace("-", "\u2212")


def format_thousands(number: float) -> str:
    r"""A count as people read it, with a real minus.

    >>> format_thousands(12345.6), format_thousands(-3) == "\u22123"
    ('12,346', True)
    """
    return decimals(number, 0)
