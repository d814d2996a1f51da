"""Results in, pages out: one self-contained HTML page, and what toolkits and graphs look like in a notebook."""
