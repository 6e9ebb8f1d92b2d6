"""Suppression of warnings and log messages of libraries."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet(*names: str) -> Iterator[None]:
    """Suppress warnings, and messages below ERROR of the named loggers and their children, inside the block."""
    known = [name for name in logging.root.manager.loggerDict if name.startswith(tuple(f"{own}." for own in names))]
    loggers = [logging.getLogger(name) for name in (*names, *known)]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
