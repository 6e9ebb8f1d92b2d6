"""Groups of options that several commands share: a group is a function of options that returns one object.

    @uses(read=read_options)
    def ingest(data: Data, read: ReadOptions) -> None: ...

replaces the command's `read` parameter by the options of the group.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from typing import Any

Function = Callable[..., Any]


def uses(**groups: Function) -> Callable[[Function], Function]:
    """Replace the parameters named in `groups` by the options of those groups, at the end of the command's own."""

    def wrap(command: Function) -> Function:
        own = [p for p in _parameters(command) if p.name not in groups]
        shared = {name: _parameters(group) for name, group in groups.items()}

        def run(**values: Any) -> Any:
            made = {n: group(**{p.name: values[p.name] for p in shared[n]}) for n, group in groups.items()}
            return command(**{p.name: values[p.name] for p in own}, **made)

        # by name, for the command and its groups may both ask for the Typer context
        parameters = list({p.name: p for p in own + [p for group in shared.values() for p in group]}.values())
        run.__name__, run.__doc__, run.__module__ = command.__name__, command.__doc__, command.__module__
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return run

    return wrap


def _parameters(function: Function) -> list[inspect.Parameter]:
    hints = typing.get_type_hints(function, include_extras=True)
    return [
        p.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[p.name])
        for p in inspect.signature(function).parameters.values()
    ]
