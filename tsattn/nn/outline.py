"""Outline of a network: a tree of its modules with output shapes and numbers of parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Node:
    """Module of a network.

    shape: output shape without the batch axis; () if it has no tensor output. parameters: number in one such module, with its
    children. times: number of identical modules in a row.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    times: int
    children: tuple[Node, ...]

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        made: dict[str, Any] = {"name": self.name, "kind": self.kind, "shape": list(self.shape)}
        made |= {"parameters": self.parameters, "times": self.times}
        return {**made, "children": [child.to_mapping() for child in self.children]}


def outline(network: nn.Module, inputs: tuple[Tensor, ...], name: str = "network") -> Node:
    """Run the network once on `inputs` and return its outline."""
    shapes: dict[nn.Module, tuple[int, ...]] = {}
    hooks = [module.register_forward_hook(_noting(shapes)) for module in network.modules()]
    try:
        with torch.no_grad():
            network(*inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return _node(name, network, shapes)


def _noting(shapes: dict[nn.Module, tuple[int, ...]]) -> Callable[[nn.Module, Any, Any], None]:
    def note(module: nn.Module, given: Any, made: Any) -> None:
        first = made[0] if isinstance(made, tuple) else made
        if isinstance(first, Tensor):
            shapes[module] = tuple(first.shape[1:])

    return note


def _node(name: str, module: nn.Module, shapes: dict[nn.Module, tuple[int, ...]]) -> Node:
    children: list[Node] = []
    for child_name, child in module.named_children():
        made = _node(child_name, child, shapes)
        last = children[-1] if children else None
        if last and child_name.isdecimal() and replace(last, name="", times=1) == replace(made, name=""):
            children[-1] = replace(last, times=last.times + 1)
        else:
            children.append(made)
    count = sum(parameter.numel() for parameter in module.parameters())
    return Node(name, type(module).__name__, shapes.get(module, ()), count, 1, tuple(children))
