"""`tsattn train`: learn from this data."""

from __future__ import annotations

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
        options.Text, typer.Option(metavar="NAME", help="Reads the past in order: lstm, gru, rnn or none.  [default: lstm]")
    ] = None,
    encoder: Annotated[
        options.Text, typer.Option(metavar="NAME", help="Self-attention: full, window, linear or none.  [default: full]")
    ] = None,
    decoder: Annotated[
        options.Text,
        typer.Option(metavar="NAME", help="Of the horizon: direct, cross-attention or autoregressive.  [default: direct]"),
    ] = None,
    position: Annotated[
        options.Text, typer.Option(metavar="NAME", help="Of tokens: rotary, sinusoidal, learned or none.  [default: rotary]")
    ] = None,
    context: Annotated[options.Number, typer.Option(min=1, metavar="N", help="Past steps the network sees.")] = None,
    steps: Annotated[options.Number, typer.Option(min=1, metavar="N", help="Optimiser steps, at most.")] = None,
    seed: Annotated[options.Number, typer.Option(min=0, metavar="N", help="Of everything random.  [default: 0]")] = None,
    max_time: Annotated[
        options.Text, typer.Option(metavar="TIME", help="Stop learning after 90s, 5m, 1h30m; saving and scoring follow.")
    ] = None,
    device: Annotated[options.Text, typer.Option(metavar="NAME", help="auto, cpu, cuda or mps.")] = None,
    devices: Annotated[options.Number, typer.Option(min=1, metavar="N", help="How many GPUs.")] = None,
    nodes: Annotated[options.Number, typer.Option(min=1, metavar="N", help="How many machines.")] = None,
    precision: Annotated[options.Text, typer.Option(metavar="NAME", help="auto, fp32 or bf16.")] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A TOML file with tables [model], [train] and [read]; flags win.")
    ] = None,
) -> dict[str, dict[str, Any]]:
    """Fields of ModelConfig, TrainConfig and ReadOptions from a file, with the flags on top."""
    from tsattn.config import ModelConfig, TrainConfig, from_mapping, read_toml

    found = options.tables_of(read_toml(config), str(config)) if config else {"model": {}, "train": {}, "read": {}}
    flags = {"steps": steps, "seed": seed, "device": device, "devices": devices, "nodes": nodes, "precision": precision}
    flags["max_time"] = options.seconds(max_time, "--max-time")  # type: ignore[assignment]
    found["train"] |= {key: value for key, value in flags.items() if value is not None}
    parts = {"front_end": front_end, "encoder": encoder, "decoder": decoder, "position": position, "context": context}
    found["model"] |= {key: value for key, value in parts.items() if value is not None}
    where = str(config) if config else "tsattn train"
    from_mapping(ModelConfig, found["model"], f"{where} [model]")  # a mistake is told before any work is done
    from_mapping(TrainConfig, found["train"], f"{where} [train]")
    options.over(ReadOptions(), found["read"], f"{where} [read]")
    return found


def render(console: Console, found: Trained) -> None:
    """The scores of a model that was trained, and what became of it."""
    from tsattn.render import tables

    if found.scores is not None:
        tables.backtest(console, found.scores)
    if found.profile is not None:
        tables.profile(console, found.profile)
    tables.trained(console, found.to_mapping()["fitted"], f"{found.ref} ({found.ref.path})", found.verdict)


@uses(given=settings, read=options.read_options, session=options.session)
def train(
    data: options.Data,
    given: dict[str, dict[str, Any]],
    read: ReadOptions,
    session: Session,
    horizon: options.Horizon = None,
    name: Annotated[options.Text, typer.Option(metavar="NAME", help="Of the model; default: the file's name.")] = None,
    test_windows: Annotated[
        options.Number,
        typer.Option(min=0, metavar="N", help="Horizons held back at the end for the test; default: a fifth of the rows."),
    ] = None,
    from_scratch: Annotated[bool, typer.Option("--from-scratch", help="Begin with random weights.")] = False,
    fine_tune: Annotated[
        bool, typer.Option("--fine-tune", help="Begin with the model in the package.  [default: both, keeping the better]")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an interrupted run of this name.")] = False,
    logger: Annotated[options.Text, typer.Option(metavar="NAME", help="Also log to: tensorboard.")] = None,
    profile: Annotated[bool, typer.Option("--profile", help="Tell where the time of training went.")] = False,
) -> int:
    """Train a model on the data, score it, save it.

    Needs no option. The end of each series is held back and forecast for the score. Ctrl-C keeps the best weights so far.
    """
    from tsattn import api

    if from_scratch and fine_tune:
        raise ConfigError("--from-scratch and --fine-tune exclude each other", "give one of them, or none to keep the better")

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
            resume=resume,
            logger=logger,
            profile=profile,
            listener=listener,
        )
    code = session.show(result, render)
    return int(ExitCode.INTERRUPTED) if result.interrupted else code
