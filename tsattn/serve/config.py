"""Settings of the server."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from tsattn.errors import ConfigError

LOOPBACK = ("localhost", "127.0.0.1", "::1")
MB = 1 << 20
MOST_WORKERS = 4


@dataclass(frozen=True)
class ServeConfig:
    """Settings and limits of the server. Raises ConfigError for a value out of range."""

    workspace: str | Path | None = None  # folder of the models that requests may name
    model: str | Path | None = None  # model of requests that name none; None = the newest that fits, else zero-shot
    token: str | None = None  # secret that requests carry as `Authorization: Bearer TOKEN`; None = no token
    hosts: tuple[str, ...] = LOOPBACK  # accepted names in the header Host, without a port; () = any
    workers: int | None = None  # processes that forecast; None = one per core, at most MOST_WORKERS
    queue: int = 32  # requests that may wait for a process; more get 503
    timeout: float = 60.0  # seconds for one request, waiting included
    body_timeout: float = 30.0  # seconds for the body of a request to arrive
    max_body: int = 16 * MB  # bytes of a request; of a compressed file, EXPANSION times as many unpacked
    memory: int | None = 4096 * MB  # bytes that one process may allocate (Linux); None = no limit

    def __post_init__(self) -> None:
        for name, least in (("workers", 1), ("queue", 0), ("max_body", 1), ("memory", 512 * MB)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ConfigError(f"{name} must be at least {least}, not {value}")
        for name in ("timeout", "body_timeout"):
            if not 0 < getattr(self, name) <= 86_400:
                raise ConfigError(f"{name} must be between 0 and 86,400 seconds, not {getattr(self, name):g}")
        if self.token is not None and not (self.token and self.token.isascii() and self.token.isprintable()):
            raise ConfigError(
                "the token must be printable ASCII characters, at least one",
                "make one: python -c 'import secrets; print(secrets.token_urlsafe())'",
            )

    def processes(self) -> tuple[int, int]:
        """Return (worker processes, threads of each), which together use the cores available to this process."""
        from tsattn.model.runtime import cores

        workers = self.workers or min(MOST_WORKERS, cores())
        return workers, max(1, cores() // workers)

    def slots(self) -> int:
        """Return the maximum number of requests that run or wait for a process."""
        return self.processes()[0] + self.queue


EXPANSION = 8


def is_loopback(host: str) -> bool:
    """True for an address that only this machine can reach."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def hosts_for(host: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    """The accepted Host names of a server bound to `host`; () for any.

    A loopback server accepts loopback names only, so that a web page whose name resolves to 127.0.0.1 cannot use it.
    """
    if is_loopback(host):
        return tuple(dict.fromkeys((*LOOPBACK, host, *allowed)))
    return tuple(dict.fromkeys((host, *LOOPBACK, *allowed))) if allowed else ()
