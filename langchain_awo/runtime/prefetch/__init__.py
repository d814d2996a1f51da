"""Reads that usually follow, made while the model thinks."""
