"""Blocks in this process: results do not depend on how many run at once."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tsattn.batch import engines
from tsattn.batch.block_forecast import Part
from tsattn.errors import DataError
from tsattn.model import runtime


class Work:
    members = None


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Record of events: models loaded, threads of each, blocks started, blocks running at once."""
    found: dict[str, Any] = {"ready": [], "begun": [], "most": 0, "now": 0}
    lock = threading.Lock()

    def ready(folder: Path, members: Any, threads: int) -> object:
        found["ready"].append(threads)
        return object()

    def forecast_block(work: Any, forecaster: object, block: int) -> Part:
        with lock:
            found["begun"].append((block, forecaster))
            found["now"] += 1
            found["most"] = max(found["most"], found["now"])
        time.sleep(0.05 if block % 3 == 0 else 0.01)  # later ones are ready before earlier ones
        with lock:
            found["now"] -= 1
        if block == 13:
            raise DataError("block 13 is bad")
        return Part(None, items=block)

    monkeypatch.setattr(engines, "ready", ready)
    monkeypatch.setattr(engines, "forecast_block", forecast_block)
    return found


@pytest.mark.parametrize(("cores", "together", "threads"), [(1, 1, 1), (2, 2, 1), (3, 3, 1), (16, 4, 4)])
def test_when_there_are_cores_then_blocks_are_forecast_at_a_time_and_come_back_in_order(
    seen, monkeypatch, cores, together, threads
):
    monkeypatch.setattr(runtime, "cores", lambda: cores)
    made = [(block, part.items) for block, part in engines.local(Work(), Path(), iter(range(12)))]
    assert made == [(n, n) for n in range(12)]
    assert seen["most"] <= together
    assert cores == 1 or seen["most"] > 1
    assert set(seen["ready"]) == {threads}
    assert len(seen["ready"]) <= together


def test_when_there_is_one_block_then_all_cores_are_its_own(seen, monkeypatch):
    monkeypatch.setattr(runtime, "cores", lambda: 8)
    assert [part.items for _, part in engines.local(Work(), Path(), [5])] == [5]
    assert seen["ready"] == [8]


def test_when_a_block_fails_then_those_before_it_came_and_no_more_are_begun(seen, monkeypatch):
    monkeypatch.setattr(runtime, "cores", lambda: 2)
    made = engines.local(Work(), Path(), range(10, 40))
    assert [next(made)[0] for _ in range(3)] == [10, 11, 12]
    with pytest.raises(DataError, match="block 13"):
        next(made)
    begun = len(seen["begun"])
    time.sleep(0.1)
    assert len(seen["begun"]) == begun < 10


def test_when_the_reader_stops_then_blocks_that_were_not_begun_never_are(seen, monkeypatch):
    monkeypatch.setattr(runtime, "cores", lambda: 2)
    made = engines.local(Work(), Path(), range(30))
    next(made)
    made.close()
    assert len(seen["begun"]) < 10
