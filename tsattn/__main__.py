"""`python -m tsattn` is `tsattn`. Importing this costs next to nothing, so that even the first Ctrl-C finds somebody to tell."""

from __future__ import annotations

import sys


def run() -> None:
    """The entry point of the `tsattn` script."""
    try:
        from tsattn.cli.main import main

        code = main()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    run()
