"""Start the server: the socket, uvicorn, log lines, and the end by a signal."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tsattn.errors import ConfigError
from tsattn.serve.config import ServeConfig, is_loopback

if TYPE_CHECKING:
    from fastapi import FastAPI

DRAIN = 5  # seconds beyond the limit of a request in which running requests may end
MOST_CONNECTIONS = 512


@dataclass(frozen=True)
class Serving:
    """Address and limits of a running server."""

    url: str
    token: bool
    workers: int
    timeout: float
    max_body: int

    def to_mapping(self) -> dict[str, Any]:
        return {
            "url": self.url,
            "token": self.token,
            "workers": self.workers,
            "timeout": self.timeout,
            "max_body": self.max_body,
        }


def serve(
    config: ServeConfig,
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    log: Callable[[str], None] = lambda _: None,
    started: Callable[[Serving], None] = lambda _: None,
) -> None:
    """Serve until a signal comes: SIGTERM and Ctrl-C let running requests end, then raise KeyboardInterrupt.

    started: called when requests are answered. Raises ConfigError without the extra, when the port is in use, when other
    machines can reach the address and there is no token, and when no model can be loaded.
    """
    if config.token is None and not is_loopback(host):
        raise ConfigError(
            f"other machines can reach {host}, so the server needs a token",
            "set the environment variable TSATTN_TOKEN; or listen on this machine only: --host 127.0.0.1",
        )
    from tsattn.serve.app import create_app

    app = create_app(config, log)
    with _listening(host, port) as (listener, url):
        found = Serving(url, config.token is not None, config.processes()[0], config.timeout, config.max_body)
        _run(app, listener, config, log, lambda: started(found))


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[tuple[socket.socket, str]]:
    """Return a bound socket and its address. Raises ConfigError when the port is not available."""
    bare = host.strip("[]")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(bare, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {host}: {error.strerror or error}", "name an address of this machine: --host"
        ) from None
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
        except OSError as error:
            raise ConfigError(
                f"cannot listen on {host} port {port}: {error.strerror or error}",
                "choose another port: --port 8001; 0 takes a free one",
            ) from None
        shown = f"[{bare}]" if ":" in bare else bare
        yield listener, f"http://{shown}:{listener.getsockname()[1]}"


def _run(
    app: FastAPI, listener: socket.socket, config: ServeConfig, log: Callable[[str], None], started: Callable[[], None]
) -> None:
    """Run uvicorn on the socket. Raises the error that kept the application from starting."""
    import asyncio

    import uvicorn

    failed: list[BaseException] = []
    inner = app.router.lifespan_context

    @contextlib.asynccontextmanager
    async def lifespan(app: Any) -> Any:
        try:
            async with inner(app) as state:
                yield state
        except BaseException as error:
            failed.append(error)
            raise

    app.router.lifespan_context = lifespan
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,  # guard.py writes lines that are safe to print
            server_header=False,
            proxy_headers=False,
            ws="none",
            lifespan="on",
            limit_concurrency=MOST_CONNECTIONS,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=int(config.body_timeout + config.timeout) + DRAIN,
        )
    )

    async def main() -> None:
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not (server.started or task.done()):
            await asyncio.sleep(0.01)
        if server.started and not task.done():
            started()
        await task

    try:
        with _logging(lambda text: log(text) if server.started else None):
            asyncio.run(main())
    except SystemExit:  # uvicorn's way to say that the application did not start
        if not failed:
            raise
    if failed and not server.started:
        raise failed[0] from None


@contextlib.contextmanager
def _logging(log: Callable[[str], None]) -> Iterator[None]:
    """Pass warnings and errors of uvicorn and asyncio to `log` while the block runs."""
    import logging

    from tsattn.serve.guard import line

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            text = record.getMessage()
            log(line(f"{record.levelname.lower()}: {text}"))

    handler = Handler(logging.WARNING)
    loggers = [logging.getLogger(name) for name in ("uvicorn.error", "asyncio")]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
