"""Errors with a message and a hint for the user, and the exit codes of the command line."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes. Scripts and cron jobs test for them: add codes, never change or reuse one."""

    DONE = 0
    FAILED = 1  # bad data or failed work, except where 1 is a result (FOUND)
    FOUND = 1  # detect: an anomaly; monitor: a failed check
    USAGE = 2  # usage or configuration
    BUG = 3  # internal error of tsattn
    PARTIAL = 4  # some items failed, not counting those that ended long ago; the others were written
    NOT_CHECKED = 65  # detect and monitor: bad data or failed work, since 1 is a result there
    LOCKED = 75  # another run holds the lock; try again later
    INTERRUPTED = 130  # SIGINT: Ctrl-C
    TERMINATED = 143  # SIGTERM: stop of a service or container


class TsattnError(Exception):
    """Expected failure. message: what is wrong, and where. hint: what to type next.

    Both name options as the command line does. `str(error)`, which tracebacks show, names them as Python does.
    """

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        from tsattn.call_syntax import in_python

        return "\n".join(in_python(part) for part in (self.message, self.hint) if part)


class DataError(TsattnError):
    """Error for data that cannot be used."""


class ArtifactError(TsattnError):
    """Error for a model folder that is missing, damaged, not a model, or of another format version."""


class ConfigError(TsattnError):
    """Error for a wrong option, configuration file or call."""

    exit_code = ExitCode.USAGE


class UnknownColumnError(ConfigError):
    """Error for an option of the reading that names a column which the data does not have."""

    def __init__(self, role: str, name: str, quoted: str, hint: str) -> None:
        super().__init__(f"--{role} {quoted}: no such column", hint)
        self.args = (role, name, quoted, hint)  # for pickling
        self.role, self.name, self.quoted = role, name, quoted


def reason(error: OSError) -> str:
    """Return the short reason of a system error, such as "No space left on device"."""
    import os

    return os.strerror(error.errno) if error.errno else str(error.strerror or error).strip().partition("\n")[0][:200]


class LockedError(TsattnError):
    """Error for a lock that another run holds."""

    exit_code = ExitCode.LOCKED
