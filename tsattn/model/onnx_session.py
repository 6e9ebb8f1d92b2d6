"""The one way to ONNX Runtime."""

from __future__ import annotations

import os
from typing import Any


def onnxruntime() -> Any:
    """The module, which from 1.31 on keeps a device id and a log of events in the user's home, to be sent to its makers: not
    from here. Raises ImportError where it is not installed.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when it is loaded
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    return onnxruntime
