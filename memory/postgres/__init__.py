"""Memories, index and threads in PostgreSQL, for those who run several workers."""
