"""Credentials that are known by their shape: the prefixes that providers give to their keys, PEM blocks, addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final, TypeAlias

Span: TypeAlias = tuple[int, int]
"""Start and end in a text."""

START: Final = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrtbf])|(?<=%[0-9A-Fa-f]{2}))"
"""Not inside a word; what stands before may be an escape such as `\\n` or `%3D`."""

_ISSUED: Final = (
    # literal beginnings, what follows them
    ("AKIA ASIA ABIA ACCA", r"[A-Z0-9]{12,}"),  # AWS
    ("LTAI", r"[A-Za-z0-9]{12,}"),  # Alibaba
    ("AKID", r"[A-Za-z0-9]{32,}"),  # Tencent
    ("ghp_ gho_ ghu_ ghs_ ghr_", r"[A-Za-z0-9]{20,}"),  # GitHub
    ("github_pat_", r"\w{22,}"),
    ("glpat- gldt- glrt- glcbt- glptt- glft- glimt- glagent- glsoat-", r"[\w.-]{16,}"),  # GitLab
    ("AIza", r"[\w-]{30,}"),  # Google
    ("ya29. GOCSPX- 1//0", r"[\w.-]{20,}"),
    ("sk- sk-ant- sk-proj- sk-lf- sk-or-", r"(?=[\w-]{0,60}\d)[\w-]{20,}"),  # OpenAI, Anthropic, Langfuse
    ("sk_live_ sk_test_ rk_live_ rk_test_", r"[A-Za-z0-9]{10,}"),  # Stripe
    ("whsec_", r"[\w+/=]{16,}"),
    ("xoxb- xoxp- xoxa- xoxr- xoxs- xoxc- xoxd- xapp- xoxe. xoxe-", r"[\w.%-]{10,}"),  # Slack
    ("SG.", r"[\w-]{16,}\.[\w-]{16,}"),  # SendGrid
    ("xkeysib-", r"[\w-]{20,}"),  # Brevo
    ("npm_ hf_", r"[A-Za-z0-9]{20,}"),
    ("pypi-AgE", r"[\w-]{20,}"),
    ("rubygems_ pul- dop_v1_ doo_v1_ dor_v1_", r"[0-9a-f]{32,}"),
    ("gsk_ xai- r8_ nvapi- tvly- pplx- fw_ csk- jina_", r"(?=[\w-]{0,40}\d)[\w-]{24,}"),  # other model APIs
    ("lsv2_pt_ lsv2_sk_ ls__", r"\w{20,}"),  # LangSmith
    ("shpat_ shpca_ shppa_ shpss_", r"[0-9a-fA-F]{20,}"),  # Shopify
    ("EAAA sq0atp- sq0csp- sq0idp-", r"[\w-]{20,}"),  # Square
    ("glsa_ glc_ lin_api_ figd_ figo_", r"[\w=+/-]{20,}"),  # Grafana, Linear, Figma
    ("ATATT3 ATCTT3 ATBB", r"[\w=-]{16,}"),  # Atlassian
    ("dckr_pat_ dckr_oat_ tskey- NRAK- NRJS- NRII-", r"[\w-]{16,}"),  # Docker, Tailscale, New Relic
    ("hvs. hvb. hvr.", r"[\w-]{20,}"),  # Vault
    ("AGE-SECRET-KEY-1", r"[0-9A-Z]{20,}"),
    ("sntrys_ sntryu_ PMAK- phx_ phc_", r"[\w+/=-]{20,}"),  # Sentry, Postman, PostHog
    ("ntn_ secret_", r"(?=[A-Za-z]{0,30}\d)[A-Za-z0-9]{30,}"),  # Notion
    ("EZAK EZTK", r"[A-Za-z0-9]{40,}"),  # EasyPost
    ("eyJ", r"[\w-]{8,}\.[\w-]{4,}\.[\w.-]*"),  # JSON web tokens
    (
        "$2a$ $2b$ $2y$ $argon2i $argon2d $scrypt$ $6$ $5$ $1$ $pbkdf2",
        r"[\w./$=,+-]{20,}",
    ),  # hashes of passwords
)

_PEM: Final = (
    r"-----BEGIN(?: |%20|\+)(?!CERTIFICATE|PUBLIC|RSA.{1,3}PUBLIC|X509|PGP PUBLIC|PGP MESSAGE|PGP SIGN)"
    r"(?:[A-Z0-9 +]|%20){2,40}-----(?P<secret>(?:[A-Za-z0-9+/=\s\\:,.()%]|-(?!----))++)"
)
_ELSEWHERE: Final = (
    # literals, the whole pattern from the literal on; the group `secret` is masked
    ("-----BEGIN", _PEM),
    (
        "://",
        r"://(?:[^\s/?#@:\"'<>\\]{0,100}:(?P<secret>[^\s/\"'<>\\]{1,200})|(?P<user>[^\s/?#@:\"'<>\\]{20,200})(?::[\w-]{0,20})?)@",
    ),
    ("hooks.slack.com/", r"hooks\.slack\.com/\w+/(?P<secret>[\w/-]{20,})"),
    ("webhook.office.com/", r"webhook\.office\.com/(?P<secret>[\w/@-]{20,})"),
    ("discord.com/api/webhooks/ discordapp.com/api/webhooks/", r"[a-z]+\.com/api/webhooks/(?P<secret>[\w/-]{20,})"),
    (
        "-u --user --proxy-user",
        r"(?:-u|--user|--proxy-user)[ =]+[\"']?[^\s:\"']{1,60}:(?P<secret>[^\s\"'\\]{2,200})",
    ),
    ("X-Amz- X-Goog-", r"(?i:X-(?:Amz|Goog)-(?:Signature|Credential|Security-Token))(?:=|%3D)(?P<secret>[\w%+/.=-]{10,})"),
    ("sig=", r"sig=(?P<secret>[\w%+/.-]{16,}=?)"),
    ("AccountKey= SharedAccessKey=", r"\w+Key=(?P<secret>[\w+/=-]{20,})"),
    ("sshpass -p", r"sshpass -p ?(?P<secret>[^\s\\]+)"),
)  # fmt: skip


def _index_by_literal() -> dict[str, str]:
    """Patterns by the literal, in lower case, at whose place they are tried."""
    found = {
        head.lower(): rf"{START}(?P<secret>{re.escape(head)}{tail})"
        for heads, tail in _ISSUED
        for head in heads.split()
    }
    for literals, pattern in _ELSEWHERE:
        names = [literals] if literals == "sshpass -p" else literals.split()
        found |= {name.lower(): pattern if name[0] in "-:" else START + pattern for name in names}
    return found


BY_LITERAL: Final = _index_by_literal()
"""What is tried where a literal, in lower case, occurs."""

_TEMPLATE: Final = re.compile(r"\$?\{+[\w.]+\}+|<\w+>|\*+|x+|%s", re.IGNORECASE)


_compile: Final = cache(re.compile)
"""Compiles a pattern when it is first tried; most never are, and all of them cost 20 ms at import."""


def match_shape(text: str, place: int, literal: str) -> Span | None:
    """The credential whose beginning, or whose surroundings, are at a place."""
    match = _compile(BY_LITERAL[literal]).match(text, place)
    if match is None:
        return None
    groups = match.groupdict()
    name = "secret" if groups["secret"] is not None else "user"
    return None if _TEMPLATE.fullmatch(match[name]) else match.span(name)


_LONG: Final = re.compile(
    rf"{START}(?:SK[0-9a-f]{{32}}|key-[0-9a-f]{{32}}|dapi[0-9a-f]{{32}}(?:-\d)?|\d{{8,10}}:AA[\w-]{{30,}}|pat[A-Za-z0-9]{{14}}\.[0-9a-f]{{32,}}"
    r"|[MNO][A-Za-z\d]{23,25}\.[\w-]{6}\.[\w-]{27,})(?![A-Za-z0-9])"
)


def find_long_shapes(text: str, start: int, end: int) -> Iterator[Span]:
    """Credentials that have a long run of letters and digits, but no beginning that is worth looking for alone."""
    return (match.span() for match in _LONG.finditer(text, start, end))
