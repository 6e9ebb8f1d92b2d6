"""Plain words need no reading.

Typer reads values with pydantic, whose import takes as long as all else that `tsattn --help` needs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import typer.core


class _Reader(Protocol):
    def coerce(self, value: Any, param: Any, ctx: Any) -> Any: ...


class _Sparing:
    """Gives back what needs no reading, what was left out or is a str, and makes Typer's reader for anything else."""

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
    """Let Typer load pydantic only where a value has to be read. A Typer made otherwise is left as it is."""
    parameter: Any = getattr(typer.core, "_TyperParameter", None)
    make = getattr(parameter, "get_runtime_param", None)
    if make is None or make.__module__ != parameter.__module__:
        return  # another Typer, or done before

    def get_runtime_param(self: Any) -> _Sparing:
        return _Sparing(lambda: make(self))

    parameter.get_runtime_param = get_runtime_param
