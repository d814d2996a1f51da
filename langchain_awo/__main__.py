"""`python -m langchain_awo` is `awo`."""

from __future__ import annotations

from langchain_awo.cli import main

if __name__ == "__main__":
    main()
