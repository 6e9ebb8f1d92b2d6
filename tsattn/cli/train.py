"""`tsattn train`: fit a model to the data."""

from __future__ import annotations

import functools
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tsattn.cli import options
from tsattn.cli.option_groups import uses
from tsattn.cli.session import Session
from tsattn.config import ReadOptions
from tsattn.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from rich.console import Console

    from tsattn.workflows.results import Trained


def settings(
    front_end: Annotated[
        options.Text,
        typer.Option(metavar="NAME", help="Recurrent layer before attention: lstm, gru, rnn or none.  [default: lstm]"),
    ] = None,
    encoder: Annotated[
        options.Text, typer.Option(metavar="NAME", help="Self-attention: full, window, linear or none.  [default: full]")
    ] = None,
    decoder: Annotated[
        options.Text,
        typer.Option(metavar="NAME", help="Decoder: direct, recurrent, cross-attention or autoregressive.  [default: direct]"),
    ] = None,
    position: Annotated[
        options.Text,
        typer.Option(metavar="NAME", help="Position encoding: rotary, sinusoidal, learned or none.  [default: rotary]"),
    ] = None,
    context: Annotated[
        options.Number,
        typer.Option(min=1, metavar="N", help="Past steps that the network reads.  [default: the longest series, at most 2048]"),
    ] = None,
    steps: Annotated[
        options.Number,
        typer.Option(min=1, metavar="N", help="Maximum number of optimiser steps.  [default: depends on the size of the data]"),
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(metavar="RATE", help="Peak learning rate of AdamW; Muon's scales with it.  [default: 0.0015]")
    ] = None,
    seed: Annotated[options.Number, typer.Option(min=0, metavar="N", help="Random seed.  [default: 0]")] = None,
    max_time: Annotated[
        options.Text, typer.Option(metavar="TIME", help="Time limit, such as 90s, 5m or 1h30m, scoring and saving included.")
    ] = None,
    device: Annotated[options.Text, typer.Option(metavar="NAME", help="Device: auto, cpu, cuda or mps.  [default: auto]")] = None,
    devices: Annotated[options.Number, typer.Option(min=1, metavar="N", help="Number of GPUs.  [default: 1]")] = None,
    nodes: Annotated[options.Number, typer.Option(min=1, metavar="N", help="Number of machines.  [default: 1]")] = None,
    precision: Annotated[
        options.Text, typer.Option(metavar="NAME", help="Precision: auto, fp32 or bf16.  [default: auto]")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="TOML file with tables [model], [train] and [read]; options override it.")
    ] = None,
) -> dict[str, dict[str, Any]]:
    """Fields of ModelConfig, TrainConfig and ReadOptions from a file, overridden by options."""
    from tsattn.config import ModelConfig, TrainConfig, from_mapping, read_toml

    found = options.tables_of(read_toml(config), str(config)) if config else {"model": {}, "train": {}, "read": {}}
    flags = {"steps": steps, "seed": seed, "device": device, "devices": devices, "nodes": nodes, "precision": precision}
    flags["learning_rate"] = learning_rate  # type: ignore[assignment]
    flags["max_time"] = options.seconds(max_time, "--max-time")  # type: ignore[assignment]
    found["train"] |= {key: value for key, value in flags.items() if value is not None}
    parts = {"front_end": front_end, "encoder": encoder, "decoder": decoder, "position": position, "context": context}
    found["model"] |= {key: value for key, value in parts.items() if value is not None}
    for kind, table in ((ModelConfig, "model"), (TrainConfig, "train"), (ReadOptions, "read")):
        from_mapping(kind, found[table], f"{config} [{table}]" if config else "tsattn train")  # an error before any work
    return found


def render(console: Console, found: Trained, workspace: str | None = None) -> None:
    """The verdict on a trained model, its scores, how the training went, and the next command.

    workspace: as named on the command line, which the next command repeats.
    """
    from tsattn.render import tables

    tables.sentences(console, [found.verdict] if found.verdict else [])
    if found.scores is not None:
        tables.backtest(console, found.scores)
    if found.profile is not None:
        tables.profile(console, found.profile)
    fitted = found.to_mapping()["fitted"]
    where = "" if workspace is None else shlex.join(["--workspace", workspace])
    untrained = found.card.untrained if found.card.contest else ""  # without candidates, a note already gives the reason
    tables.trained(console, fitted, str(found.ref), found.ref.path, untrained, f"{found.better} {where}".strip())


@uses(given=settings, read=options.read_options, session=options.session)
def train(
    data: options.Data,
    given: dict[str, dict[str, Any]],
    read: ReadOptions,
    session: Session,
    horizon: options.Horizon = None,
    name: options.Name = None,
    test_windows: Annotated[
        options.Number,
        typer.Option(
            min=0, metavar="N", help="Test windows to hold back at the end of each series.  [default: about a fifth of the rows]"
        ),
    ] = None,
    from_scratch: Annotated[bool, typer.Option("--from-scratch", help="Train from random weights only.")] = False,
    fine_tune: Annotated[
        bool, typer.Option("--fine-tune", help="Fine-tune the zero-shot model only.  [default: try both, save the better]")
    ] = False,
    joint: Annotated[
        bool, typer.Option("--joint", help="Train a joint model: attention across series, in groups of up to 32.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the interrupted or stopped run of this name.")] = False,
    logger: Annotated[
        options.Text, typer.Option(metavar="NAME", help="Also write training logs for this tool: tensorboard.")
    ] = None,
    profile: Annotated[bool, typer.Option("--profile", help="Show the time of each part of a training step.")] = False,
) -> int:
    """Train a model on the data, score it and save it.

    Fine-tunes the zero-shot model, trains a second network from scratch, and saves the model with the lowest validation loss.
    The end of each series is held back for the scores. Ctrl-C stops the training and saves the best weights so far.

    \b
    Examples:
      tsattn train sales.csv
      tsattn train sales.csv --horizon 14 --max-time 5m
      tsattn train sales.csv --known promo,price --static region
      tsattn train sensors.csv --joint
    """
    from tsattn import api

    if from_scratch and fine_tune:
        raise ConfigError("--from-scratch and --fine-tune exclude each other", "use one of them, or none to save the better")

    with session.listening() as listener:
        result = api.train(
            data,
            horizon=horizon,
            name=name,
            workspace=session.workspace,
            read=options.over(read, given["read"]),
            model=given["model"],
            training=given["train"],
            test_windows=test_windows,
            start="scratch" if from_scratch else "shipped" if fine_tune else "auto",
            joint=joint,
            resume=resume,
            logger=logger,
            profile=profile,
            listener=listener,
        )
    code = session.show(result, functools.partial(render, workspace=session.workspace))
    return int(ExitCode.INTERRUPTED) if result.interrupted else code
