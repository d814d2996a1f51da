"""Steps in, calls out: runs a routine over calls that something else makes, sync and async alike."""
