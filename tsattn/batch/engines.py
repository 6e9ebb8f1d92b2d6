"""Engines that forecast blocks: in this process, or by tasks of a Ray cluster. The parts come back in the blocks' order."""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import chain, islice
from pathlib import Path
from typing import Any

from tsattn.batch.block_forecast import Block, Part, Work, forecast_block, ready
from tsattn.errors import ConfigError, TsattnError

Engine = Callable[[Work, Path, Iterable[Block]], Iterator[tuple[Block, Part]]]
ENGINES = ("local", "ray")
RETRIES = 10  # of a block whose worker or node was lost
TOGETHER = 4  # blocks in this process, at most: each takes memory


def engine_of(name: str, address: str | None) -> AbstractContextManager[Engine]:
    """The engine of a name, ready to use within a `with`. Raises ConfigError for an unknown one."""
    if name not in ENGINES:
        raise ConfigError(f"--engine {name!r} is unknown", f"use one of {', '.join(ENGINES)}")
    return on_ray(address) if name == "ray" else nullcontext(local)


def local(work: Work, folder: Path, blocks: Iterable[Block]) -> Iterator[tuple[Block, Part]]:
    """Forecast in this process: one block after the other on a single core, else a few at a time.

    Blocks in threads overlap reading, the network and what goes on in Python; one thread of the network for each uses the
    cores better than several for one.
    """
    from tsattn.model.runtime import cores

    blocks = iter(blocks)
    first = list(islice(blocks, 2))
    together = min(cores(), TOGETHER) if len(first) == 2 else 1
    mine = threading.local()

    def part(block: Block) -> Part:
        if not hasattr(mine, "model"):
            mine.model = ready(folder, work.members, cores() // together)
        return forecast_block(work, mine.model, block)

    if together == 1:
        yield from ((block, part(block)) for block in chain(first, blocks))
        return
    begun: deque[tuple[Block, Future[Part]]] = deque()
    pool = ThreadPoolExecutor(together)
    try:
        for block in chain(first, blocks):
            begun.append((block, pool.submit(part, block)))
            if len(begun) > together:
                block, made = begun.popleft()
                yield block, made.result()
        for block, made in begun:
            yield block, made.result()
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def on_ray(address: str | None) -> Iterator[Engine]:
    """Yield an engine that sends blocks to a running Ray cluster: at `address`, else at RAY_ADDRESS, else on this machine.

    Ray Data runs a task for each block, limited at any time by the capacity of the cluster and its object stores, and
    repeats the tasks of a lost worker. Raises ConfigError when Ray is not installed, or no cluster is found.
    """
    ray, ours = _connected(address)

    def engine(work: Work, folder: Path, blocks: Iterable[Block]) -> Iterator[tuple[Block, Part]]:
        # the model is sent with the work: workers need no access to this machine's workspace
        model = ray.put({path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()})
        every = list(blocks)

        def task(row: dict[str, Any]) -> dict[str, Any]:
            return {"part": _on_worker(work, ray.get(model), row["item"])}

        found = ray.data.from_items(every, override_num_blocks=len(every)).map(task, num_cpus=1, max_retries=RETRIES)
        try:
            for block, row in zip(every, found.iter_rows(), strict=True):
                if isinstance(row["part"], TsattnError):
                    raise row["part"]
                yield block, row["part"]
        except ray.exceptions.RayTaskError:
            raise  # a fault of ours, with the worker's traceback
        except ray.exceptions.RayError as error:
            said = str(error).strip().splitlines()[0][:200]
            raise TsattnError(
                f"the Ray cluster lost a block {RETRIES + 1} times: {said}", "check the cluster: ray status"
            ) from None

    try:
        yield engine
    finally:
        if ours:
            ray.shutdown()


def _connected(address: str | None) -> tuple[Any, bool]:
    """Return (ray, True if it was connected here)."""
    try:
        import ray
        import ray.data
    except ImportError:
        raise ConfigError("the engine ray needs Ray, which is not installed", "pip install 'tsattn[ray]'") from None
    ours = not ray.is_initialized()
    if ours:
        where = address or os.environ.get("RAY_ADDRESS") or "auto"
        try:
            ray.init(address=where, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, ValueError, RuntimeError, TimeoutError) as error:
            said = str(error).strip().splitlines()[0][:200]
            raise ConfigError(
                f"no Ray cluster at {where}: {said}", "start one: ray start --head; or name it: --ray-address HOST:PORT"
            ) from None
    settings = ray.data.DataContext.get_current()
    settings.execution_options.preserve_order = True
    settings.enable_progress_bars = False
    settings.print_on_execution_start = False
    for name in ("ray.data", "ray"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return ray, ours


_LOADED: dict[Any, Any] = {}  # in a worker: the model it had last


def _on_worker(work: Work, model: dict[str, bytes], block: Block) -> Part | TsattnError:
    """Forecast one block in a process of the cluster. Return expected failures as values: raised exceptions lose their hints."""
    import tempfile

    from tsattn.model.card import CARD

    key = (model[CARD], work.members)
    try:
        if key not in _LOADED:
            with tempfile.TemporaryDirectory(prefix="tsattn-") as folder:
                for name, content in model.items():
                    (Path(folder) / name).write_bytes(content)
                _LOADED.clear()
                _LOADED[key] = ready(Path(folder), work.members)
        return forecast_block(work, _LOADED[key], block)
    except TsattnError as error:
        return error
