"""Whether a tool's output says that the call failed, for formats that have no place to say it.

`convert_to_openai_messages` drops the status of a `ToolMessage`, so the words must tell, by the rule that also serves at run time.
"""

from __future__ import annotations

from typing import Final

from langchain_awo.model.text.failure import MAX_ERROR_TEXT
from langchain_awo.model.text.failure import find_failure as error_in

__all__: Final = ["MAX_ERROR_TEXT", "error_in"]
