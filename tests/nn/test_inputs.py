"""The inputs of a network are declared once; everything that names them follows."""

from __future__ import annotations

import dataclasses
import inspect
import subprocess
import sys

import numpy as np
import pytest

from tests import tiny
from tsattn.data.windows import WindowBatch, gather, last_origins
from tsattn.model.inputs import feed
from tsattn.model.runtime import _shapes
from tsattn.nn.inputs import NAMES, TIMED, Inputs, InputSpec
from tsattn.nn.network import Network
from tsattn.training.batches import TrainingBatch


def test_when_an_input_is_declared_then_the_network_the_windows_and_the_batches_have_it():
    assert tuple(inspect.signature(Network.forward).parameters)[1:] == NAMES
    assert set(NAMES) - {"target", "seasons"} <= {f.name for f in dataclasses.fields(WindowBatch)}
    assert set(NAMES) <= {f.name for f in dataclasses.fields(TrainingBatch)}


@pytest.mark.parametrize("reach", [12, 24])
def test_when_windows_are_fed_then_their_shapes_are_the_declared_ones(reach):
    panel = tiny.with_covariates()
    model = dataclasses.replace(tiny.MODEL, horizon=reach)
    batch = gather(panel, last_origins(panel), model.context, reach)
    spec = InputSpec(1, batch.known.shape[2], 1, (0.5,))
    shapes = spec.shapes(model.context, reach)
    for arrays in (feed(batch, model), spec.example(model, 2)):
        assert set(arrays) == set(NAMES)
        assert {name: array.shape[1:] for name, array in arrays.items()} == shapes
        assert all(array.dtype == (np.int64 if name == "group" else np.float32) for name, array in arrays.items())


def test_when_a_window_may_be_of_any_length_then_only_its_axes_of_time_are_free():
    shapes = InputSpec(1, 3, 2, (0.5,)).shapes(None, 12)
    assert shapes == {"target": (None,), "past_cov": (None, 1), "known": (None, 3), "static": (2,), "seasons": (4,), "group": ()}
    assert TIMED == ("target", "past_cov", "known")
    network = tiny.scrambled()
    assert set(_shapes(tiny.card_of(network))) == {*NAMES, "forecast"}


def test_when_arrays_are_picked_then_they_come_in_the_order_of_the_network():
    arrays = InputSpec(0, 0, 0, (0.5,)).example(tiny.MODEL, 2)
    picked = Inputs.of({"other": np.zeros(1), **dict(reversed(arrays.items()))}).tensors()
    assert all(np.array_equal(t.numpy(), arrays[n], equal_nan=True) for t, n in zip(picked, NAMES, strict=True))


def test_when_the_declaration_is_imported_then_torch_is_not():
    code = "import tsattn.nn.inputs, tsattn.model.inputs, sys; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL)
    assert done.stdout.strip() == "False", done.stderr
