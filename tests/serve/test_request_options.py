"""Options of a request, from strings of a form and from JSON."""

from __future__ import annotations

import dataclasses

import pytest

from tsattn.config import ReadOptions
from tsattn.errors import ConfigError
from tsattn.serve.request_options import FIELDS, checked


def test_when_options_come_as_text_or_as_json_then_they_are_the_same():
    text = {"horizon": "12", "quantiles": "0.1,0.5", "item": 'shop,"a,b"', "fill": "0", "drop_last": "true", "delimiter": "tab"}
    plain = {"horizon": 12, "quantiles": [0.1, 0.5], "item": ["shop", "a,b"], "fill": 0, "drop_last": True, "delimiter": "\t"}
    assert checked(text) == checked(plain)
    assert checked(text).read.item == ("shop", "a,b")


def test_when_an_option_is_empty_then_it_is_not_given():
    assert checked({"horizon": "", "freq": None, "target": ""}) == checked({})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("horizon", "ten"),
        ("horizon", True),
        ("horizon", [1]),
        ("horizon", 1e400),
        ("horizon", "9" * 5000),
        ("quantiles", "0.1,x"),
        ("quantiles", [0.1, None]),
        ("quantiles", 0.5),
        ("quantiles", [0.1] * 100),
        ("fill", "nan"),
        ("item", [1]),
        ("item", {"a": 1}),
        ("freq", 3),
        ("drop_last", "maybe"),
        ("history", -1),
        ("history", 1_000_000),
    ],
)
def test_when_an_option_has_a_wrong_value_then_the_error_names_it(name, value):
    with pytest.raises(ConfigError) as error:
        checked({name: value})
    assert name in error.value.message
    assert len(error.value.message) < 200


def test_when_reading_has_an_option_then_a_request_has_it_with_a_description():
    names = {field.name for field in dataclasses.fields(ReadOptions)}
    assert names <= set(FIELDS)
    assert all(FIELDS[name].description and "--" not in FIELDS[name].description for name in names)
