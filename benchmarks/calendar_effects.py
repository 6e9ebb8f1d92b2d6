"""Dates in zero-shot forecasts of daily data, on synthetic series with known effects.

    python -m benchmarks.calendar_effects [--only months,years,holidays,weeks,walks] [--series N] [--json]

Measures whether days of the month, yearly dates and holidays are found and improve forecasts, and whether reading dates is
harmless where there is nothing to find. The model in the package, with all ensemble members, forecasts each set with and without
dates. Seeded. About five minutes on one core.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from rich.console import Console

from benchmarks.covariates import Case, autoregression, case_of, rounded, scaled_errors
from benchmarks.program import run
from tsattn.data.named_calendars import holiday_days
from tsattn.data.windows import Origins, truth
from tsattn.forecasting.frame import Forecaster
from tsattn.forecasting.metrics import seasonal_errors
from tsattn.forecasting.predict import predict

START = "2021-01-01"
MONTH, YEAR = 1.6, 1.8  # factors of the first two days of a month, and of a yearly event
HOLIDAY = {"holiday DE": 0.6, "before holiday DE": 0.85, "after holiday DE": 1.2}
ADVENT = ("12-22", "12-23", "12-24")
BLACK_FRIDAYS = ("2021-11-26", "2022-11-25", "2023-11-24", "2024-11-29")
New = Callable[[], Any]


def sales(days: np.ndarray, count: int, seed: int, noise: float = 0.1) -> np.ndarray:
    """Return (S, N) daily sales with weekly and yearly seasons and autocorrelated noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(len(days))
    week = np.exp(rng.normal(0, 0.25, (count, 7)))[:, (days.astype(np.int64) + 3) % 7]
    level = np.exp(rng.normal(4.5, 0.5, (count, 1))) * (1 + 0.2 * np.sin(2 * np.pi * t / 365.25))
    return level * week * np.exp(noise * autoregression(rng, (count, len(days)), 0.4))


def days_until(end: str) -> np.ndarray:
    """Return the days from START to `end`."""
    return np.arange(np.datetime64(START), np.datetime64(end) + 1)


def daily(values: np.ndarray, horizon: int, known: np.ndarray | None = None, names: Sequence[str] = ()) -> Case:
    """Return a case of daily series (S, N), with known covariates (N, K)."""
    columns = np.zeros((len(values[0]), 0)) if known is None else known
    columns = np.broadcast_to(columns, (len(values), *columns.shape))
    return case_of(values, columns, horizon, "D", names, start=START)


def months(count: int, seed: int = 0) -> tuple[Case, np.ndarray]:
    """Three years, 60 % more on the first two days of each month; and the days ahead on which it is so."""
    days = days_until("2024-01-22")
    on = (days - days.astype("datetime64[M]")).astype(np.int64) < 2
    return daily(sales(days, count, seed) * np.where(on, MONTH, 1), 35), on[-35:]


def years(count: int, seed: int = 0) -> tuple[Case, np.ndarray]:
    """Four years, 80 % more on the three days before Christmas and on Black Friday; and the days ahead on which it is so."""
    days = days_until("2024-12-31")
    on = np.array([day[5:] in ADVENT or day in BLACK_FRIDAYS for day in days.astype(str).tolist()])
    return daily(sales(days, count, seed) * np.where(on, YEAR, 1), 42), on[-42:]


def holidays(count: int, seed: int = 0) -> tuple[Case, np.ndarray]:
    """Three years with German holidays, moving feasts among them, and the days before and after; and those ahead."""
    days = days_until("2024-06-10")
    feast = np.isin(days, holiday_days("DE", 2020, 2025))
    before, after = np.append(feast[1:], False) & ~feast, np.append(False, feast[:-1]) & ~feast
    columns = np.stack([feast, before, after], 1)
    factor = np.prod(np.where(columns, list(HOLIDAY.values()), 1.0), 1)
    return daily(sales(days, count, seed) * factor, 56, columns.astype(float), list(HOLIDAY)), columns[-56:].any(1)


def without_dates(forecaster: Any) -> Any:
    """Return the forecaster, told not to read dates."""
    forecaster.days = False
    return forecaster


def both(case: Case, new: New) -> tuple[Any, np.ndarray, np.ndarray]:
    """Return a forecaster, and the scaled errors (S, H) with dates and without them."""
    forecaster, horizon = new(), case.truth.shape[1]
    made = [predict(f, case.panel, horizon=horizon)[0].median for f in (forecaster, without_dates(new()))]
    with_, without = (scaled_errors(case, values, 7) for values in made)
    return forecaster, with_, without


def measure_events(case: Case, on: np.ndarray, new: New) -> dict[str, Any]:
    """Errors on the days of events and on others, with dates and without them."""
    forecaster, with_, without = both(case, new)
    return {
        "effects": [str(effect) for effect in forecaster.effects(case.panel)],
        "MASE on these days": rounded(with_[:, on].mean(), without[:, on].mean()),
        "gain on these days": float(1 - with_[:, on].mean() / without[:, on].mean()),
        "MASE on other days": rounded(with_[:, ~on].mean(), without[:, ~on].mean()),
        "gain on other days": float(1 - with_[:, ~on].mean() / without[:, ~on].mean()),
    }


def measure_alone(count: int, new: New) -> dict[str, Any]:
    """Yearly events of series that are forecast one by one."""
    errors = []
    for seed in range(count):
        case, on = years(1, 100 + seed)
        errors.append([one[:, on].mean() for one in both(case, new)[1:]])
    with_, without = np.array(errors).T
    return {
        "MASE on these days": rounded(with_.mean(), without.mean()),
        "gain on these days": float(1 - with_.mean() / without.mean()),
        "series that gain": int((with_ < without).sum()),
    }


def measure_holidays(count: int, new: New) -> dict[str, Any]:
    case, on = holidays(count)
    forecaster, plain = new(), new()
    horizon = case.truth.shape[1]
    with_, without = (
        scaled_errors(case, predict(f, panel, horizon=horizon)[0].median, 7)
        for f, panel in ((forecaster, case.panel), (plain, case.without()))
    )
    found = {effect.name: effect for effect in forecaster.effects(case.panel)}
    return {
        "effects": [str(effect) for effect in found.values()],
        "off by, points": {name: round(100 * (1 + found[name].effect - HOLIDAY[name]), 1) for name in HOLIDAY},
        "MASE on these days, beside without --holidays": rounded(with_[:, on].mean(), without[:, on].mean()),
        "MASE on other days": rounded(with_[:, ~on].mean(), without[:, ~on].mean()),
    }


def measure_nothing(values: np.ndarray, new: New, windows: int = 2, horizon: int = 28) -> dict[str, Any]:
    """Losses with dates in percent of those without, where there is no effect of the calendar."""
    case = daily(values, horizon)
    panel = case.panel
    back = horizon * np.arange(windows)
    origins = Origins(np.repeat(np.arange(len(panel)), windows), (panel.origin[:, None] - back).reshape(-1))
    true = np.concatenate(
        [np.reshape(case.truth, (-1, 1, horizon))] + [truth(panel, o, horizon)[:, None] for o in _each(panel, back)], 1
    )
    scores = []
    forecaster = new()
    for one in (forecaster, without_dates(new())):
        made, _ = predict(one, panel, horizon=horizon, origins=origins)
        scores.append(losses(one, made.values, true.reshape(-1, horizon), seasonal_errors(panel, origins, 7)))
    (mase, wql), (plain_mase, plain_wql) = scores
    return {
        "events": [effect.name for effect in forecaster.effects(panel)],
        "MASE": rounded(mase, plain_mase),
        "loss": {"MASE": mase / plain_mase - 1, "WQL": wql / plain_wql - 1},
    }


def _each(panel: Any, back: np.ndarray) -> list[Origins]:
    return [Origins(np.arange(len(panel)), panel.origin - step) for step in back[1:]]


def losses(forecaster: Forecaster, values: np.ndarray, true: np.ndarray, size: np.ndarray) -> tuple[float, float]:
    """Return MASE and WQL of quantiles (B, H, Q); size (B,): the errors of seasonal naive in the history."""
    levels = np.array(forecaster.quantiles)
    lack = true[..., None] - values
    pinball = np.maximum(levels * lack, (levels - 1) * lack)
    middle = int(np.abs(levels - 0.5).argmin())
    return float(np.nanmean(np.abs(lack[..., middle]) / size[:, None])), float(
        2 * np.nansum(pinball.mean(2)) / np.nansum(np.abs(true))
    )


def walks(count: int, seed: int = 0) -> np.ndarray:
    """Return (S, N) geometric random walks."""
    rng = np.random.default_rng(seed)
    return 100 * np.exp(0.01 * np.cumsum(rng.normal(size=(count, len(days_until("2024-06-10")))), 1))


CASES: dict[str, Callable[[int, New], dict[str, Any]]] = {
    "months": lambda count, new: measure_events(*months(count), new),
    "years": lambda count, new: measure_events(*years(min(count, 10)), new),
    "alone": lambda count, new: measure_alone(min(count, 8), new),
    "holidays": lambda count, new: measure_holidays(min(count, 10), new),
    "weeks": lambda count, new: measure_nothing(sales(days_until("2024-06-10"), count, 1), new),
    "walks": lambda count, new: measure_nothing(walks(count), new),
}


def main(arguments: Sequence[str] | None = None) -> int:
    from tsattn import api

    parser = argparse.ArgumentParser(prog="python -m benchmarks.calendar_effects", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default=",".join(CASES), help=f"some of {', '.join(CASES)}")
    parser.add_argument("--series", type=int, default=30, help="series of a set, at most")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    options = parser.parse_args(arguments)
    console = Console(stderr=options.json, soft_wrap=True)
    report = {}
    for name in options.only.split(","):
        began = time.process_time()
        found = CASES[name](options.series, lambda: api.load("zero-shot").forecaster)
        report[name] = {**found, "CPU seconds": round(time.process_time() - began, 1)}
        for key, value in report[name].items():
            console.print(f"{name:8} {key}: {value}", highlight=False, markup=False)
    if options.json:
        print(json.dumps(report))
    return 0


if __name__ == "__main__":
    raise SystemExit(run(main))
