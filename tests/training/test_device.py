"""Devices and precision: what is not there is refused in words."""

from __future__ import annotations

import pytest
import torch

from tsattn.errors import ConfigError
from tsattn.training.device import choose_device, choose_precision


def test_when_a_device_is_there_then_it_is_taken():
    assert choose_device("cpu") == torch.device("cpu")
    assert choose_device("auto").type in ("cpu", "cuda", "mps")


def test_when_a_device_is_unknown_or_not_there_then_the_error_says_what_to_use(monkeypatch):
    with pytest.raises(ConfigError, match="unknown device 'tpu'"):
        choose_device("tpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="no cuda device"):
        choose_device("cuda")


def test_when_precision_is_asked_for_then_it_is_given_and_an_unknown_one_refused():
    cpu = torch.device("cpu")
    assert [choose_precision(wanted, cpu) for wanted in ("fp32", "bf16")] == ["fp32", "bf16"]
    assert choose_precision("auto", cpu) in ("fp32", "bf16")
    with pytest.raises(ConfigError, match="unknown precision"):
        choose_precision("fp8", cpu)
