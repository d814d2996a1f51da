"""Every kind of source, damaged in every way: `python -m tests.capture.bad_input` prints what becomes of it."""
