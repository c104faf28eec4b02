"""Themes, phrases and facts that memories keep coming back to."""
