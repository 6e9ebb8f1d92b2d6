"""Sums of series in forecasts and backtests, as users ask for them."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import tsattn
from tsattn.cli.main import main
from tsattn.errors import ConfigError, DataError

SHOPS = [("north", "a"), ("north", "b"), ("south", "a"), ("south", "c")]


pytestmark = pytest.mark.usefixtures("shipped", "own_workspace")


@pytest.fixture
def frame() -> pd.DataFrame:
    """Four shops of two regions, one of which opens late; two share a name."""
    rng, days = np.random.default_rng(0), pd.date_range("2024-01-01", periods=120)
    parts = []
    for number, (region, shop) in enumerate(SHOPS):
        sales = 20 + 5 * number + 5 * np.sin(np.arange(120) * 2 * np.pi / 7) + rng.normal(0, 2, 120)
        first = 80 if number == 3 else 0
        parts.append(pd.DataFrame({"day": days, "region": region, "shop": shop, "sales": sales.round(2)})[first:])
    return pd.concat(parts, ignore_index=True)


def wide(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(name=frame.region + "_" + frame["shop"]).pivot(index="day", columns="name", values="sales").reset_index()


def medians(table: pd.DataFrame) -> pd.DataFrame:
    return table.pivot(index="timestamp", columns="item_id", values="0.5")


@pytest.mark.parametrize("method", ["mint", "bottom-up"])
def test_when_a_hierarchy_is_asked_for_then_all_levels_are_forecast_and_add_up(frame, method):
    found = tsattn.forecast(frame, horizon=7, hierarchy=["region", "shop"], reconcile=method)
    names = ("total", "total/north", "total/south", *(f"total/{region}/{shop}" for region, shop in SHOPS))
    assert found.forecast.item_ids == names
    rows = medians(found.forecast.to_pandas())
    leaves = [name for name in names if name.count("/") == 2]
    np.testing.assert_allclose(rows["total"], rows[leaves].sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(rows["total/south"], rows["total/south/a"] + rows["total/south/c"], rtol=1e-12)
    assert (found.forecast.quantile(0.9) > found.forecast.median).all()
    assert found.levels is not None and found.levels.counts == {"total": 1, "region": 2, "shop": 4}  # noqa: PT018


def test_an_item_that_ended_long_ago_needs_no_future_rows_of_known_covariates(frame):
    days = pd.date_range(frame.day.max() + pd.Timedelta(1, "D"), periods=7)
    plan = [frame[["region", "shop"]].drop_duplicates().assign(day=day) for day in days]
    data = pd.concat([frame, *plan], ignore_index=True)
    data = data[~((data.region + data["shop"] == "northb") & (data.day > "2024-03-01"))]
    data["promo"] = (data.day.dt.dayofyear % 9 < 2).map({True: "ja", False: "nein"})
    data["sales"] *= 1 + 0.5 * (data["promo"] == "ja")
    found = tsattn.forecast(data, horizon=7, hierarchy=["region", "shop"], known=["promo"])
    assert not found.failures
    rows = medians(found.forecast.to_pandas())
    usual = data.loc[data.region + data["shop"] == "northb", "sales"].mean()
    assert rows["total/north/b"].max() < 0.1 * usual
    np.testing.assert_allclose(rows["total/north"], rows["total/north/a"] + rows["total/north/b"], rtol=1e-12)
    (note,) = (note for note in found.notes if "counted as 0 from then on" in note)
    assert "total/north/b" in note
    assert any(note.startswith("effect of promo=ja: +") for note in found.notes)


def test_when_forecasts_are_written_then_the_file_adds_up_too(frame, tmp_path, capsys):
    frame.to_csv(tmp_path / "sales.csv", index=False)
    data, out = str(tmp_path / "sales.csv"), tmp_path / "f.csv"
    assert main(["forecast", data, "--hierarchy", "region,shop", "--horizon", "5", "-o", str(out)]) == 0
    said = capsys.readouterr()
    assert "levels: 1 total, 2 region, 4 shop; reconciled by MinT" in said.err
    assert "total/north/b" in said.out
    assert "level" in said.out.splitlines()[1]
    table = pd.read_csv(out)
    rows = medians(table)
    np.testing.assert_allclose(rows["total"], rows["total/north"] + rows["total/south"], rtol=1e-12)
    assert list(table.columns[:4]) == ["item_id", "level", "cutoff", "timestamp"]
    named = dict(zip(table.item_id, table.level, strict=True))
    assert (named["total"], named["total/north"], named["total/north/b"]) == ("total", "region", "shop")


def test_when_paths_or_a_backtest_of_sums_are_written_then_each_row_has_its_level(frame, tmp_path):
    paths, windows = tmp_path / "p.json", tmp_path / "b.parquet"
    tsattn.forecast(frame, horizon=3, hierarchy=["region", "shop"], paths=2, output=paths)
    assert {row["level"] for row in json.loads(paths.read_text())} == {"total", "region", "shop"}
    tsattn.backtest(frame, horizon=7, windows=1, hierarchy=["region", "shop"], baselines=["naive"], output=windows)
    table = pd.read_parquet(windows)
    assert dict(table.groupby("level").item_id.nunique()) == {"total": 1, "region": 2, "shop": 4}


def test_when_json_is_asked_for_then_it_tells_the_level_of_each_series(frame, tmp_path, capsys):
    frame.to_csv(tmp_path / "sales.csv", index=False)
    assert main(["forecast", str(tmp_path / "sales.csv"), "--hierarchy", "region,shop", "--horizon", "5", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["level"] for one in found["forecasts"]] == ["total", "region", "region", *["shop"] * 4]
    assert found["hierarchy"]["reconcile"] == "mint"
    assert found["hierarchy"]["levels"][1] == {"level": "region", "series": 2}


def test_when_nothing_is_to_be_reconciled_then_the_levels_are_forecast_alone(frame):
    found = tsattn.forecast(frame, horizon=7, hierarchy=["region", "shop"], reconcile="none")
    rows = medians(found.forecast.to_pandas())
    assert np.abs(rows["total"] - rows["total/north"] - rows["total/south"]).max() > 1e-3


def test_when_a_wide_file_has_a_column_of_totals_then_the_sum_replaces_it_and_the_difference_is_reported(frame):
    table = wide(frame)
    table["total"] = table.drop(columns="day").sum(axis=1)
    formula = "total=north_a+north_b+south_a+south_c"
    found = tsattn.forecast(table, horizon=7, sums=formula)
    assert found.forecast.item_ids == ("total", "north_a", "north_b", "south_a", "south_c")
    assert any("'total' is the sum of other series" in note for note in found.notes)
    table.loc[5, "total"] *= 1.5
    again = tsattn.forecast(table, horizon=7, sums=formula)
    assert any("'total' differs from the sum of its parts at 1 of" in note for note in again.notes)
    np.testing.assert_array_equal(found.forecast.values, again.forecast.values)


def test_when_the_rows_hold_totals_then_they_are_not_counted_twice(frame):
    total = frame.groupby("day", as_index=False).sales.sum().assign(region="Total", shop="Total")
    plain = tsattn.forecast(frame, horizon=7, hierarchy=["region", "shop"])
    found = tsattn.forecast(pd.concat([frame, total]), horizon=7, hierarchy=["region", "shop"])
    assert found.forecast.item_ids == plain.forecast.item_ids
    np.testing.assert_allclose(found.forecast.values, plain.forecast.values, rtol=1e-5)
    assert any("'Total/Total' is the sum" in note for note in found.notes)


def test_when_paths_are_drawn_then_they_add_up(frame):
    found = tsattn.forecast(frame, horizon=7, hierarchy=["region", "shop"], paths=50)
    assert found.paths is not None
    by_name = dict(zip(found.paths.item_ids, found.paths.values, strict=True))
    np.testing.assert_allclose(by_name["total"], by_name["total/north"] + by_name["total/south"], rtol=1e-5)
    whole = tsattn.forecast(frame.assign(sales=frame.sales.round()), horizon=7, hierarchy=["region", "shop"], paths=5).paths
    assert whole is not None
    assert (whole.values == np.rint(whole.values)).all()
    middle = np.median(by_name["total"], 1)
    assert np.abs(middle - found.forecast.median[0]).max() < 0.1 * found.forecast.median[0].max()


def test_when_series_move_together_then_the_paths_of_their_sum_spread_as_far_as_the_sum_does():
    rng = np.random.default_rng(0)
    steps = 0.8**0.5 * rng.normal(size=(300, 1)) + 0.2**0.5 * rng.normal(size=(300, 8))
    walks = pd.DataFrame(500 + steps.cumsum(0), columns=list("abcdefgh"))
    table = walks.assign(day=pd.date_range("2024-01-01", periods=300))
    found = tsattn.forecast(table, horizon=1, sums="all=*", paths=500, members="naive")
    assert found.paths is not None
    spread = dict(zip(found.paths.item_ids, found.paths.values.std((1, 2)), strict=True))
    alone = sum(spread[name] ** 2 for name in "abcdefgh") ** 0.5
    assert spread["all"] > 2 * alone  # 2.57 with a correlation of 0.8; with one step, hold-out errors alone show less
    assert found.paths.correlation == pytest.approx(0.8, abs=0.12)
    assert any(f"mean correlation of {found.paths.correlation:.2f}" in note for note in found.notes)


def test_when_a_hierarchy_is_backtested_then_each_level_is_scored_before_and_after(frame, tmp_path, capsys):
    found = tsattn.backtest(frame, horizon=7, windows=2, hierarchy=["region", "shop"], baselines=["naive"])
    assert found.scores.models == ("zero-shot + members", "zero-shot + members, mint", "naive")
    assert [(one.level, one.series) for one in found.levels] == [("total", 1), ("region", 2), ("shop", 4)]
    plain = tsattn.backtest(frame, horizon=7, windows=2, hierarchy=["region", "shop"], reconcile="none", baselines=["naive"])
    assert plain.scores.score("zero-shot + members", "WQL") == found.scores.score("zero-shot + members", "WQL")
    frame.to_csv(tmp_path / "sales.csv", index=False)
    assert main(["backtest", str(tmp_path / "sales.csv"), "--hierarchy", "region,shop", "--horizon", "7", "--windows", "1"]) == 0
    assert "before and after reconciliation" in capsys.readouterr().out


def test_when_a_backtest_window_is_spoiled_then_earlier_reconciled_forecasts_stay(frame, tmp_path):
    loud = frame.copy()
    after = loud.day >= "2024-04-23"
    loud.loc[after, "sales"] = loud.loc[after, "sales"] * 30 + 1
    tables = []
    for number, data in enumerate((frame, loud)):
        out = tmp_path / f"{number}.parquet"
        tsattn.backtest(data, horizon=7, cutoffs=["2024-04-22"], hierarchy=["region", "shop"], baselines=["naive"], output=out)
        made = pd.read_parquet(out)
        tables.append(made[made.model == "zero-shot + members, mint"].drop(columns="target"))
    pd.testing.assert_frame_equal(*tables)


def test_when_sums_cannot_be_made_then_the_error_says_what_to_type(frame):
    with pytest.raises(ConfigError, match="exclude each other"):
        tsattn.forecast(frame, hierarchy="region", sums="t=a+b")
    with pytest.raises(ConfigError, match="no series 'north_x'"):
        tsattn.forecast(wide(frame), sums="total=north_a+north_x")
    with pytest.raises(ConfigError, match="no series 'north_a,north_b'") as caught:
        tsattn.forecast(wide(frame), sums="total=north_a,north_b")
    assert caught.value.hint == "join the parts with +: north_a+north_b"
    with pytest.raises(ConfigError, match="unknown reconcile 'best'"):
        tsattn.forecast(frame, hierarchy=["region", "shop"], reconcile="best")
    with pytest.raises(DataError, match="one series only"):
        tsattn.forecast(frame[:120], hierarchy=["region", "shop"])


def test_when_a_column_of_the_hierarchy_does_not_exist_then_the_error_names_that_option(frame):
    for command in (tsattn.forecast, tsattn.backtest):
        with pytest.raises(ConfigError, match='hierarchy="regoin": no such column'):
            command(frame, horizon=3, hierarchy=["regoin", "shop"])


def test_when_rare_demand_is_added_up_then_it_is_not_rounded_to_zero_before():
    rng, days = np.random.default_rng(0), pd.date_range("2024-01-01", periods=120)
    parts = [pd.DataFrame({"day": days, "shop": f"s{i}", "sales": rng.poisson(0.4, 120)}) for i in range(12)]
    frame = pd.concat(parts, ignore_index=True)
    alone = tsattn.forecast(frame, horizon=3)
    assert (alone.forecast.values == np.rint(alone.forecast.values)).all()
    for method in ("mint", "bottom-up", "none"):
        found = tsattn.forecast(frame, horizon=3, hierarchy="shop", reconcile=method).forecast
        assert not (found.values[1:] == np.rint(found.values[1:])).all()


def test_when_rare_demand_is_added_up_then_intervals_keep_their_zeros_with_and_without_paths():
    rng, days = np.random.default_rng(0), pd.date_range("2024-01-01", periods=120)
    parts = [pd.DataFrame({"day": days, "item": f"i{i}", "sales": rng.poisson(0.3, 120)}) for i in range(15)]
    frame = pd.concat(parts, ignore_index=True)
    found = tsattn.forecast(frame, horizon=3, hierarchy="item")
    items = found.forecast.values[1:]
    assert (items[..., 0] == 0).all()
    np.testing.assert_allclose(found.forecast.median[0], found.forecast.median[1:].sum(0), rtol=1e-12)
    alone = tsattn.forecast(frame, horizon=3, hierarchy="item", reconcile="none").forecast
    assert np.abs(found.forecast.median[0] - alone.median[0]).mean() < 1
    drawn = tsattn.forecast(frame, horizon=3, hierarchy="item", paths=200)
    np.testing.assert_array_equal(drawn.forecast.values, found.forecast.values)
    assert drawn.paths is not None
    assert drawn.paths.values[0].mean() == pytest.approx(4.5, rel=0.3)


def test_when_a_wide_table_holds_its_total_then_ingest_and_forecast_say_so_and_the_named_option_makes_it_add_up(frame):
    table = wide(frame).fillna(0)
    table["Total"] = table.drop(columns="day").sum(axis=1)
    said = "'Total' is the sum of the other 4 series"
    assert any(said in one for one in tsattn.ingest(table).report.warnings)
    found = tsattn.forecast(table, horizon=2, members="network")
    assert any(said in one for one in found.notes)
    added = tsattn.forecast(table, horizon=2, sums="Total=*", members="network")
    assert not any(said in one for one in added.notes)
    rows = medians(added.forecast.to_pandas())
    np.testing.assert_allclose(rows["Total"], rows.drop(columns="Total").sum(axis=1), rtol=1e-12)
