"""A run in, the text for the model and the artifact out."""
