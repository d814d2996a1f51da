"""How many tokens a text takes where no provider counted them."""

from __future__ import annotations

from typing import Final

CHARACTERS_PER_TOKEN: Final = 4
"""Used only where the provider's count was not recorded."""
