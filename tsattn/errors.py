"""Errors with a message and a hint for the user, and the exit codes that scripts rely on."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Process exit codes. Append-only: scripts and cron jobs test for these numbers."""

    DONE = 0
    FAILED = 1  # bad data or failed work; of detect and monitor also something found
    USAGE = 2  # usage or configuration
    BUG = 3  # a fault of tsattn itself
    PARTIAL = 4  # some items failed, the rest are written
    LOCKED = 75  # another run holds the lock: try again
    INTERRUPTED = 130  # by SIGINT: Ctrl-C
    TERMINATED = 143  # by SIGTERM: a stop of the service or the container


class TsattnError(Exception):
    """An expected failure: `message` says what and where, `hint` what to type next."""

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class DataError(TsattnError):
    """The data cannot be used as it stands."""


class ArtifactError(TsattnError):
    """A model folder is missing, damaged, foreign or of another format version."""


class ConfigError(TsattnError):
    """An option, a configuration file or a call is wrong."""

    exit_code = ExitCode.USAGE


def reason(error: OSError) -> str:
    """Short reason of a system error, such as "No space left on device"."""
    import os

    return os.strerror(error.errno) if error.errno else str(error.strerror or error).strip().partition("\n")[0][:200]


class LockedError(TsattnError):
    """Another run holds the lock."""

    exit_code = ExitCode.LOCKED
