"""``python -m nearedge`` is the command line."""

from nearedge.cli import main

main()
