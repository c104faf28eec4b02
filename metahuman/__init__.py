"""MetaHuman: a digital twin that runs on its owner's machine."""
