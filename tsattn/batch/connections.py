"""Transactions through SQLAlchemy: transient errors are retried, a lock is waited for once, and errors name the database."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from tsattn import interrupts
from tsattn.batch.job_values import NO_DATABASES, scheme_of
from tsattn.batch.runs import LOCK_WAIT
from tsattn.batch.secrets import shown
from tsattn.errors import ConfigError, DataError
from tsattn.render.format import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

T = TypeVar("T")
LOCK_HINT = "let the program that uses it finish, or wait longer: --wait SECONDS"
_NO_LOCK = "55P03"  # PostgreSQL's lock_not_available
# classes of PostgreSQL's errors that may be gone in a moment: connection, rolled back, resources, stopped by an operator
_PASSING = ("08", "40", "53", "57")
_LONGEST = 2_000_000.0  # seconds of waiting that both databases take: three weeks
_DEAD_AFTER = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 60_000}


def transaction(url: str, retries: int, work: Callable[[Connection], T], wait: float = LOCK_WAIT, *, write: bool = True) -> T:
    """Run `work` in one transaction.

    A lock is waited for by the database itself, once. A server that cannot be reached is tried `retries` times, with growing
    pauses. Raises DataError that says how long was waited.
    """
    try:
        import sqlalchemy as sa
        import tenacity
    except ImportError:
        raise ConfigError(NO_DATABASES, "pip install 'tsattn[sql]'") from None
    again = tenacity.Retrying(
        retry=tenacity.retry_if_exception(_passes),
        stop=tenacity.stop_after_attempt(retries),
        wait=tenacity.wait_exponential(multiplier=0.5, max=15) + tenacity.wait_random(0, 1),
        sleep=_pause,
        reraise=True,
    )
    began = time.monotonic()

    def once() -> T:
        with _engine(url, wait, write) as engine, engine.begin() as connection:
            return work(connection)

    try:
        return again(once)
    except sa.exc.SQLAlchemyError as error:
        raise _data_error(error, url, retries, time.monotonic() - began) from None


def _data_error(error: Exception, url: str, retries: int, seconds: float) -> DataError:
    """Return an error of the database with a message for people."""
    name = shown(url)
    said = str(getattr(error, "orig", None) or error).strip().splitlines() or [type(error).__name__]
    if is_locked(error):
        return DataError(f"{name}: locked by another program; waited {duration(seconds)}", LOCK_HINT)
    if not _passes(error):
        return DataError(f"{name}: {said[0]}", _hint(error))
    tried = f" (tried {retries} times in {duration(seconds)})" if retries > 1 else ""
    return DataError(f"{name}: {said[0]}{tried}", "check that the server is up, the address and your permissions")


def _hint(error: Exception) -> str:
    """Return advice for an error that a further attempt would not fix."""
    import sqlite3

    origin = getattr(error, "orig", error)
    code = _sqlite_code(origin) if isinstance(origin, sqlite3.Error) else -1
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return "check that the folder exists and that you may write to the file and its folder"
    if code == sqlite3.SQLITE_FULL:
        return "free space on the disk, and run again"
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return "move the file away, or name another one"
    return "check the query, the table name and its columns, and your permissions"


def _pause(seconds: float) -> None:
    """Sleep, and stop at once when a signal comes."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        interrupts.check()
        time.sleep(min(left, 0.2))


def is_locked(error: BaseException) -> bool:
    """Return True where another program held a lock for longer than the busy time-out."""
    import sqlite3

    origin = getattr(error, "orig", error)
    if isinstance(origin, sqlite3.Error):
        return _sqlite_code(origin) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return getattr(origin, "sqlstate", None) == _NO_LOCK


def _passes(error: BaseException) -> bool:
    """Return True for an error that may be gone in a moment: one of the connection, or of the disk."""
    import sqlite3

    import sqlalchemy as sa

    if not isinstance(error, (sa.exc.OperationalError, sa.exc.InterfaceError)) or is_locked(error):
        return False
    if isinstance(error.orig, sqlite3.Error):  # to SQLite a misspelt column is an operational error too
        return _sqlite_code(error.orig) == sqlite3.SQLITE_IOERR
    state = getattr(error.orig, "sqlstate", None)  # without one, the connection itself failed
    return state is None or str(state)[:2] in _PASSING


def _sqlite_code(error: Any) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


@contextmanager
def _engine(url: str, wait: float, write: bool) -> Iterator[Engine]:
    import sqlalchemy as sa
    from sqlalchemy.pool import NullPool

    try:
        made = sa.make_url(url)
        if made.drivername == "postgresql":
            made = made.set(drivername="postgresql+psycopg")
        sqlite = made.drivername.startswith("sqlite")
        limits = {"timeout": min(wait, _LONGEST)} if sqlite else {"connect_timeout": 10, **_DEAD_AFTER}
        engine = sa.create_engine(made, poolclass=NullPool, connect_args=limits, hide_parameters=True)
    except sa.exc.ArgumentError:
        raise ConfigError(
            f"the {scheme_of(url)} address cannot be read", "write it as postgresql://user:${PASSWORD}@host/name#table"
        ) from None
    except ImportError as error:
        raise ConfigError(f"the database driver is missing: {error}", "pip install 'tsattn[sql]'") from None
    if sqlite:
        _whole_transactions(engine, write)
    else:
        _limited_locks(engine, wait)
    try:
        yield engine
    finally:
        engine.dispose()


def _whole_transactions(engine: Engine, write: bool) -> None:
    """Begin transactions at once: Python's SQLite driver does so late, and making the table has to be in it too."""
    from sqlalchemy import event

    @event.listens_for(engine, "connect")
    def _plain_connection(connection: Any, _: Any) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _limited_locks(engine: Engine, wait: float) -> None:
    """Make PostgreSQL wait for a lock as long as SQLite does; by default it waits for ever."""
    from sqlalchemy import event

    @event.listens_for(engine, "begin")
    def _limit(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {max(1, round(min(wait, _LONGEST) * 1000))}")
