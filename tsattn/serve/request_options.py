"""Options of a request: their names, types and OpenAPI schema. Names and meaning are those of the command line.

`FIELDS` holds every option that a request may set, once: strings of a query or a form and JSON values are checked by it.
"""

from __future__ import annotations

import csv
import dataclasses
import difflib
import math
import types
import typing
from dataclasses import dataclass
from typing import Any

from tsattn.config import ReadOptions
from tsattn.errors import ConfigError

MOST_QUANTILES = 99
MOST_HISTORY = 10_000


@dataclass(frozen=True)
class Field:
    """Option of a request. kind: "text", "integer", "number", "flag", "texts" or "numbers"."""

    kind: str
    description: str


_KINDS: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "flag": {"type": "boolean"},
    "texts": {"type": "array", "items": {"type": "string"}},
    "numbers": {"type": "array", "items": {"type": "number"}},
}
_SAID = {
    "text": "text",
    "integer": "a whole number",
    "number": "a number",
    "flag": "true or false",
    "texts": "a name or a list of names",
    "numbers": "a list of numbers",
}
_FORECAST = {
    "horizon": Field("integer", "Steps to forecast. Default: the model's, or the frequency's."),
    "quantiles": Field("numbers", "Quantile levels between 0 and 1. Default: 0.1, 0.2, … 0.9."),
    "model": Field(
        "text", "Model of the workspace, NAME or NAME/VERSION, or zero-shot. Default: the newest that suits the data."
    ),
    "members": Field("texts", "Statistical methods that form an ensemble with the network: all, network (none), or names."),
    "series": Field("texts", "Names of the series to return. Default: all."),
    "as_of": Field("text", "Forecast as of this time; later values are ignored. A bare date or month includes all of it."),
    "history": Field("integer", f"Also return this many last rows of each series, at most {MOST_HISTORY:,}. Default: 0."),
}


def _kind_of(annotation: Any) -> str:
    options = typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
    if any(typing.get_origin(option) is tuple for option in options):
        return "texts"
    return {str: "text", float: "number", int: "integer", bool: "flag"}[options[0]]


def _read_fields() -> dict[str, Field]:
    hints = typing.get_type_hints(ReadOptions)
    return {
        field.name: Field(_kind_of(hints[field.name]), field.metadata["help"].replace("--", "").replace("  [", " ["))
        for field in dataclasses.fields(ReadOptions)
    }


FIELDS: dict[str, Field] = {**_FORECAST, **_read_fields()}


@dataclass(frozen=True)
class Asked:
    """The checked options of one request."""

    read: ReadOptions
    horizon: int | None = None
    quantiles: tuple[float, ...] | None = None
    model: str | None = None
    members: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    as_of: str | None = None
    history: int = 0


def checked(values: dict[str, Any]) -> Asked:
    """The options of a request, from strings or JSON values. Raises ConfigError that names the option."""
    given = {}
    for name, value in values.items():
        if name not in FIELDS:
            near = difflib.get_close_matches(name, FIELDS, 1)
            raise ConfigError(
                f"unknown option {name!r}", f"did you mean {near[0]!r}?" if near else f"options: {', '.join(FIELDS)}"
            )
        if value is not None and value != "":
            given[name] = _value(name, FIELDS[name].kind, value)
    read = ReadOptions(**_separators({name: value for name, value in given.items() if name not in _FORECAST}))
    asked = Asked(read, **{name: value for name, value in given.items() if name in _FORECAST})
    if asked.quantiles is not None and len(asked.quantiles) > MOST_QUANTILES:
        raise ConfigError(f"{len(asked.quantiles):,} quantiles are more than the {MOST_QUANTILES} possible")
    if not 0 <= asked.history <= MOST_HISTORY:
        raise ConfigError(f"history must be between 0 and {MOST_HISTORY:,} rows, not {asked.history:,}")
    return asked


def _separators(read: dict[str, Any]) -> dict[str, Any]:
    return {**read, "delimiter": "\t"} if read.get("delimiter") in ("tab", "\\t") else read


def _value(name: str, kind: str, value: Any) -> Any:
    try:
        if kind == "texts":
            return _texts(value)
        if kind == "numbers":
            parts = value.replace(" ", ",").split(",") if isinstance(value, str) else value
            return tuple(_number(part) for part in parts if part != "")
        return _ONE[kind](value)
    except (TypeError, ValueError, OverflowError, csv.Error):
        shown = repr(value) if len(repr(value)) <= 60 else f"{repr(value)[:60]}…"
        raise ConfigError(f"{name} must be {_SAID[kind]}, not {shown}") from None


def _texts(value: Any) -> tuple[str, ...]:
    """Names: a list, or `a,b` as on the command line, where a name with a comma is quoted: '"a,b"'."""
    if isinstance(value, str):
        rows = csv.reader([value], skipinitialspace=True)
        return tuple(cell.strip() for row in rows for cell in row if cell.strip())
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return tuple(value)
    raise TypeError


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise TypeError
    if not math.isfinite(float(value)):
        raise ValueError
    return float(value)


def _integer(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise TypeError
    if not isinstance(value, (int, float, str)) or (isinstance(value, str) and len(value) > 20):
        raise TypeError
    return int(value)


_FLAGS = {**dict.fromkeys(("true", "1", "yes", "on"), True), **dict.fromkeys(("false", "0", "no", "off"), False)}


def _flag(value: Any) -> bool:
    word = str(value).lower()
    if word not in _FLAGS:
        raise ValueError
    return _FLAGS[word]


_ONE: dict[str, Any] = {"text": _text, "integer": _integer, "number": _number, "flag": _flag}


def parameters() -> list[dict[str, Any]]:
    """OpenAPI query parameters of a request whose body is the file itself."""
    return [
        {
            "name": name,
            "in": "query",
            "description": field.description,
            "schema": _KINDS[field.kind],
            **({"style": "form", "explode": False} if field.kind in ("texts", "numbers") else {}),
        }
        for name, field in FIELDS.items()
    ]


def properties() -> dict[str, dict[str, Any]]:
    """JSON schemas of the options."""
    return {name: {**_KINDS[field.kind], "description": field.description} for name, field in FIELDS.items()}
