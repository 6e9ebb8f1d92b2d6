"""Exit codes of benchmark programs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NoReturn

from tsattn.errors import TsattnError


def run(main: Callable[[], int]) -> NoReturn:
    """Exit with the code that `main` returns. Print expected failures on stderr and exit with their code."""
    try:
        sys.exit(main())
    except TsattnError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
