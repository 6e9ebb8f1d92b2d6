from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tsattn.config import ReadOptions
from tsattn.errors import DataError
from tsattn.verbs import choose as room


def newest_of(monkeypatch: pytest.MonkeyPatch, refused: set[str]) -> Any:
    """The choice among models `old` and `new`, of which some are refused for a column that the data lacks."""

    def again(ref: Any, card: Any, data: Any, options: ReadOptions) -> Any:
        if ref.path in refused:
            raise DataError(f"no column 'temp', which {ref.path} wants")
        schema = SimpleNamespace(target=("y",))
        return SimpleNamespace(ref=ref, panel=SimpleNamespace(schema=schema), card=SimpleNamespace(schema=schema))

    monkeypatch.setattr(room, "_again", again)
    monkeypatch.setattr(room, "read_card", lambda path: None)
    refs = [SimpleNamespace(path="old"), SimpleNamespace(path="new")]
    workspace: Any = SimpleNamespace(latest=lambda: refs[-1], models=lambda: refs)
    return room._newest_that_fits(workspace, "data.csv", ReadOptions()).ref.path


def test_when_the_newest_model_wants_a_column_that_is_not_there_then_an_older_one_is_taken(monkeypatch):
    assert newest_of(monkeypatch, set()) == "new"
    assert newest_of(monkeypatch, {"new"}) == "old"


def test_when_no_model_can_read_the_data_then_the_newest_says_why(monkeypatch):
    with pytest.raises(DataError, match="which new wants"):
        newest_of(monkeypatch, {"new", "old"})
