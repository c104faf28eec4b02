"""Tools that need nothing but this program: memories, sums, dates, models."""
