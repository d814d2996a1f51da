"""Text from recordings as it may be shown: names, values and errors there may hold anything."""

from __future__ import annotations


def make_visible(text: str) -> str:
    r"""Text without control characters and without those that turn the direction of writing.

    >>> make_visible("a\x1b[31mb\tc")
    'a\\x1b[31mb\tc'
    >>> make_visible("refund\u202eexe")
    'refund\\u202eexe'
    """
    return "".join(c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in text)


def make_visible_line(text: str) -> str:
    r"""The same on one line: a name that breaks the line could pass for what we say.

    >>> make_visible_line("refund\n2 meta-tools accepted")
    'refund\\n2 meta-tools accepted'
    """
    return make_visible(text).replace("\n", r"\n").replace("\t", r"\t")
