"""Quantiles -> Forecast -> scores. Knows a Forecaster only as a Protocol.

The room shares its name with the verb: `tsattn.forecast(...)` is `tsattn.api.forecast(...)`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Room(ModuleType):
    def __call__(self, *args: Any, **options: Any) -> Any:
        from tsattn.api import forecast  # of all things here only this one knows the house above

        return forecast(*args, **options)


sys.modules[__name__].__class__ = _Room
