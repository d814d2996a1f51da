"""What the model has read in, the reads that follow out: routines that go on unasked."""
