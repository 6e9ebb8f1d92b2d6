"""Worker processes, and the queue in front of them.

A request waits for an idle process up to its deadline. A process that has not answered by the deadline is killed and replaced,
so a slow request never goes on in the background.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tsattn.errors import ConfigError, TsattnError
from tsattn.serve.config import ServeConfig
from tsattn.serve.frames import packed, receive
from tsattn.serve.worker import Settings

START = 120.0  # seconds in which a process must be ready
OUT_OF_MEMORY = "if it ran out of memory: send fewer rows or series, or start the server with a larger --max-memory"
PAUSES = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0)  # seconds before each further try to start a process


class Busy(TsattnError):
    """Error when all processes are busy, and the queue is full or the request waited too long."""


class TooSlow(TsattnError):
    """Error when a forecast took longer than the limit and was ended."""


class Crashed(TsattnError):
    """Error when the process of a request ended before it answered."""


@dataclass(frozen=True)
class Reply:
    """The answer of a process: HTTP status, number of series, JSON document."""

    status: int
    items: int
    document: bytes


@dataclass(eq=False)
class Worker:
    """Worker process, which answers one request at a time."""

    process: asyncio.subprocess.Process

    @classmethod
    async def start(cls, settings: Settings, threads: int) -> Worker:
        """Start a process and wait until its model is loaded. Raises ConfigError with its reason when it cannot."""
        environment = {
            **{name: value for name, value in os.environ.items() if name != "TSATTN_TOKEN"},
            "OMP_NUM_THREADS": str(threads),
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "tsattn.serve.worker", json.dumps(asdict(settings))),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment,
            start_new_session=True,  # Ctrl-C in the terminal reaches the server alone
        )
        worker = cls(process)
        try:
            header, _ = await asyncio.wait_for(worker._receive(), START)
        except (EOFError, TimeoutError):
            await worker.kill()
            raise ConfigError("a worker process did not start", "its error is above") from None
        except asyncio.CancelledError:
            await worker.kill()
            raise
        if not header["ready"]:
            await worker.kill()
            raise ConfigError(header["message"], header["hint"])
        return worker

    async def ask(self, header: dict[str, Any], blobs: Sequence[bytes]) -> Reply:
        """Compute one request. Raises EOFError or OSError when the process is gone."""
        assert self.process.stdin is not None
        self.process.stdin.write(packed(header, blobs))
        await self.process.stdin.drain()
        found, (document,) = await self._receive()
        return Reply(found["status"], found["items"], document)

    async def kill(self) -> None:
        """End the process at once and wait for its end."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                if sys.platform == "win32":
                    self.process.kill()
                else:  # Process.kill would reap an ended process, which asyncio waits for
                    os.kill(self.process.pid, signal.SIGKILL)
        await self.process.wait()

    async def close(self) -> None:
        """Let an idle process end by itself; kill it after a second."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            await asyncio.wait_for(self.process.wait(), 1)
        except TimeoutError:
            await self.kill()

    async def _receive(self) -> tuple[dict[str, Any], list[bytes]]:
        assert self.process.stdout is not None
        return await receive(self.process.stdout)


@dataclass(eq=False)
class Pool:
    """Worker processes of a server.

    alive: number of processes that are ready. admitted: number of requests in the pool: running, or waiting for a process.
    """

    config: ServeConfig
    log: Callable[[str], None] = lambda _: None
    alive: int = 0
    admitted: int = 0
    waiting: int = 0
    running: int = 0
    restarts: int = 0
    _idle: asyncio.Queue[Worker] = field(default_factory=asyncio.Queue)
    _all: set[Worker] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _closing: bool = False

    @property
    def settings(self) -> Settings:
        """The part of the settings that a process needs."""
        config = self.config
        workspace, model = (None if value is None else str(value) for value in (config.workspace, config.model))
        return Settings(workspace, model, config.max_body, config.memory, config.timeout)

    async def start(self) -> None:
        """Start every process. Raises ConfigError when one cannot start."""
        workers, _ = self.config.processes()
        started = await asyncio.gather(*(self._add() for _ in range(workers)), return_exceptions=True)
        for found in started:
            if isinstance(found, BaseException):
                await self.close()
                raise found

    def stop_if_full(self) -> None:
        """Raise Busy when no slot is free, so that the body of a request that will be refused is not read."""
        if self.admitted >= self.config.slots():
            raise Busy("the server is busy: its queue is full", "try again later")

    @contextlib.contextmanager
    def admit(self) -> Iterator[None]:
        """Hold a slot for a request, whose body is complete, until it is answered. Raises Busy when none is free."""
        self.stop_if_full()
        self.admitted += 1
        try:
            yield
        finally:
            self.admitted -= 1

    async def run(self, header: dict[str, Any], blobs: Sequence[bytes], deadline: float) -> Reply:
        """Compute one request by `deadline` (time.monotonic). Raises Busy, TooSlow or Crashed."""
        worker = await self._take(deadline)
        self.running += 1
        try:
            reply = await asyncio.wait_for(worker.ask(header, blobs), max(0.01, deadline - time.monotonic()))
        except BaseException as error:
            self._replace(worker)
            if isinstance(error, TimeoutError):
                limit = f"the forecast took longer than {self.config.timeout:g} seconds and was ended"
                raise TooSlow(limit, "send fewer rows, fewer series or a shorter horizon") from None
            if isinstance(error, (EOFError, OSError)):
                raise Crashed("the process of this forecast ended unexpectedly", OUT_OF_MEMORY) from None
            raise
        finally:
            self.running -= 1
        self._idle.put_nowait(worker)
        return reply

    async def close(self) -> None:
        """End every process."""
        self._closing = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(worker.close() for worker in self._all))
        self._all.clear()
        self.alive = 0

    async def _take(self, deadline: float) -> Worker:
        """An idle process, waited for until the deadline."""
        self.waiting += 1
        try:
            while True:
                worker = await asyncio.wait_for(self._idle.get(), max(0.01, deadline - time.monotonic()))
                if worker.process.returncode is None:
                    return worker
                self._replace(worker)  # it ended while it was idle
        except TimeoutError:
            raise Busy("the server is busy: no process was free in time", "try again later") from None
        finally:
            self.waiting -= 1

    async def _add(self) -> None:
        worker = await Worker.start(self.settings, self.config.processes()[1])
        self._all.add(worker)
        self.alive += 1
        self._idle.put_nowait(worker)

    def _replace(self, worker: Worker) -> None:
        """Kill a process and start another in its place, in the background."""
        self._all.discard(worker)
        self.alive -= 1
        task = asyncio.get_running_loop().create_task(self._restart(worker))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _restart(self, worker: Worker) -> None:
        await worker.kill()
        tried = 0
        while not self._closing:
            await asyncio.sleep(PAUSES[min(tried, len(PAUSES) - 1)])
            tried += 1
            try:
                await self._add()
            except (ConfigError, OSError) as error:
                self.log(f"a worker process cannot start: {error}")
            else:
                self.restarts += 1
                return
