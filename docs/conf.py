from __future__ import annotations

import re
from fnmatch import fnmatch
from os.path import normpath, relpath
from pathlib import Path

from pygments.lexers import JsonLexer
from sphinx.application import Sphinx
from sphinx.highlighting import lexers

from langchain_awo import __version__

project = "langchain-awo"
author = "langchain-awo contributors"
copyright = "langchain-awo contributors"  # noqa: A001  # Sphinx's name
release = version = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx-jsonschema",
    "sphinxcontrib.typer",
]
html_theme = "furo"
html_title = f"langchain-awo {version}"
html_copy_source = False

# The pages are read on GitHub too: ordinary Markdown, headings linked by GitHub's own anchors.
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
lexers["jsonl"] = JsonLexer()

default_role = "code"  # single backticks in docstrings are code
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

# Named as the code names them, not as what they stand for.
autodoc_type_aliases = {
    name: f"{module}.{name}"
    for module, names in {
        "langchain_awo.api.phases": ("Source", "OnSkipped"),
        "langchain_awo.capture.redaction.fingerprint": ("MaskKey",),
        "langchain_awo.capture.redaction.rules": ("Judge", "Mask"),
        "langchain_awo.model.ir.binding": ("Binding", "Value"),
        "langchain_awo.model.ir.decision": ("Choice", "Verdict"),
        "langchain_awo.model.ir.metatool": ("Mode",),
        "langchain_awo.model.text.json_value": ("JSONValue",),
        "langchain_awo.model.trace.trace": ("Status",),
        "langchain_awo.optimizer.pipeline": ("Progress", "Strategy"),
        "langchain_awo.api.reporter": ("Rules", "Toolkit"),
        "langchain_awo.testing.scripted": ("Policy", "ScriptStep"),
        "langchain_awo.testing.worlds": ("Source",),
    }.items()
    for name in names
}
python_use_unqualified_type_names = True

# Every reference to something of our own leads somewhere; the site is built without a network, so others' need not.
nitpick_ignore_regex = [("py:.*", r"(?!langchain_awo\.).*")]
nitpick_ignore = [  # what users do not make themselves
    ("py:class", "langchain_awo.capture.writer.TraceSink"),
    ("py:class", "langchain_awo.capture.state.Label"),
    ("py:class", "langchain_awo.stores.scope.Scope"),
    ("py:class", "langchain_awo.stores.selection.Selection"),
    ("py:class", "langchain_awo.stores.summary.StoreSummary"),
    ("py:class", "langchain_awo.runtime.agent.middleware.Runs"),
    ("py:class", "langchain_awo.model.trace.outline.Outline"),
    ("py:class", "langchain_awo.model.trace.trace._Identified"),
]

HOMES = {
    "CONTRIBUTING.md": "contributing",
    "CHANGELOG.md": "changes",
    "examples/README.md": "examples",
    "examples/app_world/README.md": "examples-app-world",
    "examples/three_agents/README.md": "examples-three-agents",
    "examples/web_shop/README.md": "examples-web-shop",
    "README.md": "index",
}
"""Pages outside of docs/, and where the site shows them; instead of the README it has a first page of its own."""

CONTENTS = {
    "Start": ["tutorial", "first-hour", "how-it-works"],
    "Guides": [
        "guides/record",
        "guides/deploy",
        "guides/secrets",
        "guides/import",
        "guides/stores",
        "guides/estimate",
        "guides/compile",
        "guides/review",
        "guides/install",
        "guides/continue",
        "guides/approvals",
        "guides/failed-write",
        "guides/graphs",
        "guides/sub-agents",
        "guides/mcp",
        "review",
        "guides/ci",
        "guides/recompile",
        "guides/nightly",
        "monitoring",
        "report",
        "rules",
        "guides/troubleshooting",
    ],
    "Understand": [
        "metrics",
        "benchmarks",
        "limits",
        "comparison",
        "safety",
        "traps",
        "runtime",
        "worlds",
        "figures",
        "architecture",
        "decisions/README",
        "decisions/*",
        "glossary",
    ],
    "Look up": [
        "examples",
        "examples-*",
        "cli",
        "file-formats",
        "toolkit-file",
        "reference/README",
        "reference/*",
        "contributing",
        "changes",
    ],
}
"""The sidebar. Pages that it does not name come last, so that none is lost."""

TOCTREE = """

```{{toctree}}
:hidden:
:caption: {caption}

{pages}
```
"""


def fetch_from_outside(app: Sphinx, name: str, source: list[str]) -> None:
    """Shows the pages outside of docs/, and leads links to them there; files that are no pages are offered as they are."""
    docs = Path(app.srcdir)
    files = {page: docs.parent / file for file, page in HOMES.items()}
    homes = {files[page]: docs / f"{page}.md" for page in files}
    here = docs / f"{name}.md"
    shown = here
    if name in files and name != "index":
        shown = files[name]
        source[0] = shown.read_text(encoding="utf-8")

    def led(link: re.Match[str]) -> str:
        target = Path(normpath(shown.parent / link[1]))
        return f"]({relpath(homes.get(target, target), here.parent)}"

    source[0] = re.sub(r"\]\((?!https?:|#)([^)#\s]+)", led, source[0])


def add_contents(app: Sphinx, name: str, source: list[str]) -> None:
    """Gives the first page the sidebar; in the file itself GitHub would show it as code."""
    if name != "index":
        return
    left = sorted(app.env.found_docs - {"index"})
    for caption, patterns in {**CONTENTS, "More": ["*"]}.items():
        pages = list(dict.fromkeys(page for pattern in patterns for page in left if fnmatch(page, pattern)))
        left = [page for page in left if page not in pages]
        if pages:
            source[0] += TOCTREE.format(caption=caption, pages="\n".join(pages))


def name_aliases(  # what Sphinx calls it with
    _app: Sphinx,
    _what: str,
    _name: str,
    _of: object,
    _options: object,
    signature: str | None,
    returns: str | None,
) -> tuple[str | None, str | None]:
    """Takes an alias inside of another type out of Sphinx's wrapping."""

    def plain(text: str | None) -> str | None:
        return text and re.sub(r"TypeAliasForwardRef\('([\w.]+)'\)", r"\1", text)

    return plain(signature), plain(returns)


def setup(app: Sphinx) -> None:
    """Sphinx calls this."""
    app.connect("autodoc-process-signature", name_aliases)
    app.connect("source-read", fetch_from_outside)
    app.connect("source-read", add_contents)
