"""Wiring only: which step follows which. No prompt, no model call, no file access."""
