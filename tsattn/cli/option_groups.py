"""Groups of options that several commands share: a group is a function of options that returns one object.

    @uses(read=read_options)
    def ingest(data: Data, read: ReadOptions) -> None: ...

replaces the command's `read` parameter by the options of the group. A group for the fields of a settings object takes their
types and defaults from it:

    @fields_of(ReadOptions, {"freq": typer.Option(help="Frequency.")})
    def read_options(**given) -> ReadOptions: ...
"""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any

Function = Callable[..., Any]


def uses(**groups: Function) -> Callable[[Function], Function]:
    """Replace the parameters named in `groups` by the options of those groups, at the end of the command's own."""

    def wrap(command: Function) -> Function:
        own = [p for p in _parameters(command) if p.name not in groups]
        shared = {name: _parameters(group) for name, group in groups.items()}

        def run(**values: Any) -> Any:
            made = {n: group(**{p.name: values[p.name] for p in shared[n]}) for n, group in groups.items()}
            return command(**{p.name: values[p.name] for p in own}, **made)

        # by name, because the command and its groups may both use the Typer context
        parameters = list({p.name: p for p in own + [p for group in shared.values() for p in group]}.values())
        run.__name__, run.__doc__, run.__module__ = command.__name__, command.__doc__, command.__module__
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return run

    return wrap


def fields_of(kind: type, options: Mapping[str, Any]) -> Callable[[Function], Function]:
    """Give a function one option for each field of the dataclass `kind` that `options` names.

    The option of a field of several values is a list, or text where the values are numbers.
    """
    hints = typing.get_type_hints(kind)
    several = {tuple[str, ...]: list[str] | None, tuple[float, ...]: str | None}
    parameters = [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None if field.default == () else field.default,
            annotation=Annotated[several.get(hints[field.name], hints[field.name]), options[field.name]],
        )
        for field in dataclasses.fields(kind)
        if field.name in options
    ]

    def wrap(group: Function) -> Function:
        group.__annotations__ = {p.name: p.annotation for p in parameters}
        group.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return group

    return wrap


def _parameters(function: Function) -> list[inspect.Parameter]:
    hints = typing.get_type_hints(function, include_extras=True)
    return [
        p.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[p.name])
        for p in inspect.signature(function).parameters.values()
    ]
