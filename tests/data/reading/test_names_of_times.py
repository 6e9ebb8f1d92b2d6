"""Columns that are named like parts of a date: left out where they are, forecast where they hold measurements."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tsattn import api

DAYS = 60


def targets(folder: Path, name: str, values: np.ndarray) -> list[str]:
    """Return the series of a wide file of daily prices with one column of this name."""
    rng = np.random.default_rng(0)
    prices = 100 + np.cumsum(rng.normal(size=DAYS)).round(2)
    days = np.datetime64("2024-01-01") + np.arange(DAYS)
    lines = [f"date,AAPL,MSFT,{name}", *(f"{day},{a},{a + 5},{b}" for day, a, b in zip(days, prices, values, strict=True))]
    path = folder / "wide.csv"
    path.write_text("\n".join(lines) + "\n")
    return list(api.ingest(path).panel.item_ids)


@pytest.mark.parametrize("name", ["DDD", "HR", "DAY", "WEEK", "YEAR"])
def test_when_a_ticker_is_named_like_a_part_of_a_date_then_its_prices_are_a_series(tmp_path: Path, name: str) -> None:
    prices = 50 + np.cumsum(np.random.default_rng(1).normal(size=DAYS)).round(2)
    assert targets(tmp_path, name, prices) == ["AAPL", "MSFT", name]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("DAY", np.arange(DAYS) % 31 + 1),
        ("YEAR", 2024 + np.arange(DAYS) / 366),
        ("HR", np.arange(DAYS) % 24 + 0.5),
    ],
)
def test_when_they_hold_parts_of_dates_then_they_are_left_out(tmp_path: Path, name: str, values: np.ndarray) -> None:
    assert targets(tmp_path, name, values) == ["AAPL", "MSFT"]
