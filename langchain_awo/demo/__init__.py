"""A small real back office, an agent that works in it, and the tour of this package through both."""
