"""Memories as files of the owner's, and the SQLite index over them."""
