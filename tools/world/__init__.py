"""Tools that reach beyond the owner's files: programs and the web."""
