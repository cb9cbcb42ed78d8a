"""``python -m nearedge`` is the command line."""

from nearedge.cli import main

if __name__ == "__main__":
    main()
