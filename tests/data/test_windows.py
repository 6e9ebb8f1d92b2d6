"""Windows: origins and the one gather; nothing of the future in the past."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsattn.data.freq import Freq, calendar_names
from tsattn.data.panel import Panel, Schema
from tsattn.data.windows import Origins, gather, last_origins, rolling_origins
from tsattn.errors import ConfigError
from tsattn.render.format import stamps

NAN = float("nan")


def panel_of(lengths: list[int], future: int = 0, freq: str = "h") -> Panel:
    """Items whose target counts 0, 1, 2, … plus 1000 times the item; covariates are minus that, known `future` rows on."""
    rows = [length + future for length in lengths]
    indptr = np.concatenate([[0], np.cumsum(rows)]).astype(np.int64)
    count = np.concatenate([np.arange(n) + 1000 * i for i, n in enumerate(rows)]).astype(np.float32)
    origin = indptr[:-1] + lengths
    target = count.copy()
    for i, first in enumerate(origin):
        target[first : indptr[i + 1]] = np.nan
    return Panel(
        freq=Freq.parse(freq),
        item_ids=tuple(f"item{i}" for i in range(len(lengths))),
        indptr=indptr,
        start=np.full(len(lengths), np.datetime64("2024-01-01"), "datetime64[us]"),
        target=target,
        origin=origin,
        past=np.where(np.isnan(target), np.float32(np.nan), -count)[:, None],
        known=-count[:, None],
        static=np.arange(len(lengths), dtype=np.float32)[:, None],
        schema=Schema(past_features=("p",), known_features=("k",), static_features=("s",)),
    )


def test_a_window_is_cut_at_its_origin() -> None:
    panel = panel_of([10, 5])
    batch = gather(panel, Origins(np.array([0, 1]), np.array([6, 12])), context=4, horizon=3)
    np.testing.assert_array_equal(batch.past_target, np.float32([[2, 3, 4, 5], [NAN, NAN, 1000, 1001]]))
    np.testing.assert_array_equal(batch.future_target, np.float32([[6, 7, 8], [1002, 1003, 1004]]))
    np.testing.assert_array_equal(batch.past_cov[..., 0], -batch.past_target)
    np.testing.assert_array_equal(batch.static[:, 0], [0, 1])
    assert (batch.context, batch.horizon, len(batch)) == (4, 3, 2)
    assert batch.season_lengths == (24, 168)


def test_known_covariates_go_on_beyond_the_wall_and_the_target_does_not() -> None:
    panel = panel_of([5], future=2)
    batch = gather(panel, last_origins(panel), context=2, horizon=3)
    assert np.isnan(batch.future_target).all()
    declared = batch.known[0, :, len(calendar_names(panel.freq)) :]
    np.testing.assert_array_equal(declared[:, 0], np.float32([-3, -4, -5, -6, NAN]))


def test_the_calendar_is_never_missing_even_where_the_item_has_no_rows() -> None:
    panel = panel_of([2])
    batch = gather(panel, last_origins(panel), context=50, horizon=50)
    calendar = batch.known[..., : len(calendar_names(panel.freq))]
    assert np.isfinite(calendar).all()
    assert np.isnan(batch.past_target[0, :48]).all()


def test_the_calendar_is_read_off_the_local_wall_clock() -> None:
    panel = replace(panel_of([30]), tz="Asia/Tokyo")
    batch = gather(panel, Origins(np.array([0]), np.array([16])), context=1, horizon=1)
    cos_of_day = batch.known[0, 0, calendar_names(panel.freq).index("cos_of_day")]
    np.testing.assert_allclose(cos_of_day, 1, atol=1e-6)  # 15:00 UTC is midnight in Tokyo


def test_without_covariates_the_target_is_the_same_and_nothing_else_is_there() -> None:
    panel = panel_of([10, 5], future=1)
    full, bare = (gather(panel, last_origins(panel), 4, 2, covariates=c) for c in (True, False))
    np.testing.assert_array_equal(full.past_target, bare.past_target)
    assert bare.known.shape == (2, 6, 0)
    assert bare.past_cov.shape == (2, 4, 0)


def test_an_item_without_rows_gives_a_window_of_nothing() -> None:
    for lengths in ([0], [0, 3], [3, 0]):
        panel = panel_of(lengths)
        batch = gather(panel, last_origins(panel), context=3, horizon=2)
        assert np.isnan(batch.past_target[lengths.index(0)]).all()
        assert batch.past_cov.shape == (len(lengths), 3, 1)


def test_rolling_origins_end_a_horizon_before_each_items_own_end() -> None:
    origins = rolling_origins(panel_of([10, 6]), horizon=2, windows=3)
    assert origins.item.tolist() == [0, 0, 0, 1, 1]
    assert origins.row.tolist() == [4, 6, 8, 12, 14]


def test_rolling_origins_may_overlap_and_want_a_history() -> None:
    origins = rolling_origins(panel_of([10, 6]), horizon=4, windows=3, step=1, min_history=2)
    assert origins.row.tolist() == [4, 5, 6, 12]


@pytest.mark.parametrize("wrong", [{"horizon": 0}, {"windows": 0}, {"step": 0}, {"horizon": -3}])
def test_rolling_origins_refuse_what_is_not_positive(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="positive"):
        rolling_origins(panel_of([9]), **{"horizon": 2, "windows": 2, **wrong})


@settings(deadline=None)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=4), st.integers(1, 9), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_whatever_stands_at_and_after_the_origin_the_past_of_a_window_is_the_same(
    lengths: list[int], context: int, horizon: int, seed: int
) -> None:
    panel = panel_of(lengths, future=2)
    rng = np.random.default_rng(seed)
    origins = Origins(np.arange(len(lengths)), panel.indptr[:-1] + rng.integers(0, np.array(lengths) + 1))
    clean = gather(panel, origins, context, horizon)
    target, past = panel.target.copy(), panel.past.copy()
    for item, row in zip(origins.item, origins.row, strict=True):
        target[row : panel.indptr[item + 1]] = rng.normal(size=panel.indptr[item + 1] - row) * 1e6
        past[row : panel.indptr[item + 1]] = np.inf
    dirty = gather(replace(panel, target=target, past=past), origins, context, horizon)
    for name in ("past_target", "past_cov", "known", "static"):
        np.testing.assert_array_equal(getattr(clean, name), getattr(dirty, name))


def test_whatever_stands_beyond_the_panels_wall_no_window_carries_it() -> None:
    panel = panel_of([6], future=3)
    dirty = panel.target.copy()
    dirty[6:] = 1e9
    batch = gather(replace(panel, target=dirty), Origins(np.array([0]), np.array([4])), context=4, horizon=5)
    np.testing.assert_array_equal(batch.future_target, np.float32([[4, 5, NAN, NAN, NAN]]))


AUTUMN = ("2024-10-29T10:00", ["25 11:00+02:00", "26 11:00+02:00", "27 11:00+01:00", "28 11:00+01:00"])
SPRING = ("2024-04-01T09:00", ["28 11:00+01:00", "29 11:00+01:00", "30 11:00+01:00", "31 11:00+02:00"])


def cutoffs(end: str, step: int | None, zone: str = "Europe/Berlin") -> list[str]:
    """Day of the month, time and offset of the cutoffs of four windows of 24 hours, the last of which ends at `end` in UTC."""
    start = np.datetime64(end, "us") - np.timedelta64(24 * 12 - 1, "h")
    panel = replace(panel_of([24 * 12]), tz=zone, start=np.array([start]), dated=True)
    origins = rolling_origins(panel, 24, 4, step)
    return [text[8:] for text in stamps(panel.freq.advance(start, origins.row - 1), panel.freq, zone)]


@pytest.mark.parametrize(("end", "wanted"), [AUTUMN, SPRING], ids=["autumn", "spring"])
def test_when_a_step_is_whole_days_then_cutoffs_keep_their_local_time_over_a_clock_change(end: str, wanted: list[str]) -> None:
    assert cutoffs(end, 24) == wanted
    assert cutoffs(end, 48)[-2:] == wanted[1::2]


@pytest.mark.parametrize("end", [AUTUMN[0], SPRING[0]])
def test_when_no_step_of_whole_days_is_given_or_the_data_are_in_utc_then_windows_are_as_many_rows_apart(end: str) -> None:
    hour = int(end[11:13])
    assert [text[3:5] for text in cutoffs(end, 24, "UTC")] == [f"{hour:02d}"] * 4
    assert cutoffs(end, 24, "UTC") == cutoffs(end, None, "UTC")
    assert [text[3:5] for text in cutoffs(end, None)][::3] in (["12", "11"], ["10", "11"])  # follow one another without a gap


def test_when_the_clock_skips_or_doubles_the_time_of_a_cutoff_then_windows_stay_apart() -> None:
    assert cutoffs("2024-04-02T00:00", 24) == ["29 02:00+01:00", "30 02:00+01:00", "31 03:00+02:00", "01 02:00+02:00"]
    assert cutoffs("2024-10-29T01:00", 24) == ["25 02:00+02:00", "26 02:00+02:00", "27 02:00+02:00", "28 02:00+01:00"]
