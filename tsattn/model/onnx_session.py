"""Import of ONNX Runtime, with telemetry disabled."""

from __future__ import annotations

import os
from typing import Any


def onnxruntime() -> Any:
    """Import ONNX Runtime without telemetry and return the module.

    From version 1.31, it stores a device id and an event log in the home folder by default. Raises ImportError if it is not
    installed.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read on import
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    return onnxruntime
