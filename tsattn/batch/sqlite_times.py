"""Zoned timestamps in SQLite, which has no type for them: texts in UTC that carry their offset."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import Connection

UTC = "+00:00"


def keeps_offset(connection: Connection, name: str) -> bool:
    """Return True where instants in the table `name` are texts with an offset: in every new table.

    Older tables hold UTC without an offset, and keep doing so: the timestamps are part of the key.
    """
    import sqlalchemy as sa

    look = sa.inspect(connection)
    if not look.has_table(name):
        return True
    types = {column["name"]: column["type"] for column in look.get_columns(name)}
    if not is_text(types.get("timestamp")):
        return False
    quoted = connection.dialect.identifier_preparer.quote(name)
    row = connection.exec_driver_sql(f"SELECT timestamp FROM {quoted} LIMIT 1").first()
    return row is None or str(row[0]).endswith(UTC)


def texts(column: pa.Array) -> pa.Array:
    """Return instants as texts of one width, such as 2024-01-31 23:00:00.000000+00:00, whose order is that of time."""
    import pyarrow as pa
    import pyarrow.compute as pc

    naive = column.cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us"))
    return pc.binary_join_element_wise(pc.strftime(naive, "%Y-%m-%d %H:%M:%S"), UTC, "")


def text(moment: dt.datetime, offset: bool) -> str:
    """Return a moment in UTC (without a zone) as the texts of a table are written."""
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}{UTC if offset else ''}"


def is_text(kind: Any) -> bool:
    """Return True for the type of a column of texts."""
    import sqlalchemy as sa

    return isinstance(kind, sa.String) and not isinstance(kind, sa.Enum)
