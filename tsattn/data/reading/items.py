"""Columns that identify the series of a table: the fewest that distinguish the rows of one timestamp."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from itertools import combinations, islice

import numpy as np

from tsattn.data import arrow
from tsattn.data.name_parts import BETWEEN
from tsattn.data.names import listed, quoted, words
from tsattn.data.reading.column_blocks import fractional, where, whole
from tsattn.data.reading.columns import Column, Table, as_text
from tsattn.data.reading.name_shapes import names_that
from tsattn.data.reading.row_times import Clock
from tsattn.data.reading.time_names import says_only_time, says_time
from tsattn.data.report import Notes
from tsattn.errors import DataError

_ITEM_NAMES = (
    *("item_id", "unique_id", "series_id", "series", "item", "id", "symbol", "ticker", "sku", "product_id", "product"),
    *("store_id", "store", "shop", "station_id", "station", "sensor_id", "sensor", "device_id", "device", "meter_id", "meter"),
    *("customer_id", "customer", "household", "name", "key", "entity", "entity_id", "group", "country", "region", "state"),
    *("county", "city", "location", "location_id", "site", "site_id", "dept", "department", "family", "category", "variable"),
    *("stock", "company", "asset", "currency", "code", "ts_id", "metric", "indicator", "line", "route", "zone", "building_id"),
)
_COORDINATES = re.compile(r"lat(?:itude)?|lon(?:g|gitude)?|lng|x|y")
_RANKS = {name: k for k, name in reversed(list(enumerate(_ITEM_NAMES)))}
_MANY, _FEW_ROWS = 20, 3  # number of ids, and median rows per id, that indicate records and not series
_SPARSE = 0.05  # the same as a share of the timestamps, where rows with the same id still share timestamps
_LAST_CHANGE = 3  # latest hour of the day at which clocks are set back
_SURE = _ITEM_NAMES.index("symbol") + 2
# words in the name of a column of whole numbers that is a name, not an amount
_ID_WORDS = {
    *("id", "ids", "nbr", "nr", "no", "num", "number", "code", "key", "store", "shop", "branch", "outlet", "market", "warehouse"),
    *("material", "plant", "plnt", "werk", "werks", "matnr", "bukrs", "kunnr", "lgort", "vkorg"),
    *("sku", "plu", "ean", "upc", "article", "artikel", "product", "item", "filiale", "kunde", "tienda", "loja", "magasin"),
    *("sensor", "device", "meter", "station", "site", "line", "route", "zone", "dept", "department", "region", "cluster", "unit"),
}


def rank(name: str) -> int:
    """Rank a name as an item column: 0 is the most typical; unknown names get the number of all known names."""
    return _RANKS.get("_".join(words(name)), len(_ITEM_NAMES))


def is_item_name(name: str) -> bool:
    """Return True if a column of numbers with this name holds names of items."""
    return rank(name) < len(_ITEM_NAMES) or bool(set(words(name)) & _ID_WORDS)


def find_item(table: Table, clock: Clock | None, busy: set[str], numeric: list[str], notes: Notes) -> tuple[str, ...]:
    """Find the fewest columns that distinguish the rows of one timestamp: well-known names first, then texts and whole numbers.

    Raises DataError where two columns of unknown names would do so in different ways.
    """
    texts = [n for n, c in table.columns.others.items() if c.kind == "text" and n not in busy and not says_only_time(n)]
    counted = _whole(table, [n for n in numeric if n not in busy])
    timed = set(names_that(counted, says_time))
    counted = [n for n in counted if n not in timed]
    codes, numbers = set(names_that(counted, is_item_name)), set(numeric)
    named = {*texts, *codes}
    still = {n for n in named if rank(n) == len(_ITEM_NAMES) and not _changes(table.columns[n])}
    candidates = sorted(
        [n for n in table.columns if n in named],
        key=lambda n: (rank(n), n in still, n in codes and not set(words(n)) & _ID_WORDS),
    )
    candidates = [n for n in candidates if len(numeric) - (n in numbers) > 0][:8]
    known = [n for n in candidates if rank(n) < len(_ITEM_NAMES) and _repeats(table.columns[n])]
    if clock is None:
        return (known[0],) if known else ()
    rows = _window(clock.stamps)
    stamps = clock.stamps[rows]
    others = list(islice((n for n in counted if n not in candidates and len(numeric) > 1), 8))
    keys = {n: _codes(table.columns[n])[rows] for n in (*candidates, *others)}
    repeated_hours = {n for n, codes in keys.items() if _marks_repeated_hour(stamps, codes)}
    candidates, others = ([n for n in some if n not in repeated_hours] for some in (candidates, others))
    values = [table.columns[n].values[rows] for n in islice((n for n in numeric if n not in candidates), 4)]
    values += [keys[n] for n in candidates]
    alone = _conflicts(stamps, [], values)
    if alone <= 0.02 * len(stamps) and not (alone and known):
        # no rows need to be distinguished: only an unmistakable name, or a column that never changes, makes items
        sure = [n for n in known if table.columns[n].kind == "text" and (rank(n) < _SURE or not _changes(table.columns[n]))]
        return (sure[0],) if sure else ()
    repeated = [n for n in candidates if _repeats(table.columns[n])]
    balanced = [n for n in others if _repeats(table.columns[n])]
    found = _fewest(table, stamps, keys, values, repeated, balanced)
    if len(found) == 1 and table.columns[found[0]].missing.any():
        # an empty cell stands for the whole that another column names
        upper = next((n for n in candidates if n != found[0] and n in texts and not table.columns[n].missing.any()), None)
        found = (upper, *found) if upper else found
    found = found or _coordinates(table, stamps, rows, values)
    if found:
        _stop_at_records(table, clock.stamps, found)
        why = f"{alone:,} rows share a timestamp with a row that differs; none with one of the same item"
        notes.weigh("item", listed(found), why)
        return found
    best = [(n, _conflicts(stamps, [keys[n]], values)) for n in repeated]
    best = [(n, c) for n, c in best if c < 0.5 * alone]
    likely = (min(best, key=lambda pair: pair[1])[0],) if best else ()
    _stop_at_records(table, clock.stamps, likely, _SPARSE)
    return likely


def _marks_repeated_hour(stamps: np.ndarray, codes: np.ndarray) -> bool:
    """Return True for a flag of the hour that occurs twice when clocks are set back: set in one hour of a Sunday, at times that
    occur without it too."""
    first = codes == codes[0] if len(codes) else np.zeros(0, bool)
    if not len(codes) or first.all() or len(np.unique(codes)) != 2:
        return False
    rare = first if 2 * first.sum() < len(codes) else ~first
    flagged = np.unique(stamps[rare])
    days = flagged.astype("datetime64[D]")
    hours = np.unique(flagged.astype("datetime64[h]"))
    sundays = np.all(days.astype(np.int64) % 7 == 3)
    one_each = len(hours) == len(np.unique(days)) and np.all(
        (hours - hours.astype("datetime64[D]")).astype(np.int64) <= _LAST_CHANGE
    )
    return bool(sundays and one_each and np.isin(flagged, stamps[~rare]).all())


def _coordinates(table: Table, stamps: np.ndarray, rows: np.ndarray, values: list[np.ndarray]) -> tuple[str, ...]:
    """Return the columns of latitude and longitude, if the points that they name distinguish the rows of one timestamp."""
    found = [n for n in table.columns.numeric if _COORDINATES.fullmatch("".join(words(n)))]
    keys = [np.unique(table.columns[n].values[rows], return_inverse=True)[1] for n in found]
    return tuple(found) if len(found) == 2 and _conflicts(stamps, keys, values) == 0 else ()


def _stop_at_records(table: Table, stamps: np.ndarray, names: tuple[str, ...], share: float = 0.0) -> None:
    """Raise DataError where a column has many ids with few rows each, such as orders of customers.

    Few are one to three rows, or this share of the timestamps.
    """
    if len(names) != 1 or table.rows > 1_000_000:
        return
    ids, sizes = np.unique(_codes(table.columns[names[0]]), return_counts=True)
    times = len(np.unique(stamps))
    if len(ids) < _MANY or np.median(sizes) > max(_FEW_ROWS, share * times) or table.rows > 0.2 * len(ids) * times:
        return
    raise DataError(
        f"{table.where.parts[0][0]}: column {names[0]!r} would make {len(ids):,} series, half of them with at most "
        f"{int(np.median(sizes))} rows: the rows look like records, not series",
        f"add them up: --item none --resample D --agg sum; or keep the series: --item {quoted(names[0])}",
    )


def _fewest(
    table: Table, stamps: np.ndarray, keys: dict[str, np.ndarray], values: list[np.ndarray], names: list[str], numbers: list[str]
) -> tuple[str, ...]:
    """Return the fewest of `names` without a conflict, else with one of `numbers` whose items occur at nearly every time."""
    for size in (1, 2, 3):
        fitting = [c for c in combinations(names, size) if _conflicts(stamps, [keys[n] for n in c], values) == 0]
        if size == 1:
            _stop_at_two(table, [c[0] for c in fitting], keys)
        if fitting:
            return _in_order(table, fitting[0])
    for size in (0, 1):
        for some in combinations(names, size):
            for number in numbers:
                parts = [keys[n] for n in (*some, number)]
                if _is_balanced(stamps, parts) and _conflicts(stamps, parts, values) == 0:
                    return _in_order(table, (*some, number))
    return ()


def _in_order(table: Table, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(n for n in table.columns if n in names)


def _stop_at_two(table: Table, fitting: list[str], keys: dict[str, np.ndarray]) -> None:
    """Raise DataError where two columns of unknown names split the rows in different ways."""
    unknown = [n for n in fitting if rank(n) == len(_ITEM_NAMES)]
    if len(unknown) < 2 or len(unknown) < len(fitting):
        return
    one, two = keys[unknown[0]], keys[unknown[1]]
    joint = len(np.unique(one.astype(np.int64) * (int(two.max()) + 2) + two))
    if joint > max(len(np.unique(one)), len(np.unique(two))):
        raise DataError(
            f"{table.where.parts[0][0]}: {len(unknown)} columns could name the series: {listed(unknown)}",
            f"name one: --item {quoted(unknown[0])}",
        )


def _is_balanced(stamps: np.ndarray, keys: list[np.ndarray]) -> bool:
    """Return True if there are two or more items, no pair of item and time repeats, and most such pairs occur."""
    _, item = np.unique(np.stack(keys, 1), axis=0, return_inverse=True)
    _, time = np.unique(stamps, return_inverse=True)
    items, times = int(item.max()) + 1, int(time.max()) + 1
    pairs = len(np.unique(item.astype(np.int64).ravel() * times + time))
    return items > 1 and times > 2 and pairs == len(stamps) and pairs >= 0.8 * items * times


def filled_down(table: Table, busy: set[str]) -> tuple[Table, set[str]]:
    """Fill the cells of merged names from above; return the table and the columns that were filled.

    A column of merged cells holds each of its texts once, at the top of its rows.
    """
    done: dict[str, Column] = {}
    for name, column in table.columns.others.items():
        if name in busy or column.kind != "text" or column.labels is None or not len(column) or column.values[0] < 0:
            continue
        seen = column.values >= 0
        if seen.all() or seen.sum() != len(column.labels) or len(column.labels) < 2 or seen.sum() > len(column) / 2:
            continue
        last = np.maximum.accumulate(np.where(seen, np.arange(len(column)), 0))
        done[name] = replace(column, values=column.values[last])
    return table.with_columns(done), set(done)


def _whole(table: Table, names: list[str]) -> list[str]:
    """Return the columns that hold whole numbers; the first rows rule out most."""
    gone = set(where(table, names, fractional, slice(0, 10_000)))
    return where(table, [n for n in names if n not in gone], whole)


def _repeats(column: Column) -> bool:
    """Return True if a column's values repeat, as names of series do and row numbers do not."""
    distinct = len(column.labels) if column.labels is not None else len(np.unique(column.values))
    return distinct == 1 or distinct <= len(column) / 2


def _changes(column: Column) -> bool:
    return bool(np.any(column.values[1:] != column.values[:-1]))


def _codes(column: Column) -> np.ndarray:
    return column.values if column.kind == "text" else np.nan_to_num(column.values, nan=-1).astype(np.int64)


def _window(stamps: np.ndarray) -> np.ndarray:
    """Indices of the rows to test: all rows of a small table; in a big one, those of a short span of time, of all items."""
    if len(stamps) <= 1_000_000:
        return np.arange(len(stamps))
    some = stamps[:: len(stamps) // 10_000]
    ordered = np.sort(some)
    low, high = ordered[len(ordered) // 2], ordered[len(ordered) // 2 + len(ordered) // 50]
    return np.flatnonzero((stamps >= low) & (stamps <= high))[:2_000_000]


def _conflicts(stamps: np.ndarray, keys: list[np.ndarray], values: list[np.ndarray]) -> int:
    """Count the rows with the time and keys of another row that differ from it elsewhere."""
    order = np.lexsort([*keys, stamps])
    same = np.ones(max(len(order) - 1, 0), bool)
    for column in [stamps, *keys]:
        ordered = column[order]
        same &= ordered[1:] == ordered[:-1]
    differ = np.zeros(len(same), bool)
    at = np.flatnonzero(same)
    for column in values:
        one, two = column[order[at]], column[order[at + 1]]
        differ[at] |= (one != two) & (one == one) & (two == two)  # NaN (missing) is not a difference
    return int((same & differ).sum())


def items_of(table: Table, item: tuple[str, ...], fallback: str) -> tuple[np.ndarray, list[str]]:
    """Return (group (n,) int32, names) of the rows, in order of first appearance; several columns are joined by BETWEEN."""
    if not item:
        return np.zeros(table.rows, np.int32), [fallback]
    group, names = _item(table, table.columns[item[0]])
    for name in item[1:]:
        more, more_names = _item(table, table.columns[name], blank=True)
        joined = group.astype(np.int64) * len(more_names) + more
        keys, first, inverse = np.unique(joined, return_index=True, return_inverse=True)
        rank = np.argsort(np.argsort(first))
        pairs = [(names[k // len(more_names)], more_names[k % len(more_names)]) for k in keys[np.argsort(first)].tolist()]
        names = [f"{one}{BETWEEN}{two}" if two else one for one, two in pairs]
        group = rank[inverse].astype(np.int32)
    if len(set(names)) < len(names):
        twice = next(n for n, count in Counter(names).items() if count > 1)
        raise DataError(f"two different items would both be called {twice!r}", "name other columns with --item")
    return group, names


def _item(table: Table, column: Column, blank: bool = False) -> tuple[np.ndarray, list[str]]:
    """Return (group, names) of one column. blank: an empty cell names a whole, such as all cities of a region."""
    missing = column.missing
    if missing.any() and blank:
        return _item(table, _with_blank(column))
    if missing.any():
        row = int(np.flatnonzero(missing)[0])
        raise DataError(f"{table.where(row)}: no item in column {column.name!r}", "fill it in, or remove the row")
    if column.kind == "text" and column.labels is not None:
        used = np.bincount(column.values, minlength=len(column.labels)) > 0
        if used.all():
            return column.values, column.names()
        moved = np.cumsum(used) - 1
        return moved[column.values].astype(np.int32), [t for t, u in zip(column.names(), used, strict=True) if u]
    keys, first, inverse = np.unique(column.values, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    ordered = keys[np.argsort(first)]
    names = [f"{v:.15g}" if column.kind == "number" else str(v) for v in ordered]
    return rank[inverse].astype(np.int32), names


def _with_blank(column: Column) -> Column:
    """Return the column with "" in its empty cells."""
    text = as_text(column)
    codes = np.where(text.values < 0, len(text.texts()), text.values).astype(np.int32)
    spelt = None if text.spelt is None else arrow.strings([*text.spelt.to_pylist(), ""])
    return replace(text, values=codes, labels=arrow.strings([*text.texts(), ""]), spelt=spelt)
