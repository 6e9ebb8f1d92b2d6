"""Features of a panel for models that were trained with other reference levels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tsattn.data.features import with_features
from tsattn.data.panel import Panel, Schema
from tsattn.errors import DataError

VALUES = np.array([[1, 0, 5], [0, 1, 6], [0, 0, 7], [np.nan, np.nan, 8]], np.float32)


@pytest.fixture
def panel() -> Panel:
    """Four rows with a text column `kind`, whose most frequent text is b, and a number."""
    schema = Schema(known=("kind", "price"), known_features=("kind=a", "kind=c", "price"), references=("kind=b",))
    return replace(Panel.from_arrays([np.arange(4.0)]), known=VALUES, schema=schema)


@pytest.mark.parametrize(
    ("features", "references", "columns"),
    [
        (("kind=a", "kind=b", "kind=c"), (), [[1, 0, 0], [0, 0, 1], [0, 1, 0]]),
        (("kind=b", "kind=c"), ("kind=a",), [[0, 0], [0, 1], [1, 0]]),
        (("kind=a",), (), [[1], [0], [0]]),
    ],
)
def test_the_feature_of_a_reference_level_is_made_where_a_model_wants_it(panel, features, references, columns):
    schema = Schema(known=("kind",), known_features=features, references=references)
    made = with_features(panel, schema, "the data")
    assert made.known[:3].tolist() == columns
    assert np.isnan(made.known[3]).all()
    assert (made.schema.known_features, made.schema.references) == (features, references)


@pytest.mark.parametrize("feature", ["kind=d", "colour=b", "price=b"])
def test_a_feature_that_the_panel_lacks_is_an_error(panel, feature):
    schema = Schema(known=(feature.split("=")[0],), known_features=(feature,))
    with pytest.raises(DataError, match=f"the data: no known covariate '{feature}'") as error:
        with_features(panel, schema, "the data")
    assert error.value.hint == "it has: kind=a, kind=c, price"
