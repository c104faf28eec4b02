"""Memories from elsewhere, and out into files that others read."""
