"""Columns to forecast: those that are blank in the future rows, else those chosen by their names."""

from __future__ import annotations

import re

import numpy as np

from tsattn.config import ReadOptions
from tsattn.data.names import listed, quoted, words
from tsattn.data.reading import column_blocks
from tsattn.data.reading.column_blocks import blocks, flags, where
from tsattn.data.reading.columns import Table
from tsattn.data.reading.debit_marks import PAIRS
from tsattn.data.reading.descriptive_columns import without, without_descriptions, without_descriptions_of_items
from tsattn.data.reading.footers import is_total, names_total
from tsattn.data.reading.name_shapes import all_shaped, names_that
from tsattn.data.reading.number_columns import no_number
from tsattn.data.reading.plans import FIRST, MOST_AHEAD, explain, is_plan, warn_of_values_ahead
from tsattn.data.reading.row_times import Clock
from tsattn.data.reading.target_names import TARGET_NAMES, are_siblings, is_covariate, plain, telling_names
from tsattn.data.reading.time_names import says_only_time, time_words
from tsattn.data.report import Notes
from tsattn.errors import DataError

_GRAND_TOTAL = re.compile(
    r"(?:grand|overall)[ _-]?total|gesamtergebnis|gesamtsumme|total g[ée]n[ée]ral|total geral|totale complessivo|eindtotaal|"
    r"suma końcowa|totalsumma|hovedtotal|celkový součet|общий итог|総計|总计",
    re.I,
)  # the names of a pivot table's last column in spreadsheets
_WORDS_OF_SUMS = {
    *(
        "total",
        "totals",
        "subtotal",
        "sub",
        "sum",
        "summe",
        "gesamt",
        "zwischensumme",
        "totale",
        "suma",
        "somme",
        "totaal",
        "razem",
    ),
    *("ergebnis", "insgesamt"),
}
_SIGN_WORDS = (
    "dbit/crdt debit/credit debet/credit débit/crédit debe/haber dare/avere dt/kt d/k"
    " soll/haben af/bij uit/in out/in +/- 借/贷 支出/收入 debet/kredit"
)
_SIGNS = [
    *({negative.lower(), positive.lower()} for negative, positive in PAIRS),
    *(set(pair.split("/")) for pair in _SIGN_WORDS.split()),
]
_LAST_WEEK, _UNNAMED, _YEAR = 53, re.compile(r"column_\d+"), re.compile(r"(?:19|20)\d\d")
_FEW_UNNAMED = 2  # columns of numbers without names that are read without a warning
_FEW_COUNTED = 10  # rows from which on a first column in equal steps is a counter
_FEW_AMOUNTS = 3  # columns of amounts that one column of signs may belong to


def find_target(
    table: Table, clock: Clock | None, numeric: list[str], item: tuple[str, ...], options: ReadOptions, notes: Notes
) -> tuple[str, ...]:
    """Return the target columns. Raises DataError where there is none, and where several columns of a long table qualify."""
    empty = where(table, numeric, column_blocks.empty)
    filled = without(numeric, empty)
    if not filled:
        raise no_number(table)
    if empty:
        notes.repair("empty columns left out", len(empty), repr(empty[0]))
    if len(filled) == 1:
        return tuple(filled)
    lone = len(item) == 1 and options.layout is None and _is_one_item(table, item[0])
    one = (bool(item) and not lone) or options.layout == "single"
    if clock is not None or options.timestamp == "none":  # a date, or a part of one, is never a target
        filled = without(filled, _parts_of_dates(table, filled)) or filled
    if clock is None and options.timestamp != "none":
        filled = _without_counter(table, filled, notes)
    filled = without_descriptions(table, filled, one, notes)
    filled = _without_totals(table, without_descriptions_of_items(table, filled, item, notes), notes)
    if options.layout != "wide" and (ahead := _blank_ahead(table, clock, filled)) is not None:
        blank, known = ahead
        if one or is_plan(table, clock, blank, known):
            return _of_blank(table, blank, known, one, notes)
        warn_of_values_ahead(table, clock, blank, known, notes)
    telling = telling_names(filled)
    if not one and not (lone and telling):
        return _wide(table, filled, telling, options, notes)
    if telling and _counts_beside_amounts(telling, filled):
        raise _several(table, [*without(filled, telling), *telling])
    if telling:
        notes.weigh("target", repr(telling[0]), "its name", listed(telling[1:]))
        return (telling[0],)
    if len(filled) == 1:
        return tuple(filled)
    if len(single := without(filled, _copies(table, filled))) == 1:
        return tuple(single)
    left = without(filled, [*names_that(filled, is_covariate), *where(table, filled, flags, FIRST)])
    if len(left) == 1 and not any(are_siblings(left[0], n) for n in without(filled, left)):
        notes.weigh("target", repr(left[0]), "the others are flags or have names of covariates")
        return tuple(left)
    if len(measured := without(filled, where(table, filled, flags, FIRST))) == 1:
        return tuple(measured)
    raise _several(table, filled)


def _parts_of_dates(table: Table, names: list[str]) -> list[str]:
    """Return the columns that are named as times only, without those that hold other numbers: power in kW, prices of DDD."""
    called = names_that(names, says_only_time)
    power = [n for n in called if "kw" in time_words(n) and not _may_be_weeks(table.columns[n].values)]
    return without(called, [*power, *where(table, without(called, power), _are_measured)])


def _may_be_weeks(values: np.ndarray) -> bool:
    """Return True if all numbers are whole and between 0 and 53."""
    seen = values[~np.isnan(values)]
    return bool(np.all(seen == np.round(seen)) and np.all((seen >= 0) & (seen <= _LAST_WEEK)))


def _are_measured(values: np.ndarray) -> np.ndarray:
    """Return (k,) where columns (k, n) are no part of a date: most numbers differ, have decimals, and do not rise throughout.

    A decimal hour comes again each day, and a decimal year rises.
    """
    found = np.zeros(len(values), bool)
    for k, column in enumerate(values):
        seen = column[~np.isnan(column)]
        decimal = np.mean(seen != np.round(seen)) > 0.5 if len(seen) >= _FEW_COUNTED else False
        found[k] = decimal and (np.diff(seen) < 0).any() and 2 * len(np.unique(seen)) > len(seen)
    return found


def _without_counter(table: Table, names: list[str], notes: Notes) -> list[str]:
    """Leave out the first column if it rises in equal whole steps, as a count of an unknown unit; used without timestamps."""
    first = next(iter(table.columns))
    if first not in names or len(names) < 2 or table.rows < _FEW_COUNTED:
        return names
    steps = np.diff(table.columns[first].values.astype(np.float64))
    if not (steps[0] >= 1 and np.all(steps == steps[0]) and steps[0] == np.round(steps[0])):
        return names
    notes.repair("column that counts steps left out; to forecast it, name it with --target", 1, repr(first))
    return [name for name in names if name != first]


def _several(table: Table, names: list[str]) -> DataError:
    likely = names_that(names, lambda n: bool({*words(n)} & {*TARGET_NAMES} - {"count", "cnt"}) and not is_covariate(n))
    return DataError(
        f"{table.where.parts[0][0]}: {len(names)} columns could be the target: {listed(names)}",
        f"name one or more: --target {quoted((likely or without(names, where(table, names, column_blocks.whole)) or names)[0])}",
    )


def _copies(table: Table, names: list[str]) -> list[str]:
    """Return the columns that hold the values of an earlier one, such as a rate per unit if every unit is 1."""
    found: list[str] = []
    for k, name in enumerate(names[:MOST_AHEAD]):
        values = table.columns[name].values
        if any(np.array_equal(values, table.columns[n].values, equal_nan=True) for n in without(names[:k], found)):
            found.append(name)
    return found


def _counts_beside_amounts(telling: list[str], names: list[str]) -> bool:
    """Return True if only a number of transactions has a usual name, beside gross or net amounts."""
    counted = all(plain(n) in ("count", "cnt") for n in telling)
    return counted and any(set(words(n)) & {"gross", "net", "brutto", "netto"} for n in names)


def _is_one_item(table: Table, name: str) -> bool:
    """Return True if a column names the same item in all rows."""
    values = table.columns[name].values
    return bool(np.all(values == values[0]))


def _without_totals(table: Table, names: list[str], notes: Notes) -> list[str]:
    """Leave out columns of sums: subtotals such as North Total beside North A and North B, and a pivot table's grand total."""
    called = names_that(names, names_total)
    gone: list[str] = []
    for name in called:
        group = {*words(name)} - _WORDS_OF_SUMS
        members = [n for n in without(names, called) if group and group <= {*words(n)}]
        if len(members) > 1 and _is_sum(table, name, members):
            gone.append(name)
    others = without(names, called if gone else [n for n in called if _GRAND_TOTAL.fullmatch(n.strip())])
    whole = [n for n in called if n not in gone and (_GRAND_TOTAL.fullmatch(n.strip()) or (gone and is_total(n)))]
    if len(whole) == 1 and len(others) > 0 and _is_sum(table, whole[0], others):
        gone.append(whole[0])
    if not gone:
        return names
    what = "a column of totals left out" if len(gone) == 1 else "columns of totals left out"
    are = f"column {gone[0]!r}, the sum of others" if len(gone) == 1 else f"{listed(gone)}, sums of others"
    notes.repair(what, len(gone), f"{are}; to forecast it, name it with --target")
    return without(names, gone)


def _is_sum(table: Table, name: str, members: list[str]) -> bool:
    """Return True if a column holds the sums of the others in each row."""
    total = table.columns[name].values.astype(np.float64)
    sums = np.zeros(table.rows)
    for _, values in blocks(table, members):
        sums += np.nansum(values.astype(np.float64), axis=0)
    return bool(np.allclose(np.nan_to_num(total), sums, rtol=1e-4, atol=1e-6))


def _blank_ahead(table: Table, clock: Clock | None, names: list[str]) -> tuple[list[str], list[str]] | None:
    """Return (columns that are blank in the newest rows, columns that are filled there); None unless there are both.

    Columns that are as often blank before, such as hourly values beside 15-minute ones, are filled.
    """
    stamps = np.arange(table.rows) if clock is None else clock.stamps
    if not len(stamps):
        return None
    newest = np.flatnonzero(stamps == stamps.max())
    blank = where(table, names, column_blocks.empty, newest)
    if blank and len(blank) < len(names):
        times = np.unique(stamps, return_inverse=True)[1]
        blank = [name for name in blank if not _is_between_values(table.columns[name].missing, times)]
    known = without(names, blank)
    return (blank, known) if blank and known else None


def _is_between_values(missing: np.ndarray, times: np.ndarray) -> bool:
    """Return True if the newest times without a value are fewer than usually lie between values. times: (n,) numbers from 0."""
    seen = np.zeros(times.max() + 1, bool)
    seen[times[~missing]] = True
    filled = np.flatnonzero(seen)
    return len(filled) > 2 and len(seen) - 1 - int(filled[-1]) < float(np.median(np.diff(filled)))


def check_names(table: Table, names: tuple[str, ...], clock: Clock | None, options: ReadOptions, notes: Notes) -> None:
    """Warn if columns without a header and timestamps are read as series, and if columns are named like years beside dates.

    Raises DataError for more such columns without a header than rows, since each row may be a series.
    """
    where = table.where.parts[0][0]
    unnamed = clock is None and options.timestamp is None and all_shaped(table.columns, _UNNAMED.fullmatch)
    if unnamed and len(names) > _FEW_UNNAMED:
        if len(names) > table.rows > 1:
            raise DataError(
                f"{where}: neither a header nor timestamps: each of the {len(names)} columns may be a series, or each of the "
                f"{table.rows} rows",
                "specify it: --timestamp none if the columns are series, --layout rows if the rows are",
            )
        notes.warn(
            f"{where}: neither a header nor timestamps: each of the {len(names)} columns is read as a series; "
            "if each row is one, set --layout rows"
        )
    years = [n for n in names if _YEAR.fullmatch(n.strip())] if clock is not None and not clock.counted else []
    if len(years) > 1:
        notes.warn(f"columns {listed(years)} are named like years, but the rows have dates: the dates of the rows are used")


def warn_of_signs(table: Table, names: tuple[str, ...], notes: Notes) -> None:
    """Warn of a column of debits and credits beside amounts that are never negative: their signs may be in that column."""
    numeric = set(table.columns.numeric)
    amounts = [n for n in names if n in numeric]
    unsigned = where(table, amounts, lambda values: np.asarray(~(values < 0).any(1)))
    for name, column in table.columns.others.items() if unsigned and len(names) <= _FEW_AMOUNTS else ():
        if column.kind == "text" and len(column.texts()) == 2 and {t.lower().rstrip(".") for t in column.texts()} in _SIGNS:
            notes.warn(
                f"column {name!r} may hold the signs of {unsigned[0]!r}, whose values are read as positive; "
                "if it does, write negative amounts with a minus sign"
            )


def _of_blank(table: Table, blank: list[str], known: list[str], one: bool, notes: Notes) -> tuple[str, ...]:
    chosen = blank
    if one and len(blank) > 1:
        chosen = telling_names(blank)[:1]
        if not chosen:
            raise _several(table, blank)
    notes.weigh("target", listed(chosen), f"blank in the newest rows, where {listed(known)} is filled", listed(known))
    return tuple(chosen)


def _wide(table: Table, filled: list[str], telling: list[str], options: ReadOptions, notes: Notes) -> tuple[str, ...]:
    """Return all columns but flags of holidays and the like; only the main one where all others are covariates or flags."""
    if options.layout == "wide":
        return tuple(filled)
    main = [n for n in telling if not is_covariate(n)]
    others = without(filled, main)
    if len(main) == 1 and explain(table, others):
        notes.weigh("target", repr(main[0]), "its name; the others have names of covariates", listed(others))
        return (main[0],)
    gone = where(table, names_that(filled, is_covariate), flags, FIRST)
    return tuple(without(filled, gone) or filled)
