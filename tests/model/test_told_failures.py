"""Which outputs say that the call failed, plainly or perhaps."""

from __future__ import annotations

import pytest

from langchain_awo.model.text.encoding import decode
from langchain_awo.model.text.failure import find_doubt, find_failure, is_silent

FAILURES = [
    ("Failed to update: order is locked", "Failed to update: order is locked"),
    ("failed: no stock", "failed: no stock"),
    ("❌ Error: no stock", "❌ Error: no stock"),
    ("**Error:** no stock", "**Error:** no stock"),
    ("API Error (code 7): closed", "API Error (code 7): closed"),
    ("404 Not Found", "404 Not Found"),
    ("HTTP 503 Service Unavailable", "HTTP 503 Service Unavailable"),
    ("Error: no such id\nUse list_ids to see them.", "Error: no such id\nUse list_ids to see them."),
    ('{"status": "error", "message": "locked"}', "locked"),
    ({"status": "failed", "reason": "locked"}, "locked"),
    ({"success": "false", "msg": "locked"}, "locked"),
    ({"data": None, "errors": [{"message": "locked"}]}, '[{"message":"locked"}]'),
    ({"jsonrpc": "2.0", "id": 4, "error": {"code": -3}}, '{"code":-3}'),
    ({"statusCode": 500, "message": "locked"}, "locked"),
    ("{'ok': False, 'detail': 'locked'}", "locked"),
]
DOUBTS = [
    "Unable to lock the order",
    "Cannot be changed any more",
    "Permission denied",
    "Invalid date",
    "Error: disk 1 is full\nError: disk 2 is full",
    {"error": "typo in line 3", "corrected": "..."},
    {"success": False, "orders": []},
    {"status": "error", "order_id": "A", "at": 3},
    {"status": "failed", "order_id": "A", "message": "locked"},
]
ANSWERS = [
    "No such order.",
    "Error rates fell by half",
    "Errors in the log: 3",
    "Error: none",
    "The payment failed to arrive in time, so it was sent again.",
    "Terror: a film",
    "404 rooms are free",
    "",
    None,
    7,
    [{"error": "old"}],
    {"status": "failed", "order_id": "A", "total": 3},
    {"errors": [], "warnings": [], "result": "ok"},
    {"error": "", "total": 3},
    {"error": "none"},
    {"status": 200, "message": "done"},
    {"exception_count": 4},
]


@pytest.mark.parametrize(("output", "words"), FAILURES)
def test_a_report_of_failure_is_one_in_its_own_words(output, words):
    assert find_failure(output) == words
    assert find_doubt(output) == words


@pytest.mark.parametrize("output", DOUBTS)
def test_what_may_be_an_answer_is_a_doubt(output):
    assert find_failure(output) is None
    assert find_doubt(output)


@pytest.mark.parametrize("output", ANSWERS)
def test_an_answer_is_neither(output):
    assert find_failure(output) is None
    assert find_doubt(output) is None


@pytest.mark.parametrize("output", [each for each, *_ in FAILURES] + list(DOUBTS))
def test_what_may_tell_of_a_failure_is_never_silent(output):
    """The quick look that spares most answers a closer one."""
    assert not is_silent(output, decode(output))


@pytest.mark.parametrize("output", [{"id": 7}, '{"id": 7}', {"items": ["Error: no"]}, "{'id': 7}"])
def test_most_objects_are_silent(output):
    assert is_silent(output, decode(output))
    assert find_doubt(output) is None
