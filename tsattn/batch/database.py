"""Databases through SQLAlchemy: read rows by a query; write forecasts in one transaction that replaces rows of the same key."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tsattn.batch.connections import transaction
from tsattn.batch.runs import LOCK_WAIT
from tsattn.batch.sqlite_times import is_text, keeps_offset, text, texts
from tsattn.data.output_formats import Tables
from tsattn.errors import DataError, TsattnError
from tsattn.forecasting.frame import is_quantile_name

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import Connection, Table

KEY = ("job", "item_id", "cutoff", "timestamp")
_CHUNK = 5000


def rows_of(url: str, query: str, retries: int, wait: float = LOCK_WAIT) -> pa.Table:
    """The rows of a query. Raises DataError when the database refuses, after `retries` attempts to reach it."""
    import pyarrow as pa

    def ask(connection: Connection) -> list[dict[str, Any]]:
        # as it stands: neither a : nor a % in it names a parameter
        asked = connection.execution_options(no_parameters=True).exec_driver_sql(query)
        names = list(asked.keys())
        if twice := next((name for i, name in enumerate(names) if name in names[:i]), None):
            raise DataError(f"the query gives two columns called {twice!r}", "rename one: SELECT … AS another_name")
        return [{k: _plain(v) for k, v in row.items()} for row in asked.mappings()]

    rows = transaction(url, retries, ask, wait, write=False)
    if not rows:
        raise DataError("the query gave no row")
    try:
        return pa.Table.from_pylist(rows)
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise DataError(f"the query's columns mix types: {error}", "cast them in the query") from None


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, decimal.Decimal) else value


def upsert(url: str, name: str, tables: Tables, retries: int, wait: float = LOCK_WAIT) -> int:
    """Write forecasts to a table in one transaction, and return how many rows.

    `tables` have the columns of KEY, quantiles, and what else is known of a row. Rows of the same key are replaced, steps
    that an earlier run wrote beyond them for the same item and cutoff are removed. The table is made when it is missing,
    and given the columns that it lacks. Raises DataError, after `retries` attempts to reach the database.
    """

    def write(connection: Connection) -> int:
        target: Any = None
        statement: Any = None
        sqlite = offset = False
        written = 0
        for table in tables():
            if target is None:
                sqlite = connection.dialect.name == "sqlite"
                offset = sqlite and keeps_offset(connection, name)
                target = _migrated(connection, name, table, offset)
                statement = _statement(connection, target, table.column_names)
            for part in table.to_batches(max_chunksize=_CHUNK):
                rows = _rows(part, sqlite, offset)
                _clear(connection, target, rows)
                connection.execute(statement, rows)
                written += len(rows)
        return written

    return transaction(url, retries, write, wait)


def good_rows(
    url: str, name: str, sought: tuple[str, Mapping[str, Any], Sequence[str]], retries: int, wait: float = LOCK_WAIT
) -> dict[str, int]:
    """Count the rows of each item from its cutoff that have all quantiles and are no fallbacks.

    sought: job, cutoffs (UTC, or numbers of steps) by item, names of quantiles. {} if the table or a quantile is missing.
    """
    import sqlalchemy as sa

    job, cutoffs, levels = sought

    def ask(connection: Connection) -> dict[str, int]:
        if not sa.inspect(connection).has_table(name):
            return {}
        target = sa.Table(name, sa.MetaData(), autoload_with=connection)
        if not {"fallback", *KEY, *levels} <= set(target.c.keys()):
            return {}
        bound = _binding(connection, target)
        good = [sa.not_(target.c.fallback), *(target.c[level].is_not(None) for level in levels)]
        rows = sa.select(sa.func.count()).select_from(target).where(target.c.job == job, *good)
        return {
            item: connection.execute(rows.where(target.c.item_id == item, target.c.cutoff == bound(cutoff))).scalar_one()
            for item, cutoff in cutoffs.items()
        }

    return transaction(url, retries, ask, wait, write=False)


@dataclass(frozen=True)
class Sought:
    """Forecasts to read back: of these items of a job, up to the timestamp `last` (UTC), at most `cutoffs` per item.

    horizon: steps that a cutoff has. before: maps the cutoff just read to the newest one to read next; None = any earlier one.
    """

    job: str
    items: Sequence[str]
    last: dt.datetime | int
    cutoffs: int
    horizon: int
    before: Callable[[Any], dt.datetime | int] | None = None


def stored(url: str, name: str, sought: Sought, retries: int) -> list[dict[str, Any]]:
    """Return the newest rows that match `sought`; [] if there is no table.

    Every query has an item, so that it reads a part of the primary key, however many rows the table has.
    """
    import sqlalchemy as sa

    def ask(connection: Connection) -> list[dict[str, Any]]:
        if not sa.inspect(connection).has_table(name):
            return []
        target = sa.Table(name, sa.MetaData(), autoload_with=connection)
        bound = _binding(connection, target)
        until = bound(sought.last)
        rows = sa.select(target).where(target.c.job == sought.job, target.c.timestamp <= until, target.c.cutoff < until)
        found: list[dict[str, Any]] = []
        for item in sought.items:
            mine = rows.where(target.c.item_id == item)
            if sought.before is None:
                mine = mine.order_by(target.c.cutoff.desc()).limit(sought.cutoffs * sought.horizon)
                found += map(dict, connection.execute(mine).mappings())
            else:
                found += _spread(connection, target, mine, sought, bound)
        return found

    return transaction(url, retries, ask, write=False)


def _binding(connection: Connection, target: Table) -> Callable[[dt.datetime | int], Any]:
    """Return a function that converts a moment (UTC, without a zone) to the type of the timestamps of a table."""
    kind = target.c.timestamp.type
    offset = is_text(kind) and keeps_offset(connection, target.name)

    def bound(moment: dt.datetime | int) -> Any:
        if not isinstance(moment, dt.datetime):
            return moment
        if is_text(kind):
            return text(moment, offset)
        return moment.replace(tzinfo=dt.UTC) if getattr(kind, "timezone", False) else moment

    return bound


def _spread(
    connection: Connection, target: Table, mine: Any, sought: Sought, bound: Callable[[dt.datetime | int], Any]
) -> Iterator[dict[str, Any]]:
    """Yield the rows of an item's cutoffs, one query a cutoff, each as long before the one read as `sought.before` says."""
    import sqlalchemy as sa

    assert sought.before is not None
    latest = bound(sought.last)
    for _ in range(sought.cutoffs):
        newest = mine.with_only_columns(sa.func.max(target.c.cutoff)).where(target.c.cutoff <= latest).scalar_subquery()
        rows = connection.execute(mine.where(target.c.cutoff == newest)).mappings().all()
        if not rows:
            return
        yield from map(dict, rows)
        latest = bound(sought.before(rows[0]["cutoff"]))


def _migrated(connection: Connection, name: str, table: pa.Table, offset: bool) -> Table:
    """Return the table as the database has it, made or widened so that it takes these columns.

    It has the quantiles of earlier runs too, which a row that is replaced must not keep.
    """
    import sqlalchemy as sa

    wanted = sa.Table(name, sa.MetaData(), *_columns(table, offset))
    there = widened(connection, wanted, KEY)
    for column in KEY:
        if column in there and _clock_of(there[column], connection) != _clock_of(wanted.c[column].type, connection):
            raise TsattnError(f"the table {name!r} has timestamps of another type", "name another one after the #")
    for column, kind in there.items():
        if column not in wanted.c and is_quantile_name(column):
            wanted.append_column(sa.Column(column, kind, quote=True))
    return wanted


def _clock_of(kind: Any, connection: Connection) -> tuple[bool, bool]:
    """Return (True for a column of numbers, True for one of instants where the database distinguishes these from local times)."""
    import sqlalchemy as sa

    return isinstance(kind, sa.Integer), connection.dialect.name != "sqlite" and bool(getattr(kind, "timezone", False))


def widened(connection: Connection, wanted: Table, key: tuple[str, ...] = ("number",)) -> dict[str, Any]:
    """Make a table, or add the columns that it lacks. Returns the earlier columns: types by name.

    Raises TsattnError for a table with another primary key, which serves another purpose.
    """
    import sqlalchemy as sa

    name = wanted.name
    if connection.dialect.name == "postgresql":  # two jobs may make one table at the same time
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"tsattn {name}"})
    inspector = sa.inspect(connection)
    if not inspector.has_table(name):
        wanted.create(connection)
        return {}
    if tuple(inspector.get_pk_constraint(name)["constrained_columns"]) != key:
        what = "one of forecasts" if key == KEY else "one of run records"
        raise TsattnError(f"the table {name!r} exists, and is not {what}", "name another one after the #")
    there = {column["name"]: column["type"] for column in inspector.get_columns(name)}
    quoted = connection.dialect.identifier_preparer
    for column in wanted.columns:
        if column.name not in there:
            kind = column.type.compile(connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {quoted.quote(name)} ADD COLUMN {quoted.quote(column.name)} {kind}")
    return there


def _columns(table: pa.Table, offset: bool) -> list[Any]:
    """Return the columns of a table in a database. offset: instants are texts with one."""
    import pyarrow as pa
    import sqlalchemy as sa

    made = []
    for field in table.schema:
        if pa.types.is_timestamp(field.type):
            zoned = field.type.tz is not None
            kind: Any = sa.Text() if zoned and offset else sa.DateTime(timezone=zoned)
        elif pa.types.is_floating(field.type):
            kind = sa.Double()
        elif pa.types.is_boolean(field.type):
            kind = sa.Boolean()
        else:
            kind = sa.BigInteger() if pa.types.is_integer(field.type) else sa.Text()
        made.append(sa.Column(field.name, kind, primary_key=field.name in KEY, autoincrement=False, quote=True))
    return made


def _rows(table: pa.RecordBatch, sqlite: bool, offset: bool) -> list[dict[str, Any]]:
    """Return bound values: quantiles in their shortest decimals; instants in UTC, in SQLite as texts with an `offset` or naive.

    Raises DataError for timestamps that no driver takes.
    """
    import pyarrow as pa

    names = [_bound(i) for i in range(table.num_columns)]
    columns = []
    for column in table.columns:
        if pa.types.is_timestamp(column.type) and column.type.tz is not None:
            column = column.cast(pa.timestamp("us", "UTC"))
            column = texts(column) if offset else column.cast(pa.timestamp("us")) if sqlite else column
        if pa.types.is_float32(column.type):
            columns.append([float(str(value)) for value in column.to_numpy().astype(np.float32)])
            continue
        try:
            columns.append(column.to_pylist())
        except (OverflowError, ValueError):
            raise DataError(
                "timestamps beyond the year 9999 cannot be written to a database",
                "check the dates of the input",
            ) from None
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _bound(number: int) -> str:
    return f"p{number}"  # a column's name, such as 0.1, is no name of a parameter


def _clear(connection: Connection, target: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Remove the steps of the same items and cutoffs that lie beyond those to be written."""
    import sqlalchemy as sa

    at = {name: _bound(number) for number, name in enumerate(target.columns.keys())}
    last: dict[tuple[Any, ...], Any] = {}
    for row in rows:
        last[tuple(row[at[k]] for k in KEY[:3])] = row[at["timestamp"]]  # an item's rows rise in time
    statement = target.delete().where(
        *(target.c[k] == sa.bindparam(f"b_{k}") for k in KEY[:3]), target.c.timestamp > sa.bindparam("b_timestamp")
    )
    values = [{**{f"b_{k}": v for k, v in zip(KEY, key, strict=False)}, "b_timestamp": end} for key, end in last.items()]
    if values:
        connection.execute(statement, values)


def _statement(connection: Connection, target: Table, names: Sequence[str]) -> Any:
    import sqlalchemy as sa
    from sqlalchemy.dialects import postgresql, sqlite

    insert: Any = (postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert)(target)
    insert = insert.values({target.c[name]: sa.bindparam(_bound(i), type_=target.c[name].type) for i, name in enumerate(names)})
    rest = {target.c[name]: insert.excluded[name] for name in names if name not in KEY}
    rest |= {column: sa.null() for column in target.columns if column.name not in names}
    return insert.on_conflict_do_update(index_elements=[target.c[k] for k in KEY], set_=rest)
