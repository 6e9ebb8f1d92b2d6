"""Device and precision of training."""

from __future__ import annotations

import time

import torch

from tsattn.errors import ConfigError


def choose_device(wanted: str) -> torch.device:
    """Resolve a device name; "auto" prefers CUDA, then MPS, then CPU. Raises ConfigError if the device is not available."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return torch.device(next(name for name, found in there.items() if found))
    if wanted not in there:
        raise ConfigError(f"unknown device {wanted!r}", "use auto, cuda, mps or cpu")
    if not there[wanted]:
        raise ConfigError(f"no {wanted} device is available", "use --device auto")
    return torch.device(wanted)


def choose_precision(wanted: str, device: torch.device) -> str:
    """Resolve a precision; "auto" is bf16 on devices where it is faster, else fp32. Raises ConfigError for an unknown one."""
    if wanted not in ("auto", "fp32", "bf16"):
        raise ConfigError(f"unknown precision {wanted!r}", "use auto, fp32 or bf16")
    if wanted != "auto":
        return wanted
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    return "bf16" if device.type == "cpu" and _cpu_gains() else "fp32"


def _cpu_gains() -> bool:
    """Return True if bf16 matrix products are at least 1.5 times as fast as fp32 ones on this CPU.

    With AMX or AVX-512 bf16 they are 3 to 8 times as fast; emulated ones are slower.
    """
    seconds = {}
    for dtype in (torch.float32, torch.bfloat16):
        x = torch.ones(512, 512, dtype=dtype)
        x @ x
        best = float("inf")
        for _ in range(5):
            start = time.perf_counter()
            x @ x
            best = min(best, time.perf_counter() - start)
        seconds[dtype] = best
    return seconds[torch.bfloat16] * 1.5 < seconds[torch.float32]
