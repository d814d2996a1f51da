"""Values that may stand for nothing and that recorded calls really passed: `0` copies, a `status` of `"none"`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TypeAlias

from langchain_awo.model.ir.filler import is_filler
from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.optimizer.log.corpus import Corpus

Fillers: TypeAlias = Mapping[tuple[str, str], Mapping[str, JSONValue]]
"""By tool and argument, the values by their JSON text."""


def find_fillers(corpus: Corpus) -> Fillers:
    """What calls that succeeded passed and only models that have nothing to say pass elsewhere; null says nothing."""
    fillers: dict[tuple[str, str], dict[str, JSONValue]] = defaultdict(dict)
    for _, segment in corpus.segments():
        for current in segment.rounds:
            for call in current.calls:
                for name, value in call.args.items() if call.ok else ():
                    if value is not None and is_filler(value):
                        fillers[call.tool, name][dumps(value)] = value
    return dict(fillers)
