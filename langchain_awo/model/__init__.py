"""The nouns: frozen data without I/O and without LangChain."""
