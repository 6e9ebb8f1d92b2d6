"""Names of columns that are dates."""

from __future__ import annotations

import numpy as np
import pytest

from tsattn.data.reading.dated_names import dates_in_order, parsed_names
from tsattn.errors import DataError


def dates(names: list[str], order: str | None = None) -> list[str]:
    parsed = parsed_names(names, order)
    assert parsed is not None
    return np.datetime_as_string(dates_in_order(parsed, names, order), "D").tolist()


@pytest.mark.parametrize(
    ("names", "first"),
    [
        (["06/03/2024", "06/13/2024"], "2024-06-03"),
        (["03.06.2024", "04.06.2024"], "2024-06-03"),
        (["1990 [YR1990]", "1991 [YR1991]"], "1990-01-01"),
        (["Y1961", "Y1962"], "1961-01-01"),
        (["202451", "202452", "202501"], "2024-12-16"),
    ],
)
def test_names_of_columns_are_dates_in_one_order(names, first):
    assert dates(names)[0] == first


def test_two_orders_that_fit_equally_well_are_an_error():
    with pytest.raises(DataError, match="may be day/month or month/day"):
        dates(["01/02/2024", "02/03/2024"])
    assert dates(["01/02/2024", "02/03/2024"], "mdy") == ["2024-01-02", "2024-02-03"]
