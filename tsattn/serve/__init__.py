"""Forecasts over HTTP: `tsattn serve`, and `create_app` for a server of your own.

    app.py      routes, errors, start and end            request_options.py  options of a request, and their OpenAPI schema
    guard.py    hosts, tokens, headers, body size, logs   pool.py, worker.py  processes that compute, with loaded models
    body.py     JSON, uploads and raw files               frames.py           messages between the two
    metrics.py  counts and times for Prometheus           page/               the page at /

Requests are computed in worker processes, so a request that takes too long is ended by ending its process. No request names a
path: models are named as in the workspace, and files are sent in the body.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tsattn.serve.app import create_app
    from tsattn.serve.config import ServeConfig

__all__ = ["ServeConfig", "create_app"]


def __getattr__(name: str) -> Any:
    import importlib

    home = {"create_app": "tsattn.serve.app", "ServeConfig": "tsattn.serve.config"}
    if name in home:
        return getattr(importlib.import_module(home[name]), name)
    raise AttributeError(f"module 'tsattn.serve' has no attribute {name!r}")
