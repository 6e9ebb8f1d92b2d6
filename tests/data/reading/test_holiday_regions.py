"""Holidays of the region of each series."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import tsattn
from tsattn.config import ReadOptions
from tsattn.data.reading.holiday_regions import HolidayRegions
from tsattn.errors import ConfigError

DAYS = pd.date_range("2024-04-25", periods=120)
UNITY, BASTILLE, LABOUR = (pd.Timestamp(day) for day in ("2024-10-03", "2024-07-14", "2024-05-01"))


def sales(*names: str) -> pd.DataFrame:
    """Series with a row each day."""
    parts = [pd.DataFrame({"day": DAYS, "shop": name, "sales": np.arange(len(DAYS)) % 7 + 10.0}) for name in names]
    return pd.concat(parts, ignore_index=True)


def on(found, column: str, day: pd.Timestamp) -> dict[str, float]:
    """Value of a column on a day, by series; 0 where there is no such column."""
    panel = found.panel
    if column not in panel.schema.known_features:
        return dict.fromkeys(panel.item_ids, 0.0)
    k, row = panel.schema.known_features.index(column), (day - DAYS[0]).days
    return {name: float(panel.known[panel.indptr[i] + row, k]) for i, name in enumerate(panel.item_ids)}


def test_each_series_has_the_holidays_of_its_own_region_in_the_future_too():
    pytest.importorskip("holidays")
    found = tsattn.ingest(sales("de", "fr"), item="shop", target="sales", holidays=["de=DE", "fr=FR"])
    assert on(found, "holiday FR", BASTILLE) == {"de": 0, "fr": 1}
    assert on(found, "holiday DE", UNITY) == {"de": 1, "fr": 0}, "41 days after the last row"
    assert on(found, "holiday DE", LABOUR) == {"de": 1, "fr": 0}
    assert on(found, "holiday FR", LABOUR) == {"de": 0, "fr": 1}
    assert on(found, "before holiday FR", BASTILLE - pd.Timedelta(days=1)) == {"de": 0, "fr": 1}
    (said,) = [one.value for one in found.report.found if one.what == "holidays"]
    assert said.startswith("DE, FR, by series")


def test_a_region_alone_is_that_of_the_other_series_and_a_series_may_have_several():
    regions = HolidayRegions.parse(["DE", "fr=FR", "border=FR", "border=DE"])
    assert regions.all() == ("DE", "FR")
    assert regions.of_items(["fr", "border", "other"]).tolist() == [[False, True], [True, True], [True, False]]
    assert set(regions.sets()) == {frozenset({"DE"}), frozenset({"FR"}), frozenset({"DE", "FR"})}


def test_a_value_of_an_item_column_names_all_its_series_and_a_series_comes_first():
    regions = HolidayRegions.parse(["north=DE", "north/2=DE-BY"])
    assert regions.of_items(["north/1", "north/2", "south/1"]).tolist() == [[True, False], [False, True], [False, False]]


def test_an_unknown_series_a_half_pair_and_an_unknown_region_are_errors():
    pytest.importorskip("holidays")
    frame = sales("shop_de", "shop_fr")
    about = {"item": "shop", "target": "sales"}
    with pytest.raises(ConfigError, match="the data has no series 'shop_f'") as error:
        tsattn.ingest(frame, **about, holidays="shop_f=FR")
    assert "did you mean 'shop_fr'?" in error.value.hint
    with pytest.raises(ConfigError, match="write SERIES=REGION"):
        tsattn.ingest(frame, **about, holidays="shop_fr=")
    with pytest.raises(ConfigError, match="no such country"):
        tsattn.ingest(frame, **about, holidays="shop_fr=France")


def test_only_holidays_that_close_all_series_are_closed_days():
    package = pytest.importorskip("holidays")
    frame = sales("de", "fr")
    shut = [frame.day.isin(pd.to_datetime(list(package.country_holidays(code, years=2024)))) for code in ("DE", "FR")]
    open_days = frame[~((frame.shop == "de") & shut[0]) & ~((frame.shop == "fr") & shut[1])]
    found = tsattn.ingest(open_days, item="shop", target="sales", holidays=["de=DE", "fr=FR"])
    assert found.panel.freq.open is not None
    future = found.panel.freq.advance(np.array(["2024-12-24", "2024-07-12"], "datetime64[us]"), np.array([1, 2]))
    assert str(future[0])[:10] != "2024-12-25", "Christmas is a holiday of both"
    assert str(future[1])[:10] == "2024-07-14", "Bastille Day is one of France alone"


def test_a_model_keeps_the_regions_of_its_series():
    kept = ReadOptions(holidays=("de=DE", "fr=FR"))
    assert ReadOptions(item=("shop",)).over(kept).holidays == ("de=DE", "fr=FR")
