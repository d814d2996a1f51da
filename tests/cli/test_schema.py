"""`awo schema` prints the schema that compiled toolkits follow."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema


def test_a_compiled_toolkit_follows_the_printed_schema(awo, store):
    assert awo("compile", store).exit_code == 0
    schema = json.loads(awo("schema").stdout)
    jsonschema.validate(json.loads(Path("toolkit.json").read_text()), schema)
