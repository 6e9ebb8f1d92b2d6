"""`python -m tsattn` is `tsattn`. Importing this costs next to nothing, so that even an early signal is answered."""

from __future__ import annotations

import atexit
import os
import sys

from tsattn import interrupts


def run() -> None:
    """Run the `tsattn` script."""
    ended: list[int] = []
    atexit.register(_leave, ended)  # registered before all others, so it is called after them
    for name in ("stdout", "stderr"):  # a service may start a program with a closed stream
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    try:
        interrupts.listen()
        from tsattn.cli.main import main

        code = main()
        interrupts.ignore()
    except KeyboardInterrupt:
        interrupts.ignore()
        code = int(interrupts.exit_code())
        print("interrupted" if code == 130 else "terminated", file=sys.stderr)
    ended.append(code)
    sys.exit(code)


def _leave(ended: list[int]) -> None:
    """End here, with the code in `ended`: threads of native libraries may abort a process whose interpreter is taken apart."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        return  # the interpreter knows what to do
    if ended:
        os._exit(ended[0])


if __name__ == "__main__":
    run()
