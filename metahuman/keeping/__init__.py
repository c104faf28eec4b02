"""A home kept in one file, and made anew from it."""
