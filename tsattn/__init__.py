"""tsattn: time-series forecasting with an LSTM and self-attention network, from the command line or from Python.

Importing this package does nothing: each public name is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tsattn.api import backtest, describe, detect, explain, forecast, ingest, load, models, report, train, tune
    from tsattn.config import BacktestConfig, ModelConfig, ReadOptions, TrainConfig
    from tsattn.data.panel import Panel
    from tsattn.errors import TsattnError
    from tsattn.events import Listener
    from tsattn.forecasting.frame import Forecast
    from tsattn.render.progress import listening
    from tsattn.workflows.model import Model

__version__ = "0.1.0"
__all__ = [
    "BacktestConfig",
    "Forecast",
    "Listener",
    "Model",
    "ModelConfig",
    "Panel",
    "ReadOptions",
    "TrainConfig",
    "TsattnError",
    "__version__",
    "backtest",
    "describe",
    "detect",
    "explain",
    "forecast",
    "ingest",
    "listening",
    "load",
    "models",
    "report",
    "train",
    "tune",
]

_HOME = {
    "Forecast": "tsattn.forecasting.frame",
    "Listener": "tsattn.events",
    "Model": "tsattn.workflows.model",
    "Panel": "tsattn.data.panel",
    "listening": "tsattn.render.progress",
    "TsattnError": "tsattn.errors",
    **dict.fromkeys(("BacktestConfig", "ModelConfig", "ReadOptions", "TrainConfig"), "tsattn.config"),
    **dict.fromkeys(
        ("backtest", "describe", "detect", "explain", "forecast", "ingest", "load", "models", "report", "train", "tune"),
        "tsattn.api",
    ),
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'tsattn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
