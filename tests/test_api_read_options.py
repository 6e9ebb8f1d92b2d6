"""Options of reading that are given to the Python functions as a dict."""

from __future__ import annotations

import pytest

import tsattn
from tsattn.errors import ConfigError


def written(folder):
    path = folder / "x.csv"
    path.write_text("date;v\n" + "".join(f"2024-01-{k:02d};{k}\n" for k in range(1, 31)), "utf-8")
    return path


def test_a_dict_of_options_is_read_as_options(tmp_path):
    found = tsattn.ingest(written(tmp_path), read={"delimiter": ";", "target": "v"})
    assert found.panel.item_ids == ("v",)


@pytest.mark.parametrize(("options", "said"), [({"delimeter": ";"}, "unknown key 'delimeter'"), (";", "a str is no options")])
def test_what_are_no_options_is_a_clear_error(tmp_path, options, said):
    with pytest.raises(ConfigError, match=said):
        tsattn.ingest(written(tmp_path), read=options)
