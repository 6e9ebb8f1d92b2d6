"""A server in this process, with worker processes that load the stand-in for the model in the package."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("fastapi")
pytest.importorskip("httpx")

TOKEN = "a-token-for-tests"


@pytest.fixture(scope="session")
def rows() -> list[dict[str, Any]]:
    """Daily rows of two shops."""
    rng = np.random.default_rng(0)
    days = np.arange("2024-01-01", "2024-03-01", dtype="datetime64[D]")
    weekly = 10 * np.sin(np.arange(len(days)) * 2 * np.pi / 7)
    return [
        {"date": str(day), "shop": shop, "sales": round(float(level + wave + noise), 2)}
        for shop, level in (("north", 60.0), ("south", 40.0))
        for day, wave, noise in zip(days, weekly, rng.normal(size=len(days)), strict=True)
    ]


@pytest.fixture(scope="session")
def csv_text(rows: list[dict[str, Any]]) -> str:
    return "date,shop,sales\n" + "".join(f"{row['date']},{row['shop']},{row['sales']}\n" for row in rows)


@pytest.fixture(scope="session")
def serving(zero_shot: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Make a client of a server: `with serving(timeout=5) as client`. `client.app.state.pool` is its pool."""
    from starlette.testclient import TestClient

    from tsattn.serve import ServeConfig, create_app

    @contextmanager
    def make(log: Callable[[str], None] = lambda _: None, **settings: Any) -> Iterator[TestClient]:
        config = ServeConfig(**{"workspace": tmp_path_factory.mktemp("workspace"), "workers": 1, **settings})
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TSATTN_ZERO_SHOT", str(zero_shot))
            with TestClient(create_app(config, log), base_url="http://127.0.0.1") as client:
                yield client

    return make


@pytest.fixture(scope="module")
def client(serving: Callable[..., Any]) -> Iterator[Any]:
    """A client of a server with one worker process and the default settings."""
    with serving() as made:
        yield made
