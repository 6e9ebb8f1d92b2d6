"""Fixtures that are slow to make and shared by all tests."""

from __future__ import annotations

import dataclasses
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a shell's background job: tests of Ctrl-C need it
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder: an LSTM network trained for a few steps on two hourly items. To be read only; copy it to change it."""
    from tests import tiny  # not above: it imports torch
    from tsattn.model import artifact
    from tsattn.training.fit import fit
    from tsattn.training.run_options import RunOptions

    place = tmp_path_factory.mktemp("saved")
    network, fitted = fit(tiny.waves(), tiny.MODEL, tiny.TRAIN, RunOptions(state=place / "state"))
    artifact.save(place / "model", network, dataclasses.replace(tiny.card_of(network), fitted=fitted))
    return place / "model"


@pytest.fixture(scope="session")
def saved_with_covariates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder: a GRU network of random weights with past, known and static covariates. To be read only."""
    from tests import tiny
    from tsattn.data.freq import calendar_names
    from tsattn.model import artifact

    panel = tiny.with_covariates()
    known = len(calendar_names(panel.freq)) + 1
    network = tiny.scrambled(dataclasses.replace(tiny.MODEL, front_end="gru"), past=1, known=known, static=1)
    folder = tmp_path_factory.mktemp("covariates") / "model"
    artifact.save(folder, network, tiny.card_of(network, schema=panel.schema))
    return folder


@pytest.fixture(scope="session")
def zero_shot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stand-in for the model in the package: a network of random weights that takes any series. To be read only."""
    from tests import tiny
    from tsattn.forecasting.ensemble.ensemble import DEFAULT
    from tsattn.model import artifact
    from tsattn.model.card import ANY_FREQ

    network = tiny.scrambled()
    place = tmp_path_factory.mktemp("package") / "zero_shot"
    artifact.save(place, network, dataclasses.replace(tiny.card_of(network), name="zero-shot", freq=ANY_FREQ, members=DEFAULT))
    return place


@pytest.fixture
def shipped(zero_shot: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The stand-in as the model in the package."""
    monkeypatch.setenv("TSATTN_ZERO_SHOT", str(zero_shot))
    return zero_shot


@pytest.fixture
def own_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace of the test's own, for the whole test."""
    monkeypatch.setenv("TSATTN_WORKSPACE", str(tmp_path / "w"))
    return tmp_path / "w"


@pytest.fixture(scope="session", autouse=True)
def one_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Graphs are traced once for all workers, and leave nothing in the user's own cache."""
    with pytest.MonkeyPatch.context() as patch:
        if "TSATTN_CACHE" not in os.environ:
            patch.setenv("TSATTN_CACHE", str(tmp_path_factory.getbasetemp().parent / "cache"))
        yield


@pytest.fixture(scope="session", autouse=True)
def without_weights() -> Iterator[None]:
    """No model in the package: tests train small networks, and would train the real one beside each. See test_shipped.py."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TSATTN_ZERO_SHOT", "")
        yield
