"""Tables of a model (network tree, training record, scores) and of the kinds of network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from tsattn.config import to_mapping
from tsattn.render import tables
from tsattn.render.format import count, duration, number

if TYPE_CHECKING:
    from tsattn.model.card import Card
    from tsattn.nn.outline import Node
    from tsattn.workflows.describe import Described


def described(console: Console, found: Described) -> None:
    """Print the network as a tree with shapes, the training record and the scores."""
    card = found.card
    inputs = "  ".join(f"{name} {shape(sizes)}" for name, sizes in found.inputs.items() if 0 not in sizes)
    tree = Tree(label(found.network, root=True))
    tree.add(Text("inputs  ", style="bold").append(inputs, style="dim"))
    for child in found.network.children:
        _grow(tree, child)
    tables.show(console, tree)
    drawn = tables.table("", "")
    for what, value in _record(found):
        drawn.add_row(Text(what, style="dim"), Text(value))
    drawn.show_header = False
    tables.show(console, drawn)
    if card.contest:
        _candidates(console, card)
    if card.scores:
        test = card.source.get("test") or {}
        some = f"{count(test['scored'], 'window')} of " if "scored" in test else ""
        tables.scores(
            console, card.scores, f"Scores on {some}the held-back {test.get('windows', '?')} × {test.get('horizon', '?')} steps"
        )
    else:
        console.print(Text(_not_scored(card), style="yellow"))


def _candidates(console: Console, card: Card) -> None:
    """Print the scores of the candidates of a training run, the saved one first."""
    drawn = tables.table("candidate", ">MASE", ">quantile loss", ">std. error", title="Candidates on the validation windows")
    for row in card.contest:
        found = (row.get(name) for name in ("MASE", "scaled_quantile_loss", "standard_error"))
        drawn.add_row(row.get("candidate", row["model"]), *("–" if value is None else number(value, 4) for value in found))
    tables.show(console, drawn)
    console.print(
        Text("quantile loss in units of the seasonal error; std. error of its difference from the default candidate", style="dim")
    )


def _not_scored(card: Card) -> str:
    """Return why a card has no scores, and the command that scores the model."""
    test = card.source.get("test") or {}
    why = test.get("not_scored") or ("scoring was interrupted" if test.get("windows") else "no test windows were held back")
    hint = "score it with: tsattn backtest DATA"
    return f"not scored: {why}" if hint in why else f"not scored: {why}; {hint}"


def _grow(tree: Tree, node: Node) -> None:
    if not node.parameters and not node.children:  # activations and dropout
        return
    branch = tree.add(label(node))
    for child in node.children:
        _grow(branch, child)


def label(node: Node, *, root: bool = False) -> Text:
    """Format a module as `blocks × 4 EncoderBlock → (B, 38, 160) 205,760 parameters each`."""
    text = Text(node.name, style="bold")
    if node.times > 1:
        text = Text(f"{node.name}–{int(node.name) + node.times - 1}", style="bold")
    text.append(f"  {node.kind}", style="cyan")
    if node.shape:
        text.append(f" → {shape(node.shape)}", style="dim")
    each = " each" if node.times > 1 else ""
    return text.append(f"  {count(node.parameters, 'parameter')}{each}" if root else f"  {node.parameters:,}{each}")


def shape(sizes: Sequence[int]) -> str:
    """Format a shape as `(B, 64, 160)`."""
    return f"({', '.join(['B', *map(str, sizes)])})"


def _record(found: Described) -> list[tuple[str, str]]:
    """Return the training record as (name, value) lines."""
    card, fitted, train = found.card, found.card.fitted, found.card.train
    source = card.source
    names = source.get("source")
    where = ", ".join(names) if isinstance(names, list) else str(names or "data in memory")
    size = (
        f": {count(int(source['items']), 'series', 'series')}, {count(int(source['rows']), 'row')}" if source.get("items") else ""
    )
    dates = f", {source['first']} to {source['last']}" if source.get("first") else ""
    covariates = [f"{kind} {', '.join(cols)}" for kind in ("past", "known", "static") if (cols := getattr(card.schema, kind))]
    quantiles = f"quantiles {min(card.quantiles):g} to {max(card.quantiles):g}"
    ran = f"{fitted.stopped} after {count(fitted.steps, 'step')} (schedule: {train.steps:,}) in {duration(fitted.seconds)}"
    validation = "" if fitted.validation is None else f", validation loss {fitted.validation:.4f}"
    schedule = {name: getattr(train, name) for name in ("batch", "origins", "learning_rate", "weight_decay", "seed")}
    made = card.created.replace("T", " ")[:16]
    return [
        ("model", f"{found.ref} ({found.ref.path}), {made}, tsattn {card.tsattn_version}"),
        ("forecasts", f"{', '.join(card.schema.target)}: {card.horizon} steps of {card.freq}, {quantiles}"),
        ("covariates", "; ".join(covariates) or "none declared"),
        ("data", f"{where}{size}{dates}"),
        ("network", _settings(to_mapping(card.model))),
        *_shapes(found),
        ("training", f"{ran} on {fitted.device} ({fitted.precision}); weights of step {fitted.best_step:,}{validation}")
        if fitted.steps
        else ("training", card.untrained),
        *([("schedule", _settings(schedule))] if fitted.steps else []),
        *([("trees", _correction(card))] if card.trees else []),
    ]


def _correction(card: Card) -> str:
    return f"move the median {100 * card.trees:.0f} % of the way to their forecast; interval widths × {card.tree_width:.2f}"


def _shapes(found: Described) -> list[tuple[str, str]]:
    """Return a line on the steps in the tree's shapes, where these are several passes of the network."""
    config, shown = found.card.model, found.network.shape[0] if found.network.shape else 0
    if shown <= config.pass_steps:
        return []
    passes = count(shown // config.pass_steps, "pass", "passes")
    said = (
        f"an example forecast of {shown} steps in {passes} of {config.pass_steps}; one run makes as many passes as the horizon "
    )
    return [("shapes", f"{said}needs, up to {config.most_at_once} steps (reach)")]


def _settings(values: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} {value:g}" if isinstance(value, float) else f"{name.replace('_', ' ')} {value}"
        for name, value in values.items()
    )


def assembled(console: Console, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print the kinds of network with the lines of --config that select them."""
    drawn = tables.table("network", "[model] of --config", ">parameters", "", title="Kinds of network")
    for row in rows:
        wanted = ", ".join(
            f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}" for key, value in row["settings"].items()
        )
        drawn.add_row(
            Text(row["name"], style="bold"),
            Text(wanted or "(defaults)"),
            f"{row['parameters']:,}",
            Text(row["line"], style="dim"),
        )
    tables.show(console, drawn)
    console.print(Text("parameters at the default width, layers, context and patch size, without covariates", style="dim"))
