"""Where blocks are forecast: in this process, or by the tasks of a Ray cluster. The parts come back in the blocks' order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from tsattn.batch.work import Block, Part, Steady, Work, forecast_block
from tsattn.errors import ConfigError, TsattnError

Engine = Callable[[Work, Path, Iterable[Block]], Iterator[tuple[Block, Part]]]
RETRIES = 10  # of a block whose worker or node was lost
AHEAD = 2  # blocks under way for each processor of the cluster


def local(work: Work, folder: Path, blocks: Iterable[Block]) -> Iterator[tuple[Block, Part]]:
    """One block after the other, here."""
    from tsattn.model import runtime

    forecaster = Steady(runtime.load(folder))
    for block in blocks:
        yield block, forecast_block(work, forecaster, block)


def on_ray(address: str | None) -> Engine:
    """An engine that hands blocks to a Ray cluster that is running: at `address`, else at RAY_ADDRESS, else on this machine.

    Raises ConfigError when Ray is not installed, or no cluster is found.
    """
    ray = _connected(address)

    def engine(work: Work, folder: Path, blocks: Iterable[Block]) -> Iterator[tuple[Block, Part]]:
        # the model travels with the work: workers need not see this machine's workspace
        model = ray.put({path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()})
        shared = ray.put(work)
        task = ray.remote(num_cpus=1, max_retries=RETRIES)(_on_worker)
        width = max(2, AHEAD * int(ray.cluster_resources().get("CPU", 1)))
        under_way: deque[tuple[Block, Any]] = deque()
        try:
            for block in blocks:
                under_way.append((block, task.remote(shared, model, block)))
                if len(under_way) >= width:
                    first, waiting = under_way.popleft()
                    yield first, _answer(ray, waiting)
            while under_way:
                first, waiting = under_way.popleft()
                yield first, _answer(ray, waiting)
        finally:
            for _, waiting in under_way:
                ray.cancel(waiting, force=True)

    return engine


def _connected(address: str | None) -> Any:
    import logging
    import os

    try:
        import ray
    except ImportError:
        raise ConfigError("the engine ray needs Ray, which is not installed", "pip install 'tsattn[ray]'") from None
    if not ray.is_initialized():
        where = address or os.environ.get("RAY_ADDRESS") or "auto"
        try:
            ray.init(address=where, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, ValueError, RuntimeError, TimeoutError) as error:
            said = str(error).strip().splitlines()[0][:200]
            raise ConfigError(
                f"no Ray cluster at {where}: {said}", "start one: ray start --head; or name it: --ray-address HOST:PORT"
            ) from None
    return ray


def _answer(ray: Any, waiting: Any) -> Part:
    try:
        answer = ray.get(waiting)
    except ray.exceptions.RayTaskError:
        raise  # a fault of ours, with the worker's traceback
    except ray.exceptions.RayError as error:
        said = str(error).strip().splitlines()[0][:200]
        raise TsattnError(f"the Ray cluster lost a block {RETRIES + 1} times: {said}", "how is the cluster? ray status") from None
    if isinstance(answer, TsattnError):
        raise answer
    return answer  # type: ignore[no-any-return]


_LOADED: dict[str, Any] = {}  # in a worker: the forecaster of the model it had last


def _on_worker(work: Work, model: dict[str, bytes], block: Block) -> Part | TsattnError:
    """One block, in a process of the cluster. Expected failures come back as values, for exceptions lose their hints."""
    import tempfile

    from tsattn.model import runtime
    from tsattn.model.card import CARD

    key = model[CARD].decode()
    try:
        if key not in _LOADED:
            with tempfile.TemporaryDirectory(prefix="tsattn-") as folder:
                for name, content in model.items():
                    (Path(folder) / name).write_bytes(content)
                _LOADED.clear()
                _LOADED[key] = Steady(runtime.load(Path(folder)))
        return forecast_block(work, _LOADED[key], block)
    except TsattnError as error:
        return error
