"""A small real company: a database, its tools, its tasks and how people ask for them."""
