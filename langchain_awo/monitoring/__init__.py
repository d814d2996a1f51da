"""Usage in, decisions out: what recorded runs say about a compiled toolkit. Pure functions, without LangChain."""
