"""`python -m matcher` is `matcher`."""

from matcher.cli import main

main()
