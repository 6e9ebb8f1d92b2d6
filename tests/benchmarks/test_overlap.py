"""Search for copies of the evaluation sets in a corpus."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from benchmarks.overlap import are_plain, main, project, starts, unit
from tests.made_corpus import write

RNG = np.random.default_rng(5)
HOURS = np.arange(1200)
EVALUATED = 40 + 8 * np.sin(HOURS * np.pi / 12) + RNG.normal(0, 2, 1200).cumsum() * 0.2 + RNG.normal(0, 1, 1200)
OTHER = 40 + 8 * np.sin(HOURS * np.pi / 12) + RNG.normal(0, 2, 1200).cumsum() * 0.2 + RNG.normal(0, 1, 1200)


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    with (folder / "meter.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["timestamp", "load"])
        stamps = np.datetime64("2024-01-01T00", "h") + HOURS
        rows.writerows(
            [str(stamp).replace("T", " ") + ":00:00", f"{value:.4f}"] for stamp, value in zip(stamps, EVALUATED, strict=True)
        )
    return folder


def search(data, capsys, *series):
    path = write(data.parent / "c.parquet", [("s", f"i{i}", freq, values) for i, (freq, values) in enumerate(series)])
    code = main(["--corpus", str(path), "--data", str(data), "--json"])
    return code, json.loads(capsys.readouterr().out)["matches"]


def test_when_the_corpus_holds_other_series_then_nothing_is_found(data, capsys):
    assert search(data, capsys, ("h", OTHER)) == (0, [])


def test_when_a_stretch_was_copied_scaled_and_moved_then_it_is_found_where_it_lies(data, capsys):
    copy = OTHER.copy()
    copy[301:600] = 3 * EVALUATED[401:700] - 70
    code, found = search(data, capsys, ("h", OTHER), ("h", copy))
    assert code == 1
    assert [(match["corpus_item"], match["step"], match["plain"]) for match in found] == [(1, 1, False)]
    assert found[0]["corpus_at"] - found[0]["at"] == -100
    assert found[0]["correlation"] > 0.9999


def test_when_the_copy_is_at_a_finer_step_then_it_is_found_at_the_coarser_one(data, capsys):
    fine = EVALUATED.repeat(4) + np.tile([0.1, -0.1, 0.2, -0.2], 1200)
    code, found = search(data, capsys, ("15min", fine))
    assert code == 1
    assert {match["step"] for match in found} == {4}


def test_when_both_are_plain_or_steps_or_spikes_then_they_are_no_copies():
    time = np.linspace(0, 1, 168)
    a, b = time + 1e-3 * np.sin(40 * time), time + 1e-3 * np.cos(31 * time)
    step, spike = np.where(time < 0.4, 0.0, 1.0), np.where(np.arange(168) == 90, 1.0, 0.0)
    noisy = [spike + RNG.normal(0, 1e-3, 168) for _ in range(2)]
    plain = are_plain(np.stack([a, step, spike, noisy[0]]), np.stack([b, step, spike, noisy[1]]))
    assert plain.tolist() == [True] * 4
    window = EVALUATED[None, :168]
    assert not are_plain(window, (10 * window).round(1)).any()
    assert not are_plain(window + 50 * spike, window + 50 * spike).any()


def test_when_windows_have_gaps_or_are_constant_then_they_are_left_out():
    values = RNG.normal(0, 1, 100).astype(np.float32)
    values[50], values[60:80] = np.nan, 3.0
    at = starts(values, 10, 1)
    assert not set(range(41, 51)) & set(at)
    assert not set(range(60, 71)) & set(at)
    assert {40, 51, 59} <= set(at)


def test_when_windows_are_projected_by_fft_then_it_is_as_by_products():
    values = (1e4 + RNG.normal(0, 1, 300)).astype(np.float32)
    directions = np.linalg.qr(RNG.normal(0, 1, (24, 5)))[0].T
    at = starts(values, 24, 3)
    wanted = unit(sliding_window_view(values, 24)[at]) @ directions.T
    np.testing.assert_allclose(project(values, directions, at), wanted, atol=1e-5)
