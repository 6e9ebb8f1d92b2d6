"""Short windows for short series, whatever else is in the batch."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests import tiny
from tsattn.data.cleaning.seasonality import find_seasons
from tsattn.model.short_series import by_length, lengths, seasons_by_length

CONFIG = dataclasses.replace(tiny.MODEL, context=64, patch=8)


def windows(*rows: int) -> np.ndarray:
    """(len(rows), 64): so many observed steps at the end of each."""
    target = np.full((len(rows), 64), np.nan, np.float32)
    for window, count in zip(target, rows, strict=True):
        window[64 - count :] = 1 + np.arange(count)
    return target


def test_when_series_are_short_then_windows_hold_them_in_few_sizes():
    target = windows(0, 1, 16, 17, 24, 25, 40, 48, 49, 64)
    assert lengths(target, CONFIG).tolist() == [16, 16, 16, 24, 24, 32, 48, 48, 64, 64]
    target[4, -2:] = np.nan  # what is missing at the end is no reason to look less far back
    assert lengths(target, CONFIG)[4] == 24
    odd = dataclasses.replace(CONFIG, context=40)
    assert lengths(windows(60)[:, 24:], odd).tolist() == [40]


def test_when_windows_of_several_lengths_are_forecast_then_each_answer_stays_in_its_row():
    seen = []

    def run(feed):
        assert feed["past_cov"].shape[1] == feed["target"].shape[1]
        assert feed["known"].shape[1] == feed["target"].shape[1] + 5
        np.testing.assert_array_equal(feed["known"][:, -1, 0], 68)
        seen.append(feed["target"].shape)
        return np.nan_to_num(feed["target"]).max(1)[:, None, None] + feed["static"][:, :1, None]

    target = windows(60, 3, 30, 5, 61)
    known = np.broadcast_to(np.arange(69, dtype=np.float32)[None, :, None], (5, 69, 1))
    feed = {
        "target": target,
        "past_cov": target[..., None],
        "known": known,
        "static": 100 * np.arange(5, dtype=np.float32)[:, None],
    }
    got = by_length(run, CONFIG)(feed)[:, 0, 0]
    np.testing.assert_array_equal(got, [60, 103, 230, 305, 461])
    assert sorted(seen) == [(1, 32), (2, 16), (2, 64)]
    np.testing.assert_array_equal(by_length(run, CONFIG, fill=4)(feed)[:, 0, 0], got)
    assert sorted(seen[3:]) == [(4, 16), (4, 32), (4, 64)]


@pytest.mark.parametrize("change", [{"encoder": "window"}, {"encoder": "linear"}, {"context": 24}], ids=str)
def test_when_a_network_wants_whole_windows_then_they_stay_whole(change):
    config = dataclasses.replace(CONFIG, **change)
    assert set(lengths(windows(1, 30, 64)[:, -config.context :], config)) == {config.context}


def test_when_seasons_are_sought_in_short_windows_then_they_are_those_of_long_ones():
    rng, rows = np.random.default_rng(0), (64, 40, 33, 17, 16, 9, 3, 0)
    target = np.full((len(rows), 512), np.nan, np.float32)
    for window, count in zip(target, rows, strict=True):
        window[512 - count :] = np.sin(np.arange(count) * 2 * np.pi / 6) + 0.3 * rng.standard_normal(count)
    config = dataclasses.replace(CONFIG, context=512)
    for usual in ((), (7,), np.full((len(rows), 1), 6)):
        np.testing.assert_allclose(seasons_by_length(target, usual, config), find_seasons(target, usual), atol=1e-4)


def test_when_windows_are_many_then_they_are_forecast_some_after_others():
    seen = []

    def run(feed):
        seen.append(len(feed["target"]))
        return feed["static"][:, :1, None]

    target = windows(*[64] * 700)  # of eight tokens each
    empty = np.zeros((700, 64, 0), np.float32)
    feed = {"target": target, "past_cov": empty, "known": np.zeros((700, 69, 0), np.float32)}
    feed["static"] = np.arange(700, dtype=np.float32)[:, None]
    np.testing.assert_array_equal(by_length(run, CONFIG)(feed)[:, 0, 0], np.arange(700))
    assert seen == [256, 256, 188]
