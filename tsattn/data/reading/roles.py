"""Which column is the item, which are targets, which are covariates, and which layout that makes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from tsattn.config import ReadOptions
from tsattn.data.names import did_you_mean, listed, quoted, words
from tsattn.data.panel import Schema
from tsattn.data.reading.columns import Column, Table
from tsattn.data.reading.numbers import as_numbers
from tsattn.data.reading.row_times import Clock
from tsattn.data.reading.time_names import timestamp_names
from tsattn.data.report import Notes
from tsattn.errors import ConfigError, DataError

_ITEM_NAMES = (
    *("item_id", "unique_id", "series_id", "series", "item", "id", "symbol", "ticker", "sku", "product_id", "product"),
    *("store_id", "store", "shop", "station_id", "station", "sensor_id", "sensor", "device_id", "device", "meter_id", "meter"),
    *("customer_id", "customer", "household", "name", "key", "entity", "entity_id", "group", "country", "region", "state"),
    *("county", "city", "location", "location_id", "site", "site_id", "dept", "department", "family", "category", "variable"),
    *("stock", "company", "asset", "currency", "code", "ts_id", "metric", "indicator", "line", "route", "zone", "building_id"),
)
_SURE = _ITEM_NAMES.index("symbol") + 2
_TARGET_NAMES = (
    *("target", "y", "value", "values", "close", "adj_close", "price", "sales", "demand", "load", "consumption", "quantity"),
    *("units", "count", "cnt", "amount", "volume_sold", "revenue", "passengers", "traffic", "power", "energy", "cases", "ot"),
)
_INDEX_NAMES = {"", "index", "unnamed_0", "rownames", "row", "row_id", "no", "nr", "column_1", "obs", "id", "level_0"}


@dataclass(frozen=True)
class Roles:
    """item, target, past, known, static: column names. layout: "single", "wide" or "long"."""

    item: tuple[str, ...]
    target: tuple[str, ...]
    layout: str


def with_schema(options: ReadOptions, schema: Schema | None, table: Table) -> ReadOptions:
    """Options that ask for the columns of a schema, where the user named none and the table has them.

    Covariates are asked for in any case, since a model needs them: DataError names a missing one.
    """
    if schema is None:
        return options
    here = table.columns

    def known(names: tuple[str, ...]) -> tuple[str, ...]:
        return names if names and all(n in here for n in names) else ()

    for role in ("past", "known", "static"):
        for name in getattr(schema, role):
            if name not in here:
                raise DataError(
                    f"{table.where.parts[0][0]}: no column {name!r}, a {role} covariate that the model was trained with",
                    f"add it; columns: {listed(here)}",
                )
    targets = tuple(n for n in schema.target if n in here)
    return replace(
        options,
        item=options.item or known(schema.item),
        target=options.target or targets,
        past=options.past or schema.past,
        known=options.known or schema.known,
        static=options.static or schema.static,
    )


def check_options(options: ReadOptions, table: Table) -> None:
    """Raise ConfigError for an option that names no column, or one column in two roles."""
    roles = {
        "item": options.item,
        "target": options.target,
        "past": options.past,
        "known": options.known,
        "static": options.static,
    }
    taken = dict.fromkeys(timestamp_names(options.timestamp, table.columns), "timestamp")
    for role, names in roles.items():
        for name in names:
            if name not in table.columns:
                raise ConfigError(f"--{role} {quoted(name)}: no such column", did_you_mean(name, table.columns))
            if name in taken:
                raise ConfigError(f"column {name!r} is asked for as {taken[name]} and as {role}", "name it once")
            taken[name] = role
    if options.layout not in (None, "long", "wide", "single", "year-month", "rows"):
        raise ConfigError(f"--layout must be long, wide, single, year-month or rows, not {options.layout!r}")


def drop_index(table: Table, keep: set[str], notes: Notes) -> Table:
    """Without a first column that only counts the rows."""
    name = next(iter(table.columns))
    column = table.columns[name]
    if (
        name in keep
        or column.kind != "number"
        or "_".join(words(name)) not in _INDEX_NAMES
        or len(table.columns) < 2
        or table.rows < 2
    ):
        return table
    if len(table.columns) == 2 and column.name not in ("", "column_1") and "_".join(words(name)) in ("id",):
        return table
    values = column.values
    if values[0] not in (0, 1) or not np.array_equal(values, values[0] + np.arange(len(values))):
        return table
    notes.repair("column that only counts the rows left out", 1, repr(name))
    return Table({n: c for n, c in table.columns.items() if n != name}, table.rows, table.where)


def find_roles(table: Table, clock: Clock | None, options: ReadOptions, decimal: str, notes: Notes) -> tuple[Roles, Table]:
    """Decide the roles; the table comes back with its number-like texts as numbers.

    Raises DataError when there is no numeric column, or several in a long table and no telling name.
    """
    busy = {*((*clock.columns, *clock.also) if clock else ()), *options.item, *options.past, *options.known, *options.static}
    table = _numbered(table, busy, options, decimal, notes)
    derived = _calendar_copies(table, clock, busy) if clock else set()
    numeric = [n for n, c in table.columns.items() if c.kind == "number" and n not in busy and n not in derived]
    if options.item:
        item = options.item
    elif options.layout in ("wide", "single"):
        item = ()
    else:
        item = _find_item(table, clock, busy | derived | set(options.target), options, numeric)
    numeric = [n for n in numeric if n not in item]
    target = options.target or _find_target(table, numeric, item, options, notes)
    layout = "long" if item else "wide" if len(target) > 1 else "single"
    if options.layout == "long" and not item:
        raise ConfigError("--layout long: no item column was found", f"name it with --item; columns: {listed(table.columns)}")
    if not any(f.what == "layout" for f in notes.found):
        notes.find("layout", layout, "--layout")
    if item:
        notes.find("item", " and ".join(f"column {n!r}" for n in item), "--item")
    shown = f"column{'s' if len(target) > 1 else ''} {listed(target)}"
    notes.find("target", shown if len(target) <= 8 else f"{len(target)} columns, {target[0]!r} to {target[-1]!r}", "--target")
    for role in ("past", "known", "static"):
        if names := getattr(options, role):
            notes.find(f"{role} covariates", listed(names), f"--{role}")
    used = busy | set(item) | set(target)
    unused = [n for n in table.columns if n not in used]
    if derived & set(unused):
        notes.find("calendar columns", f"{listed(sorted(derived))} repeat the timestamp: not used")
    if other := [n for n in unused if n not in derived]:
        notes.find("not used", listed(other), f"--past {quoted(other[0])}")
    return Roles(item, target, layout), table


def _numbered(table: Table, busy: set[str], options: ReadOptions, decimal: str, notes: Notes) -> Table:
    """Texts that are numbers become numbers; a target that was named may hold a few texts that are none: an error names them."""
    columns = dict(table.columns)
    for name, column in table.columns.items():
        if column.kind != "text" or (name in busy and name not in (*options.past, *options.known, *options.static)):
            continue
        wanted = name in options.target
        numbers = as_numbers(column, decimal, tolerance=0.999 if wanted else 0.2)
        if numbers is None:
            if wanted:
                row = int(np.flatnonzero(~column.missing)[0])
                raise DataError(
                    f"{table.where(row)}, column {name!r}: {column.text_at(row)[:40]!r} is no number", "name another --target"
                )
            continue
        if numbers.bad is not None:
            texts = {column.text_at(int(r)) for r in np.flatnonzero(np.isnan(numbers.column.values) & ~column.missing)[:2000]}
            if not wanted and (_looks_like_names(column, numbers.column) or len(texts) > 20):
                continue
            raise DataError(
                f"{table.where(numbers.bad)}, column {name!r}: {column.text_at(numbers.bad)[:40]!r} is no number",
                "mend that line, or leave it empty when the value is missing",
            )
        if _is_code(column, numbers.done) and not wanted:
            continue
        columns[name] = numbers.column
        for what in numbers.done:
            notes.repair(f"{what} taken off", len(column), f"column {name!r}")
    return Table(columns, table.rows, table.where)


def _looks_like_names(text: Column, numbers: Column) -> bool:
    """Whether a column of numbers and other texts is rather names: few numbers among the rows."""
    seen = ~text.missing
    return bool(np.isnan(numbers.values[seen]).mean() > 0.2)


def _is_code(column: Column, done: tuple[str, ...]) -> bool:
    """Numbers such as 007 or 123456789012345678 are names."""
    texts = column.labels.slice(0, 100).to_pylist() if column.labels is not None else []
    digits = [t for t in texts if t.isdigit()]
    return not done and bool(digits) and (any(len(t) > 15 or (len(t) > 1 and t[0] == "0") for t in digits))


def _calendar_copies(table: Table, clock: Clock, busy: set[str]) -> set[str]:
    """Columns such as "year" or "hour" that say again what the timestamp says."""
    if clock.counted or not table.rows:
        return set()
    some = slice(0, 100_000)
    stamps = clock.stamps[some]
    day = stamps.astype("datetime64[D]")
    month = stamps.astype("datetime64[M]")
    parts = {
        "year": stamps.astype("datetime64[Y]").astype(np.int64) + 1970,
        "month": month.astype(np.int64) % 12 + 1,
        "day": (day - month.astype("datetime64[D]")).astype(np.int64) + 1,
        "hour": (stamps - day).astype(np.int64) // 3_600_000_000,
        "minute": (stamps - day).astype(np.int64) // 60_000_000 % 60,
        "quarter": month.astype(np.int64) % 12 // 3 + 1,
        "dayofweek": (day.astype(np.int64) + 3) % 7,
        "weekday": (day.astype(np.int64) + 3) % 7,
    }
    found = set()
    for name, column in table.columns.items():
        part = parts.get("".join(words(name)))
        if part is None or name in busy or column.kind != "number":
            continue
        if any(np.array_equal(column.values[some], part + shift) for shift in ((0, 1) if np.ptp(part) else (0,))):
            found.add(name)
    return found


def _rank(name: str) -> int:
    plain = "_".join(words(name))
    return _ITEM_NAMES.index(plain) if plain in _ITEM_NAMES else len(_ITEM_NAMES)


def _find_item(table: Table, clock: Clock | None, busy: set[str], options: ReadOptions, numeric: list[str]) -> tuple[str, ...]:
    """The fewest columns that tell apart the rows of one timestamp; well-known names first."""
    texts = [n for n, c in table.columns.items() if c.kind == "text" and n not in busy]
    codes = [n for n in numeric if n not in busy and (_rank(n) < len(_ITEM_NAMES)) and _is_whole(table.columns[n])]
    candidates = sorted([*texts, *codes], key=lambda n: (_rank(n), list(table.columns).index(n)))
    candidates = [n for n in candidates if len(numeric) - (n in numeric) > 0][:8]
    if clock is None:
        named = [n for n in candidates if _rank(n) < len(_ITEM_NAMES) and _repeats(table.columns[n])]
        return (named[0],) if named else ()
    if not candidates:
        return ()
    rows = _window(clock.stamps)
    stamps = clock.stamps[rows]
    keys = {n: _codes(table.columns[n])[rows] for n in candidates}
    values = [table.columns[n].values[rows] for n in numeric if n not in candidates][:4] + list(keys.values())
    alone = _conflicts(stamps, [], values)
    named = [n for n in candidates if _rank(n) < len(_ITEM_NAMES) and _repeats(table.columns[n])]
    if alone <= 0.02 * len(stamps) and not (alone and named):
        # nothing needs telling apart: only an unmistakable name, or a name that never changes, makes items
        sure = [n for n in named if table.columns[n].kind == "text" and (_rank(n) < _SURE or not _changes(table.columns[n]))]
        return (sure[0],) if sure else ()
    for size in (1, 2, 3):
        for names in combinations([n for n in candidates if _repeats(table.columns[n])], size):
            if _conflicts(stamps, [keys[n] for n in names], values) == 0:
                return names
    best = [(n, _conflicts(stamps, [keys[n]], values)) for n in candidates if _repeats(table.columns[n])]
    best = [(n, c) for n, c in best if c < 0.5 * alone]
    return (min(best, key=lambda pair: pair[1])[0],) if best else ()


def _is_whole(column: Column) -> bool:
    seen = column.values[~np.isnan(column.values)]
    return len(seen) > 0 and bool(np.all(seen == np.round(seen)))


def _repeats(column: Column) -> bool:
    """Whether a column's values come again, as names of series do and row numbers do not."""
    distinct = len(column.labels) if column.labels is not None else len(np.unique(column.values))
    return distinct == 1 or distinct <= len(column) / 2


def _changes(column: Column) -> bool:
    return bool(np.any(column.values[1:] != column.values[:-1]))


def _codes(column: Column) -> np.ndarray:
    return column.values if column.kind == "text" else np.nan_to_num(column.values, nan=-1).astype(np.int64)


def _window(stamps: np.ndarray) -> np.ndarray:
    """Rows to judge by: all of a small table; of a big one those of a short span of time, every item's."""
    if len(stamps) <= 1_000_000:
        return np.arange(len(stamps))
    some = stamps[:: len(stamps) // 10_000]
    ordered = np.sort(some)
    low, high = ordered[len(ordered) // 2], ordered[len(ordered) // 2 + len(ordered) // 50]
    return np.flatnonzero((stamps >= low) & (stamps <= high))[:2_000_000]


def _conflicts(stamps: np.ndarray, keys: list[np.ndarray], values: list[np.ndarray]) -> int:
    """How many rows have the time and keys of another row, but differ from it elsewhere."""
    order = np.lexsort([*keys, stamps])
    same = np.ones(max(len(order) - 1, 0), bool)
    for column in [stamps, *keys]:
        ordered = column[order]
        same &= ordered[1:] == ordered[:-1]
    differ = np.zeros(len(same), bool)
    at = np.flatnonzero(same)
    for column in values:
        one, two = column[order[at]], column[order[at + 1]]
        differ[at] |= (one != two) & (one == one) & (two == two)  # nan, missing, differs from nothing
    return int((same & differ).sum())


def _find_target(table: Table, numeric: list[str], item: tuple[str, ...], options: ReadOptions, notes: Notes) -> tuple[str, ...]:
    where = table.where.parts[0][0]
    filled = [n for n in numeric if not table.columns[n].missing.all()]
    if not filled:
        raise DataError(
            f"{where}: no numeric column to forecast",
            f"columns: {listed(table.columns)}; name one with --target, and the rest as needed",
        )
    if len(filled) < len(numeric):
        empty = [n for n in numeric if n not in filled]
        notes.repair("empty columns left out", len(empty), repr(empty[0]))
    if len(filled) == 1 or (not item and options.layout != "single"):
        return tuple(filled)
    telling = sorted(
        (n for n in filled if "_".join(words(n)) in _TARGET_NAMES), key=lambda n: _TARGET_NAMES.index("_".join(words(n)))
    )
    if telling:
        return (telling[0],)
    raise DataError(
        f"{where}: {len(filled)} columns could be the target: {listed(filled)}", f"name one or more: --target {quoted(filled[0])}"
    )
