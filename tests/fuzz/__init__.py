"""Everything that reads what comes from outside, given bytes that nobody would write."""
