"""`python -m metahuman`."""

from metahuman.cli import main

main()
