"""Future covariates in UTC beside data in local time, and the reverse, over a clock change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tsattn.config import ReadOptions
from tsattn.data.reading.future_rows import WithFuture
from tsattn.data.reading.read import read
from tsattn.errors import DataError

ZONE = "Europe/Berlin"
TIMES = pd.date_range("2024-10-25", periods=24 * 6, freq="h", tz="UTC")
FRAME = pd.DataFrame({"load": np.arange(144.0), "temp": 10 + np.arange(144) % 24 / 2}, index=TIMES)
FORMS = {"utc": lambda t: t.strftime("%Y-%m-%dT%H:%M:%SZ"), "local": lambda t: t.tz_convert(ZONE).strftime("%d.%m.%Y %H:%M")}


def written(folder: Path, name: str, frame: pd.DataFrame, form: str) -> str:
    rows = frame.reset_index(names="time")
    path = folder / name
    if form == "parquet":
        rows.to_parquet(path)
    else:
        rows.assign(time=rows["time"].map(FORMS[form])).to_csv(path, index=False)
    return str(path)


@pytest.mark.parametrize("data", ["utc", "local", "parquet"])
@pytest.mark.parametrize("future", ["utc", "local", "parquet"])
def test_future_rows_follow_the_data_on_one_clock(tmp_path, data, future):
    one = written(tmp_path, "load.csv", FRAME[:96], data)
    two = written(tmp_path, "weather.csv", FRAME.loc[TIMES[40] :, ["temp"]], future)
    panel, report = read(WithFuture(one, two), ReadOptions(timezone=ZONE, target=("load",)))
    assert (panel.known_ahead().tolist(), panel.tz, report.missing) == ([48], ZONE, 0)
    np.testing.assert_allclose(panel.known[:, 0], FRAME["temp"])


def test_without_a_zone_the_error_names_both_files(tmp_path):
    one = written(tmp_path, "load.csv", FRAME[:24], "local")
    two = written(tmp_path, "weather.csv", FRAME[["temp"]][24:48], "utc")
    with pytest.raises(
        DataError, match=r"load\.csv, line 2: .* has no UTC offset, while .*weather\.csv, line 4 has one"
    ) as stopped:
        read(WithFuture(one, two), ReadOptions(target=("load",)))
    assert "timezone" in stopped.value.hint
