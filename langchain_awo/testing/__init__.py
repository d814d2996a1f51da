"""Doubles and conformance suites that ship with the library."""
