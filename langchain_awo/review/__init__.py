"""A page on which a person decides about the meta-tools of a toolkit file; served to this machine alone."""
