"""Devices and precision: clear errors for what is not available."""

from __future__ import annotations

import pytest
import torch

from tsattn.errors import ConfigError
from tsattn.training import device
from tsattn.training.device import choose_device, choose_precision


def test_when_a_device_is_there_then_it_is_taken():
    assert choose_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize(("cuda", "mps", "expected"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")])
def test_when_no_device_is_named_then_the_fastest_one_present_is_taken(monkeypatch, cuda, mps, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert choose_device("auto").type == expected


def test_when_a_device_is_unknown_or_not_there_then_the_error_says_what_to_use(monkeypatch):
    with pytest.raises(ConfigError, match="unknown device 'tpu'"):
        choose_device("tpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="no cuda device"):
        choose_device("cuda")


def test_when_precision_is_asked_for_then_it_is_given_and_an_unknown_one_refused():
    cpu = torch.device("cpu")
    assert [choose_precision(wanted, cpu) for wanted in ("fp32", "bf16")] == ["fp32", "bf16"]
    with pytest.raises(ConfigError, match="unknown precision"):
        choose_precision("fp8", cpu)


@pytest.mark.parametrize(("gains", "expected"), [(True, "bf16"), (False, "fp32")])
def test_when_precision_is_automatic_then_bf16_is_taken_only_where_it_is_faster(monkeypatch, gains, expected):
    monkeypatch.setattr(device, "_cpu_gains", lambda: gains)
    assert choose_precision("auto", torch.device("cpu")) == expected
