"""Tables of many columns of numbers: the reader of whole blocks gives what the general reader gives."""

import gzip

import numpy as np
import pytest

from tsattn.config import ReadOptions
from tsattn.data.reading import csv_tables, wide_numbers
from tsattn.data.reading.read import read
from tsattn.errors import DataError

COLUMNS, ROWS = wide_numbers.LEAST + 20, 14
RNG = np.random.default_rng(4)
AMOUNTS, COUNTS = RNG.normal(50, 20, (ROWS, COLUMNS)).round(2), RNG.poisson(9, (ROWS, COLUMNS))


def table(cell, *, separator=",", end="\n", head="day", extra=""):
    """Return the bytes of a table whose cells are made of row and column."""
    lines = [separator.join([head, *(f"shop_{k}" for k in range(COLUMNS))])]
    days = np.datetime64("2020-01-01") + np.arange(ROWS)
    lines += [separator.join([str(day), *(str(cell(r, c)) for c in range(COLUMNS))]) for r, day in enumerate(days)]
    return (end.join([*lines, extra] if extra else lines) + end).encode()


TAKEN = {
    "amounts": table(lambda r, c: AMOUNTS[r, c]),
    "counts": table(lambda r, c: COUNTS[r, c]),
    "amounts and counts in turn": table(lambda r, c: (AMOUNTS if c % 2 else COUNTS)[r, c]),
    "empty cells": table(lambda r, c: "" if (3 * r + c) % 7 == 0 else AMOUNTS[r, c]),
    "columns without a value": table(lambda r, c: "" if c % 9 == 4 else AMOUNTS[r, c]),
    "markers of missing values": table(lambda r, c: "NA" if (3 * r + c) % 7 == 0 else AMOUNTS[r, c]),
    "blanks around the numbers": table(lambda r, c: f" {AMOUNTS[r, c]} "),
    "lines of Windows": table(lambda r, c: AMOUNTS[r, c], end="\r\n"),
    "decimal commas": table(lambda r, c: str(AMOUNTS[r, c]).replace(".", ","), separator=";"),
    "a text beside the numbers": table(lambda r, c: "north" if c == 5 else AMOUNTS[r, c]),
    "zero below zero": table(lambda r, c: "-0" if r % 2 else -COUNTS[r, c]),
    "no line feed at the end": table(lambda r, c: AMOUNTS[r, c])[:-1],
    "empty lines": table(lambda r, c: AMOUNTS[r, c], end="\n\n", extra="\n\n"),
    "empty lines of Windows": table(lambda r, c: AMOUNTS[r, c], end="\r\n", extra="\r\n"),
    "no header": table(lambda r, c: AMOUNTS[r, c]).split(b"\n", 1)[1],
    "a byte order mark": b"\xef\xbb\xbf" + table(lambda r, c: AMOUNTS[r, c]),
    "a byte order mark and no header": b"\xef\xbb\xbf" + table(lambda r, c: AMOUNTS[r, c]).split(b"\n", 1)[1],
}
LEFT = {
    "quotes": table(lambda r, c: f'"{AMOUNTS[r, c]}"'),
    "counts that become amounts": table(lambda r, c: AMOUNTS[r, c] if r == ROWS - 1 and c == 7 else COUNTS[r, c]),
    "a marker in a column of counts": table(lambda r, c: "NA" if (3 * r + c) % 7 == 0 else COUNTS[r, c]),
    "codes of more than 15 digits": table(lambda r, c: 9007199254740993 + r if c == 3 else COUNTS[r, c]),
    "a count too large for a float": table(lambda r, c: 9007199254740993 if c == 3 and r == ROWS - 1 else COUNTS[r, c]),
    "a word among the numbers": table(lambda r, c: "oops" if c == 9 and r == ROWS - 2 else AMOUNTS[r, c]),
    "a line that is too short": table(lambda r, c: AMOUNTS[r, c], extra="2020-01-15,1,2"),
    "a note below the table": table(lambda r, c: AMOUNTS[r, c], extra="Source: the shops"),
    "a line of delimiters": table(lambda r, c: AMOUNTS[r, c], extra=",,,"),
    "two lines that are as long together as two rows": table(lambda r, c: AMOUNTS[r, c])
    + b"2020-01-15,1\n"
    + b"1," * (2 * COLUMNS - 1)
    + b"1\n",
    "an infinite value": table(lambda r, c: "inf" if c == 9 and r == 3 else AMOUNTS[r, c]),
}


def both(monkeypatch, path):
    """Return what the two readers make of a file, and True if the reader of blocks was the first one."""
    taken = []

    def spied(*given):
        taken.append(wide_numbers.wide_columns(*given))
        return taken[-1]

    def outcome():
        try:
            panel, report = read(path)
        except DataError as error:
            return str(error)
        arrays = [panel.indptr, panel.start, panel.target, panel.origin]
        said = {key: value for key, value in report.to_mapping().items() if key != "seconds"}
        return panel.item_ids, panel.freq, [(a.dtype, a.tobytes()) for a in arrays], said

    monkeypatch.setattr(csv_tables, "wide_columns", spied)
    found = outcome()
    monkeypatch.setattr(csv_tables, "wide_columns", lambda *_: None)
    return found, outcome(), bool(taken) and taken[0] is not None


@pytest.mark.parametrize("kind", TAKEN)
def test_a_wide_table_of_numbers_is_read_in_blocks_to_the_last_bit_as_by_the_general_reader(kind, tmp_path, monkeypatch):
    path = tmp_path / "wide.csv"
    path.write_bytes(TAKEN[kind])
    blocks, general, taken = both(monkeypatch, path)
    assert taken
    assert blocks == general


@pytest.mark.parametrize("kind", LEFT)
def test_what_is_no_plain_wide_table_is_left_to_the_general_reader(kind, tmp_path, monkeypatch):
    path = tmp_path / "wide.csv"
    path.write_bytes(LEFT[kind])
    blocks, general, _ = both(monkeypatch, path)
    assert blocks == general


def test_a_table_of_several_blocks_and_a_packed_one_are_read_whole(tmp_path, monkeypatch):
    plain, packed = tmp_path / "wide.csv", tmp_path / "wide.csv.gz"
    plain.write_bytes(TAKEN["amounts"])
    packed.write_bytes(gzip.compress(TAKEN["amounts"]))
    whole = read(plain)[0]
    original = wide_numbers.wide_columns
    monkeypatch.setattr(csv_tables, "wide_columns", lambda *given: original(*given[:-1], 3000))  # a line or two at once
    for path in (plain, packed):
        panel = read(path)[0]
        np.testing.assert_array_equal(panel.target, whole.target)
        assert panel.item_ids == whole.item_ids


def test_an_error_in_a_wide_table_names_the_line(tmp_path):
    path = tmp_path / "wide.csv"
    path.write_bytes(LEFT["an infinite value"])
    with pytest.raises(DataError, match=r"line 5, column 'shop_9': the value inf is infinite"):
        read(path)


def test_columns_of_a_wide_table_are_named_in_options_as_in_any_other(tmp_path):
    path = tmp_path / "wide.csv"
    path.write_bytes(TAKEN["a text beside the numbers"])
    panel, _ = read(path, ReadOptions(target=("shop_3", "shop_8")))
    assert panel.item_ids == ("shop_3", "shop_8")
    np.testing.assert_allclose(panel.history(1), AMOUNTS[:, 8], rtol=1e-6)
