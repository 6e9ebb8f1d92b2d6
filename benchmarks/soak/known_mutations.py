"""Tables whose truth is known, mutated as tools and people mutate them: each is read as what it is, or refused."""

from __future__ import annotations

import csv
import gzip
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.soak.campaign import Harm

_STEPS = {"D": ("2023-03-05", "D"), "h": ("2023-03-05T00", "h"), "MS": ("2015-01", "M"), "15min": ("2023-03-05T00:00", "m")}
_DATES = ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d %b %Y", "%Y%m%d", "%Y/%m/%d", "%d-%b-%y", "%A, %B %d, %Y")
_MARKS = ((".", ""), (",", ""), (".", ","), (",", "."), (",", " "), (".", "'"))
_MISSING = ("", "NA", "NaN", "-", "unavailable", "***", "#N/A", "..")


@dataclass
class Table:
    """A table that is still rows, and its truth. values: (S, N), NaN = missing. rows: [item, row of the truth]."""

    freq: str
    layout: str
    names: list[str]
    stamps: np.ndarray
    values: np.ndarray
    rows: list[tuple[int, int]]
    delimiter: str = ","
    marks: tuple[str, str] = (".", "")
    dates: str = "%Y-%m-%d"
    missing: str = ""
    cells: dict[tuple[int, int], str] = field(default_factory=dict)  # cells that are written otherwise
    text: list[Callable[[str], str]] = field(default_factory=list)
    refused: str = ""  # why the table must be refused
    encoding: str = "utf-8"


def case(dice: random.Random, folder: Path) -> str:
    """Make a table, mutate it one to three times, and compare what is read with the truth."""
    from tsattn.config import ReadOptions
    from tsattn.data.reading.read import read
    from tsattn.errors import TsattnError

    table = _made(dice)
    chosen = dice.sample(list(MUTATIONS), dice.choice([1, 1, 2, 3]))
    for name in chosen:
        MUTATIONS[name](dice, table)
    content = _written(table).encode(table.encoding)
    path = folder / ("data.csv.gz" if "packed" in chosen else "data.csv")
    path.write_bytes(gzip.compress(content) if "packed" in chosen else content)
    try:
        panel, _ = read(path, ReadOptions())
    except TsattnError:
        return "refused"
    if table.refused:
        raise Harm(f"{chosen}: read although {table.refused}")
    _compare(table, panel, f"{chosen} of {table.layout} {table.freq}")
    return "read"


def _made(dice: random.Random) -> Table:
    freq, layout = dice.choice(list(_STEPS)), dice.choice(["single", "single", "wide", "long"])
    size = dice.choice([40, 100, 400])
    start, unit = _STEPS[freq]
    step = 15 if unit == "m" else 1
    stamps = (np.datetime64(start, unit) + step * np.arange(size)).astype("datetime64[s]")
    rng = np.random.default_rng(dice.randrange(2**32))
    level, digits = dice.choice([(4.0, 2), (300.0, 1), (950.0, 0), (30_000.0, 2), (2_000_000.0, 0)])
    names = ["north", "south", "east"][: 1 if layout == "single" else dice.randint(2, 3)]
    season = 1 + 0.2 * np.sin(np.arange(size) * 2 * np.pi / 7)
    values = np.round(level * season * (1 + 0.05 * rng.standard_normal((len(names), size))), digits)
    made = Table(freq, layout, names, stamps, values, [])
    made.rows = [(item, k) for item in range(len(names) if layout == "long" else 1) for k in range(size)]
    return made


def _written(table: Table) -> str:
    digits = next(
        d for d in range(4) if np.allclose(np.nan_to_num(table.values), np.round(np.nan_to_num(table.values), d), atol=1e-9)
    )

    def number(item: int, k: int) -> str:
        if (item, k) in table.cells:
            return table.cells[item, k]
        value = table.values[item, k]
        if np.isnan(value):
            return table.missing
        decimal, thousands = table.marks
        text = f"{value:,.{digits}f}".translate({44: thousands, 46: decimal})
        return f'"{text}"' if table.delimiter in text else text

    def date(k: int) -> str:
        text = table.stamps[k].item().strftime(table.dates + (" %H:%M" if table.freq in ("h", "15min") else ""))
        return f'"{text}"' if table.delimiter in text else text

    if table.layout == "long":
        lines = [["shop", "date", "sales"], *([table.names[i], date(k), number(i, k)] for i, k in table.rows)]
    else:
        lines = [["date", *table.names], *([date(k), *(number(i, k) for i in range(len(table.names)))] for _, k in table.rows)]
    text = "".join(table.delimiter.join(line) + "\n" for line in lines)
    for change in table.text:
        text = change(text)
    return text


def _compare(table: Table, panel: object, what: str) -> None:
    from tsattn.data.panel import Panel

    assert isinstance(panel, Panel)
    there = sorted({k for _, k in table.rows})
    wanted = np.full_like(table.values, np.nan)
    for item, k in table.rows:
        wanted[item if table.layout == "long" else slice(None), k] = table.values[
            item if table.layout == "long" else slice(None), k
        ]
    if len(panel) != len(table.names):
        raise Harm(f"{what}: {len(panel)} series, not {len(table.names)}")
    for item, name in enumerate(table.names):
        at = panel.item_ids.index(name) if name in panel.item_ids else item
        seen = np.flatnonzero(~np.isnan(wanted[item]))
        found = {
            np.datetime64(stamp, "s"): value
            for stamp, value in zip(
                panel.freq.advance(np.repeat(panel.start[at], panel.lengths[at]), np.arange(panel.lengths[at])),
                panel.history(at),
                strict=True,
            )
            if not np.isnan(value)
        }
        missing = [table.stamps[k] for k in seen if table.stamps[k] not in found]
        if missing or len(found) != len(seen):
            raise Harm(f"{what}: {name} has {len(found)} values, not {len(seen)}; {missing[:2]} lost; rows {there[:2]}")
        wrong = [k for k in seen if not np.isclose(found[table.stamps[k]], wanted[item, k], rtol=1e-5)]
        if wrong:
            k = wrong[0]
            raise Harm(f"{what}: {name} {table.stamps[k]} is {found[table.stamps[k]]}, not {wanted[item, k]}")


def _delimiter(dice: random.Random, table: Table) -> None:
    table.delimiter = dice.choice([";", "\t", "|"])


def _numbers(dice: random.Random, table: Table) -> None:
    table.marks = dice.choice(_MARKS)
    table.delimiter = dice.choice([";", table.delimiter]) if table.marks[0] == "," else table.delimiter


def _date_format(dice: random.Random, table: Table) -> None:
    table.dates = dice.choice(_DATES)


def _shuffled(dice: random.Random, table: Table) -> None:
    dice.shuffle(table.rows)


def _reversed(dice: random.Random, table: Table) -> None:
    table.rows.reverse()


def _rotated(dice: random.Random, table: Table) -> None:
    at = dice.randrange(1, len(table.rows))
    table.rows[:] = [*table.rows[at:], *table.rows[:at]]


def _late_row(dice: random.Random, table: Table) -> None:
    row = table.rows.pop(dice.randrange(len(table.rows)))
    table.rows.insert(dice.randrange(len(table.rows)), row)


def _duplicates(dice: random.Random, table: Table) -> None:
    for _ in range(dice.randint(1, 4)):
        table.rows.insert(dice.randrange(len(table.rows)), dice.choice(table.rows))


def _contradiction(dice: random.Random, table: Table) -> None:
    """A row with a timestamp that is there, and another value."""
    table.refused = "two rows contradict each other"

    def change(text: str) -> str:
        lines = text.splitlines()
        rows = list(csv.reader(lines, delimiter=table.delimiter))
        sound = [k for k, row in enumerate(rows) if k and row[-1][:1].isdigit()]
        mark = table.delimiter
        cells = [f'"{cell}"' if mark in cell else cell for cell in rows[dice.choice(sound)]]
        return "\n".join([*lines, mark.join([*cells[:-1], "7"])]) + "\n"

    table.text.insert(0, change)


def _gaps(dice: random.Random, table: Table) -> None:
    for _ in range(dice.randint(1, 6)):
        if len(table.rows) > 30:
            del table.rows[dice.randrange(1, len(table.rows) - 1)]


def _holes(dice: random.Random, table: Table) -> None:
    table.missing = dice.choice(_MISSING)
    for _ in range(dice.randint(1, 6)):
        table.values[dice.randrange(len(table.names)), dice.randrange(1, len(table.stamps) - 1)] = np.nan


def _sentinels(dice: random.Random, table: Table) -> None:
    code = dice.choice(["-9999", "-999", "-99999"])
    for _ in range(dice.randint(3, 8)):
        at = dice.randrange(len(table.names)), dice.randrange(1, len(table.stamps) - 1)
        table.values[at] = np.nan
        table.cells[at] = code


def _title(dice: random.Random, table: Table) -> None:
    title = dice.choice(["Sales report", '# exported 2024-01-01 by "ERP"', "Report;2024", "Plant 7\n\nHourly values"])
    table.text.append(lambda text: f"{title}\n{text}")


def _footer(dice: random.Random, table: Table) -> None:
    note = dice.choice(["Source: ERP system", "# end of export", "Total", "(c) Statistics office, 2024: all rights reserved"])

    def change(text: str) -> str:
        sums = table.delimiter * len(table.names) + "1" if note == "Total" and table.layout != "long" else ""
        return f"{text}{note}{sums}\n"

    table.text.append(change)


def _units(dice: random.Random, table: Table) -> None:
    def change(text: str) -> str:
        units = table.delimiter.join(["", *["kWh"] * len(table.names)])
        return text.replace("\n", f"\n{units}\n", 1)

    if table.layout != "long":
        table.text.insert(0, change)


def _line_ends(dice: random.Random, table: Table) -> None:
    table.text.append(lambda text: text.replace("\n", "\r\n"))


def _blank_lines(dice: random.Random, table: Table) -> None:
    table.text.append(lambda text: text.replace("\n", "\n\n", dice.randint(1, 9)))


def _trailing(dice: random.Random, table: Table) -> None:
    table.text.append(lambda text: "".join(f"{line}{table.delimiter}\n" for line in text.splitlines()))


def _encoded(dice: random.Random, table: Table) -> None:
    table.encoding = dice.choice(["utf-8-sig", "utf-16", "cp1252"])


def _spaces(dice: random.Random, table: Table) -> None:
    table.text.append(_lines_with(lambda line: line if '"' in line else line.replace(table.delimiter, f"{table.delimiter} ")))


def _lines_with(change: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: "\n".join(map(change, text.split("\n")))


def _counter(dice: random.Random, table: Table) -> None:

    def change(text: str) -> str:
        lines, mark = text.splitlines(), table.delimiter
        return "\n".join([mark + lines[0], *(f"{k}{mark}{line}" for k, line in enumerate(lines[1:]))]) + "\n"

    table.text.insert(0, change)


def _quoted(dice: random.Random, table: Table) -> None:
    def change(line: str) -> str:
        mark = table.delimiter
        return line if not line or '"' in line else mark.join(f'"{cell}"' for cell in line.split(mark))

    table.text.append(_lines_with(change))


def _packed(dice: random.Random, table: Table) -> None:
    """The file is compressed when it is written."""


MUTATIONS: dict[str, Callable[[random.Random, Table], None]] = {
    "delimiter": _delimiter,
    "marks": _numbers,
    "dates": _date_format,
    "shuffled": _shuffled,
    "reversed": _reversed,
    "rotated": _rotated,
    "late row": _late_row,
    "duplicates": _duplicates,
    "contradiction": _contradiction,
    "gaps": _gaps,
    "holes": _holes,
    "sentinels": _sentinels,
    "title": _title,
    "footer": _footer,
    "units": _units,
    "line ends": _line_ends,
    "blank lines": _blank_lines,
    "trailing delimiters": _trailing,
    "encoding": _encoded,
    "spaces": _spaces,
    "counter": _counter,
    "quoted": _quoted,
    "packed": _packed,
}
