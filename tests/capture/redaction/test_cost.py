"""What masking costs: linear in the length of what is recorded, and little where there is no secret."""

from __future__ import annotations

import json
import time

import pytest

from langchain_awo.capture.redaction import Redactor
from langchain_awo.model.trace.trace import ToolCallRecord, Trace


def trace_of(output):
    return Trace(trace_id="x", tool_calls=(ToolCallRecord(call_id="1", name="t", output=output),))


def seconds(work, *, rounds=5):
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def rows(count):
    return [
        {
            "order_id": f"#W{index:07}",
            "status": "delivered",
            "items": [index, index + 1],
            "note": "left at the door",
        }
        for index in range(count)
    ]


def test_data_without_secrets_costs_a_few_times_its_encoding():
    value, redactor = rows(5_000), Redactor()
    encoding = seconds(lambda: json.dumps(value))
    assert seconds(lambda: redactor.redact(trace_of(value))) < 6 * encoding


TOKENS = {
    "tokens": lambda count: [{"token": f"tok_{index:08}_{index * 7919 % 10007}"} for index in range(count)],
    "text": lambda count: "\n".join(f"line {index}: password=Zk{index:06}x" for index in range(count)),
    "shapes": lambda count: " ".join(f"ghp_{index:036}" for index in range(count)),
    "quotes": lambda count: 'password="' * count,
    "names": lambda count: "password" * count,
    "blanks": lambda count: "password" + " " * count * 10,
    "begins": lambda count: "-----BEGIN RSA PRIVATE KEY-----" * count,
    "random": lambda count: "aB3" * count * 10,
    "tags": lambda count: "<password " * count,
    "addresses": lambda count: "://a:b" * count,
    "table": lambda count: "user,password\n" + "ann,Zk3v9x\n" * count,
    "long": lambda count: "x" * count * 100 + " password=Zk3vQ9pLw8 " + "y z " * count * 16,
    "prefixes": lambda count: [f"token: {'a' * (index % 200)}{index}" for index in range(count)],
}  # fmt: skip


@pytest.mark.parametrize("kind", TOKENS)
def test_the_cost_grows_with_the_length_and_not_with_its_square(kind):
    redactor = Redactor()
    small, large = (trace_of(TOKENS[kind](count)) for count in (1_000, 8_000))
    few = seconds(lambda: redactor.redact(small), rounds=3)
    assert seconds(lambda: redactor.redact(large), rounds=1) < 30 * max(few, 0.001)


def test_a_secret_among_megabytes_is_masked():
    text = TOKENS["long"](16_000)
    (masked,) = Redactor().redact(trace_of(text)).tool_calls
    assert "Zk3vQ9pLw8" not in masked.output
