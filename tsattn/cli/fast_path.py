"""Fast path for plain strings.

Typer parses values with pydantic, whose import takes as long as everything else that `tsattn --help` needs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import typer.core


class _Reader(Protocol):
    def coerce(self, value: Any, param: Any, ctx: Any) -> Any: ...


class _Sparing:
    """Returns defaults and strings unchanged, and creates Typer's parser for other values."""

    def __init__(self, make: Callable[[], _Reader]) -> None:
        self.make = make

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        if value is None:
            return () if param.multiple or param.nargs == -1 else None
        if getattr(ctx.get_parameter_source(param.name), "name", None) == "DEFAULT":
            return value
        described = param.type_descriptor
        if type(value) is str and described.annotation is str and described.parameter_info.parser is None:
            return value
        return self.make().coerce(value, param=param, ctx=ctx)


def spare_pydantic() -> None:
    """Make Typer load pydantic only when a value has to be parsed. Does nothing for other versions of Typer."""
    parameter: Any = getattr(typer.core, "_TyperParameter", None)
    make = getattr(parameter, "get_runtime_param", None)
    if make is None or make.__module__ != parameter.__module__:
        return  # another version, or already done

    def get_runtime_param(self: Any) -> _Sparing:
        return _Sparing(lambda: make(self))

    parameter.get_runtime_param = get_runtime_param
