"""Arguments of the public functions in one form: options of reading, data, names and paths."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any, TypedDict

from tsattn.config import BacktestConfig, ReadOptions, from_mapping
from tsattn.errors import ConfigError

Names = str | Sequence[str]


class ReadFields(TypedDict, total=False):
    """Fields of ReadOptions as keyword arguments of the public functions; see ReadOptions for what they set."""

    timestamp: str | None
    item: Names
    target: Names
    past: Names
    known: Names
    static: Names
    freq: str | None
    layout: str | None
    date_order: str | None
    date_system: str | None
    timezone: str | None
    on_duplicate: str | None
    resample: str | None
    agg: str
    fill: float | None
    delimiter: str | None
    decimal: str | None
    encoding: str | None
    missing: Names
    calendar: str | None
    holidays: Names
    drop_last: bool


def read_options(read: ReadOptions | Mapping[str, Any]) -> ReadOptions:
    """Options of reading, which may be given as a mapping such as {"delimiter": ";"}."""
    if isinstance(read, ReadOptions):
        return read
    if not isinstance(read, Mapping):
        raise ConfigError(f"read: a {type(read).__name__} is no options", "give ReadOptions(...) or a dict of its fields")
    return from_mapping(ReadOptions, dict(read), "read")


def with_fields(read: ReadOptions | Mapping[str, Any], fields: ReadFields, function: Callable[..., Any]) -> ReadOptions:
    """Return the options of `read` with the fields that were given as keyword arguments of `function`.

    Raises ConfigError for a wrong value or a field that `read` sets too, TypeError for a name that is no argument.
    """
    import difflib
    import inspect

    options, known = read_options(read), [field.name for field in dataclasses.fields(ReadOptions)]
    for name in fields:
        if name not in known:
            arguments = [p.name for p in inspect.signature(function).parameters.values() if p.kind != p.VAR_KEYWORD]
            near = difflib.get_close_matches(name, [*arguments, *known], 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise TypeError(f"{function.__name__}() got an unexpected keyword argument {name!r}{hint}")
    twice = [name for name in fields if name in (read if isinstance(read, Mapping) else options.given())]
    if twice:
        raise ConfigError(f"{twice[0]!r} is given twice: as an argument and in `read`", f"remove it from `read`: {twice[0]}=…")
    return dataclasses.replace(options, **from_mapping(ReadOptions, dict(fields), function.__name__).given())


def given(
    data: Any, read: ReadOptions | Mapping[str, Any], fields: ReadFields, function: Callable[..., Any]
) -> tuple[Any, ReadOptions]:
    """Data and the options to read it by, of `read` and `fields` (see `with_fields`).

    Plain numbers become a table without timestamps.
    """
    from tsattn.data.plain_numbers import is_plain, table_of

    options = with_fields(read, fields, function) if fields else read_options(read)
    # a list of frames or tables is a list of parts
    if not is_plain(data) or (isinstance(data, (list, tuple)) and hasattr(data[0], "columns")):
        return data, options
    table = table_of(data)
    item = ("item_id",) if "item_id" in table.column_names else ()
    return table, dataclasses.replace(options, item=item, target=("value",), timestamp=options.timestamp or "none")


def names(given: str | Sequence[str]) -> tuple[str, ...]:
    """Return one name, or several, as a tuple."""
    return (given,) if isinstance(given, str) else tuple(given)


def check_positive(**numbers: Any) -> None:
    """Raise ConfigError for an argument that is not a whole number of at least 1; None is left to its default."""
    for name, value in numbers.items():
        if value is None:
            continue
        if not isinstance(value, Integral) or isinstance(value, bool):
            raise ConfigError(f"--{name} must be a whole number, not {value!r}", f"for example: --{name} 5")
        if value < 1:
            raise ConfigError(f"--{name} must be at least 1, not {value}", f"for example: --{name} 5")


def limited(training: Mapping[str, Any] | None, max_time: float | None) -> dict[str, Any]:
    """Return the fields of TrainConfig with the time limit in seconds, if there is one. Raises ConfigError if both set it."""
    fields = dict(training or {})
    if max_time is None:
        return fields
    if "max_time" in fields:
        raise ConfigError("'max_time' is given twice: as an argument and in `training`", "remove it from `training`")
    return {**fields, "max_time": max_time}


def configured(config: BacktestConfig | None, fields: Mapping[str, Any]) -> BacktestConfig | None:
    """Return the settings of a backtest with the fields that are given, lists as tuples; None if there is neither."""
    made: dict[str, Any] = {k: tuple(v) if isinstance(v, (list, tuple)) else v for k, v in fields.items() if v is not None}
    return dataclasses.replace(config or BacktestConfig(), **made) if made else config


def places(given: str | Path | Sequence[str | Path] | None) -> tuple[str | Path, ...]:
    """No path, one, or several, as a tuple."""
    return () if given is None else (given,) if isinstance(given, (str, Path)) else tuple(given)
