"""How a benchmark ends when it is run as a program."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NoReturn

from tsattn.errors import TsattnError


def run(main: Callable[[], int]) -> NoReturn:
    """Exit with what `main` returns; an expected failure is a line on stderr and its own exit code."""
    try:
        sys.exit(main())
    except TsattnError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
