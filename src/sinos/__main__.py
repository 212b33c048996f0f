"""``python -m sinos``: the same as the command ``sinos``."""

from sinos.cli import main

if __name__ == "__main__":
    main()
