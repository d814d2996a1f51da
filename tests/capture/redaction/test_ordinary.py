"""What is no secret stays as it is."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import string
import uuid

import pytest

from langchain_awo.capture.redaction import Redactor
from langchain_awo.model.trace.trace import Message, ToolCallRecord, Trace

CHANCE = random.Random(7)  # noqa: S311  # made up
ORDINARY = {
    "order": "#W2378156",
    "uuid": str(uuid.UUID(int=CHANCE.getrandbits(128))),
    "object_id": "".join(CHANCE.choice("0123456789abcdef") for _ in range(24)),
    "sha256": hashlib.sha256(b"a").hexdigest(),
    "image": "data:image/png;base64," + base64.b64encode(CHANCE.randbytes(3_000)).decode(),
    "raw image": base64.b64encode(CHANCE.randbytes(900)).decode(),
    "cursor": base64.b64encode(json.dumps({"after": "2024-05-01T10:00:00", "page": 3}).encode()).decode(),
    "flight": "HAT136 on 2024-05-16, seat 12A, PNR XK7Q2B",
    "call": "call_" + "".join(CHANCE.choice(string.ascii_letters + string.digits) for _ in range(24)),
    "usage": {"input_tokens": 512, "max_tokens": 4096, "token_count": 7, "total_tokens": 519, "tokens": 3},
    "page": {"next_page_token": "CAUQAA", "password_policy": "12 characters", "token_type": "Bearer"},
    "payment": {
        "credit_card_4421486": {"source": "credit_card", "last_four": "1234", "id": "credit_card_4421486"}
    },
    "passengers": [{"first_name": "Mia", "boarding_pass": "economy", "pass": True, "session": "morning"}],
    "prose": "Please reset your password: it expired. The token is invalid; the session was closed. PIN required.",
    "url": "https://github.com/example/project/blob/main/src/secrets/README.md?tab=readme#token-count",
    "address": "http://h.example:80/path?email=ann@example.org and ftp://ann@h.example/x",
    "code": "def get_user_by_id_with_options(userId, maxTokens=512): return api.getUserByIdWithOptionsV2ForAccount99(userId)",
    "path": "/usr/local/lib/python3.11/site-packages/Package_With_Long_Name2/module1/ClassName.py",
    "integrity": "sha512-" + base64.b64encode(CHANCE.randbytes(64)).decode(),
    "phone": "+49 30 1234567 or ann@example.org, 4111 1111 1111 1111",
    "status": {
        "auth": "required",
        "pass": "yes",
        "secret": None,
        "password": "",
        "token": "<token>",
        "cookie": False,
    },
    "schema": {
        "type": "object",
        "properties": {"password": {"type": "string", "description": "The password."}},
    },
    "template": "curl -H 'Authorization: Bearer $TOKEN' https://h.example/${API_KEY} --password '{password}'",
    "certificate": "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIU\n-----END CERTIFICATE-----",
    "versions": "pip==24.0 sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "names": ["token", "password", "username"],
    "tasks": "risk-assessment-for-2024-quarter-3-and-4, task-list-1234567890-abcdef, desk-12345-67890-abcde",
}


@pytest.mark.parametrize("what", ORDINARY)
def test_ordinary_data_is_stored_as_it_is(what):
    value = ORDINARY[what]
    text = value if isinstance(value, str) else json.dumps(value)
    call = ToolCallRecord(call_id="1", name="t", args={"given": value}, output=value, error=text)
    given = Trace(trace_id="x", tool_calls=(call,), messages=(Message(role="user", text=text, before=0),))
    assert Redactor().redact(given) == given
