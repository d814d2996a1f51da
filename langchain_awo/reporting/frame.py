"""A page inside a notebook's output: in a frame of its own, so that neither styles nor programs of either meet."""

from __future__ import annotations

from html import escape


def frame_page(html: str, *, title: str, height: int) -> str:
    """A frame that holds a whole page and may run its programs, but not reach the notebook around it.

    Args:
        html: the page.
        title: what the frame is called for those who cannot see it.
        height: pixels.
    """
    return (
        f'<iframe title="{escape(title)}" sandbox="allow-scripts allow-downloads" srcdoc="{escape(html)}" '
        f'style="width:100%;height:{height}px;border:0;border-radius:8px"></iframe>'
    )
