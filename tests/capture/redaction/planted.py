"""Invented secrets of every class, and the places they turn up in; made from a seed, so that no scanner finds any in here."""

from __future__ import annotations

import base64
import json
import random
import string
from typing import Any
from urllib.parse import quote

UPPER_DIGITS = string.ascii_uppercase + "234567"
ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"


def text_of(chance: random.Random, alphabet: str, length: int) -> str:
    return "".join(chance.choice(alphabet) for _ in range(length))


def password(chance: random.Random) -> str:
    """Twelve characters with a digit, as people and password managers make them."""
    body = text_of(chance, ALNUM, 10)
    return f"{body}{chance.randrange(10)}{chance.choice('abcXYZ!')}"


def jwt(chance: random.Random) -> str:
    parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": text_of(chance, ALNUM, 8), "iat": 1}]
    heads = [base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in parts]
    return ".".join([*heads, text_of(chance, ALNUM + "-_", 43)])


def pem(chance: random.Random) -> str:
    lines = "\n".join(text_of(chance, ALNUM + "+/", 64) for _ in range(4))
    return f"-----BEGIN {chance.choice(['RSA ', 'EC ', 'OPENSSH ', ''])}PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----"


SHAPES = {
    "aws": lambda c: c.choice(["AKIA", "ASIA"]) + text_of(c, UPPER_DIGITS, 16),
    "github": lambda c: c.choice(["ghp_", "gho_", "ghs_"]) + text_of(c, ALNUM, 36),
    "github_fine": lambda c: "github_" + "pat_" + text_of(c, ALNUM, 22) + "_" + text_of(c, ALNUM, 59),
    "gitlab": lambda c: "glpat-" + text_of(c, ALNUM, 20),
    "openai": lambda c: "sk-" + "proj-" + text_of(c, ALNUM + "_-", 47) + "7",
    "anthropic": lambda c: "sk-" + "ant-api03-" + text_of(c, ALNUM + "_-", 60),
    "google": lambda c: "AIza" + text_of(c, ALNUM + "_-", 35),
    "slack": lambda c: "xoxb-" + text_of(c, string.digits, 11) + "-" + text_of(c, ALNUM, 24),
    "stripe": lambda c: c.choice(["sk", "rk"]) + "_live_" + text_of(c, ALNUM, 24),
    "sendgrid": lambda c: "SG." + text_of(c, ALNUM, 22) + "." + text_of(c, ALNUM, 43),
    "npm": lambda c: "npm_" + text_of(c, ALNUM, 36),
    "hugging_face": lambda c: "hf_" + text_of(c, string.ascii_letters, 34),
    "langsmith": lambda c: "lsv2_" + "pt_" + text_of(c, HEX, 32) + "_" + text_of(c, HEX, 10),
    "twilio": lambda c: "SK" + text_of(c, HEX, 32),
    "telegram": lambda c: text_of(c, "123456789", 9) + ":AA" + text_of(c, ALNUM + "_-", 33),
    "shopify": lambda c: "shpat_" + text_of(c, HEX, 32),
    "databricks": lambda c: "dapi" + text_of(c, HEX, 32),
    "jwt": jwt,
    "pem": pem,
    "bcrypt": lambda c: "$2b$" + "12$" + text_of(c, ALNUM + "./", 53),
    "random": lambda c: text_of(c, ALNUM, 12) + "7aQ9fX2mZ4" + text_of(c, ALNUM, 18),
}
"""Secrets that are known by their shape alone."""

NAMES = (
    "password", "Password", "user_password", "passwd", "pwd", "passphrase", "token", "access_token", "refreshToken", "X-Auth-Token",
    "api_key", "apiKey", "API-KEY", "X-API-Key", "secret", "client_secret", "secretKey", "private_key", "Authorization", "sessionid",
    "csrf_token", "otp", "credentials", "DB_PASS", "pass", "auth", "dsn", "smtp_pass", "connection_string", "master_key", "consumer_key",
    "PGPASSWORD", "authToken", "passcode", "webhook_secret", "jwt", "Kennwort", "login.password", "recovery_code", "subscription-key",
)  # fmt: skip
"""Names that announce a secret."""

SENTENCES = (
    "{name}={secret}", "{name}: {secret}", "Login failed: {name}={secret}", "ValueError: {name}={secret}", "config: {name}: {secret}",
    "GET https://api.example/v1?{name}={secret}", "see http://h.example/?a=1&{name}={secret}&x=1", "--{name}={secret}",
    "run --user ann --{name} {secret} --now", '{name} = "{secret}"', "{name}: '{secret}'", "{name}: |\n  {secret}\n", "user:ann,{name}:{secret}",
    "ERROR db: connect user=ann {name}={secret} host=h", "error=invalid_token:{name}={secret}", "connect(host='h', {name}='{secret}')",
    "Error: connect({name}={secret})", "10:00:00 INFO {name}={secret}", "x.py:12: {name}={secret}", "<{name}>{secret}</{name}>",
    '<input name="{name}" value="{secret}">', '{{\\"{name}\\": \\"{secret}\\", \\"x\\": 1', "&quot;{name}&quot;:&quot;{secret}&quot;",
    "os.environ['{name}'] = '{secret}'", "export {name}={secret}; run", "user[{name}]={secret}", "{{'{name}': b'{secret}'}} oops",
    "first line\\n{name}: {secret}\\nlast line", "({name}={secret}, role=x)", "{name}=>{secret}", "my {name} is: {secret}.",
    "{name}%3D{secret}%26x%3D1", "[{name}:{secret}]", '("{name}", "{secret}") was sent', "Host: h\r\n{name}: {secret}\r\nAccept: */*",
)  # fmt: skip
"""How texts name one."""

STRUCTURES = {
    "key": lambda name, secret: {"user": "ann", name: secret},
    "deep": lambda name, secret: {"a": [{"b": {name: [secret]}}]},
    "pair": lambda name, secret: [{"name": name, "value": secret}],
    "header": lambda name, secret: {"headers": [["Accept", "text/plain"], [name, secret]]},
    "table": lambda name, secret: {"columns": ["user", name], "rows": [["ann", secret]]},
    "sheet": lambda name, secret: [["user", name], ["ann", secret]],
    "flags": lambda name, secret: ["run", f"--{name}", secret, "--now"],
    "json": lambda name, secret: json.dumps({"user": "ann", name: secret}),
    "json_in_json": lambda name, secret: json.dumps({"body": json.dumps({name: secret})}),
    "python": lambda name, secret: repr({"user": "ann", name: secret}),
    "csv": lambda name, secret: f"user,{name},age\nann,{secret},7\n",
    "markdown": lambda name, secret: f"| user | {name} |\n|---|---|\n| ann | {secret} |",
}
"""How values name one."""

AROUND = {
    "alone": lambda secret: secret,
    "prose": lambda secret: f"I used {secret} for that, and it failed.",
    "quoted": lambda secret: f'client("{secret}")',
    "url": lambda secret: f"https://h.example/v1?q={quote(secret)}&x=1",
    "value": lambda secret: {"note": [f"is {secret}"]},
    "escaped": lambda secret: json.dumps(f"first\n{secret}\nlast"),
}
"""Where one stands that nothing names."""


def named(seed: int) -> list[tuple[str, str, Any]]:
    """Where, the secret, and the value it is in."""
    chance = random.Random(seed)  # noqa: S311  # made up
    found: list[tuple[str, str, Any]] = []
    for sentence in SENTENCES:
        for name in chance.sample(NAMES, 8):
            secret = password(chance)
            found.append((f"{sentence!r} {name}", secret, sentence.format(name=name, secret=secret)))
    for place, build in STRUCTURES.items():
        for name in chance.sample(NAMES, 12):
            secret = password(chance)
            found.append((f"{place} {name}", secret, build(name, secret)))
    return found


def shaped(seed: int) -> list[tuple[str, str, Any]]:
    chance = random.Random(seed)  # noqa: S311  # made up
    found: list[tuple[str, str, Any]] = []
    for kind, make in SHAPES.items():
        for place, build in AROUND.items():
            secret = make(chance)
            found.append((f"{kind} {place}", secret, build(secret)))
    for scheme in ("postgres", "mysql+pymysql", "mongodb+srv", "redis", "amqp", "https", "ftp", "smtp"):
        for place, build in AROUND.items():
            if place != "url":
                secret = password(chance)
                found.append((f"{scheme} {place}", secret, build(f"{scheme}://ann:{secret}@h.example:99/x")))
    return found
