"""The door of the program: a spawned child, the window, or the command line."""

import multiprocessing
import sys


def main() -> int:
    """Start what the command line asks for; give the exit status."""
    multiprocessing.freeze_support()  # first: a frozen child re-enters here
    from superlens.cli.main import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
