"""Forecasts of the sample data stay what they were."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests import golden


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("TSATTN_ZERO_SHOT", raising=False)  # the weights in the package
        return golden.forecasts(tmp_path_factory.mktemp("golden"))


@pytest.mark.parametrize("members", golden.MEMBERS)
@pytest.mark.parametrize("file", golden.FILES)
def test_when_code_moves_then_forecasts_of_the_sample_data_do_not(found, file, members):
    """Processors round differently, so a thousandth of the interval's width is allowed; a changed rule moves more."""
    expected = json.loads(golden.GOLDEN.read_text("utf-8"))[file][members]
    assert list(found[file][members]) == list(expected)
    for item, rows in expected.items():
        low, _, high = np.array(rows).T
        np.testing.assert_allclose(found[file][members][item], rows, rtol=0, atol=1e-3 * (high - low).mean(), err_msg=item)
