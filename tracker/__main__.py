"""`tracker` and `python -m tracker`."""

import sys

from tracker.cli import run


def main() -> None:
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
