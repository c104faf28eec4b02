"""Looks a home and its machine over: what is wrong with the set-up, and what to do about it."""
