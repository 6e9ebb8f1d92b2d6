"""Messy files: those that are read without options, and those that stop with a clear error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.data.messy import BAD, GOOD, path_of, write
from tsattn.config import ReadOptions
from tsattn.data.reading.read import read
from tsattn.errors import ConfigError, DataError, ExitCode


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("messy")
    write(path)
    return path


@pytest.mark.parametrize("name", GOOD)
def test_a_messy_file_is_read_for_what_it_is(folder: Path, name: str) -> None:
    one = GOOD[name]
    panel, report = read(path_of(folder, name, one), ReadOptions(**one.options))
    assert (panel.freq.alias, panel.item_ids, panel.tz) == (one.freq, one.items, one.tz)
    assert (report.rows, report.missing, report.first, report.last) == (one.rows, one.missing, one.first, one.last)
    if one.values is not None:
        np.testing.assert_array_equal(panel.history(0)[: len(one.values)], np.float32(one.values))
    found = " ".join(f"{f.what} {f.value} {f.flag}" for f in report.found)
    repaired = " ".join(f"{r.what} {r.where}" for r in report.repaired)
    assert [t for t in one.found if t not in found] == []
    assert [t for t in one.repaired if t not in repaired] == []


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_safe_to_guess_stops_with_an_error_that_says_where(folder: Path, name: str) -> None:
    one = BAD[name]
    with pytest.raises((DataError, ConfigError)) as stopped:
        read(path_of(folder, name, one), ReadOptions(**one.options))
    assert stopped.value.exit_code == (ExitCode.USAGE if one.usage else ExitCode.FAILED)
    text = f"{stopped.value.message}\n{stopped.value.hint}"
    assert [t for t in one.says if t not in text] == [], text
    if not one.usage:
        assert path_of(folder, name, one).name in text or "item" in text


def test_there_are_enough_kinds() -> None:
    assert len(GOOD) + len(BAD) >= 45


def test_when_a_long_line_below_the_sample_has_bytes_of_another_encoding_then_only_the_error_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", printed.append)
    lines = [b"step,y,z", *(f"{k},{k}.5,{k}".encode() for k in range(30_000))]
    lines[29_000] = b"x," * 60 + b"\xbd\xff"
    (tmp_path / "bad.csv").write_bytes(b"\n".join(lines) + b"\n")
    with pytest.raises(DataError, match=r"bad\.csv, line 29001: 61 fields where the header has 3"):
        read(str(tmp_path / "bad.csv"), ReadOptions())
    assert printed == []
