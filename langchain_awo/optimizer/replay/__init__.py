"""Meta-tools and runs in, savings out: what would have happened, what it costs, and the ceiling."""
