"""Counts and times of the server, in the text format of Prometheus."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tsattn.serve.pool import Pool

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)  # seconds


@dataclass
class Metrics:
    """Counts since the start. Paths are those of routes, so that no request can add one."""

    requests: Counter[tuple[str, str, int]] = field(default_factory=Counter)  # (path, method, status)
    times: Counter[float] = field(default_factory=Counter)  # requests for a forecast by the smallest bucket that holds them
    seconds: float = 0.0  # spent on them
    series: int = 0

    def count(self, path: str, method: str, status: int, seconds: float) -> None:
        """Count one request."""
        self.requests[path, method, status] += 1
        if path == "/forecast":
            self.seconds += seconds
            self.times[next((bound for bound in BUCKETS if seconds <= bound), float("inf"))] += 1

    def text(self, pool: Pool) -> str:
        """Return all metrics in the text format of Prometheus."""
        lines = [*_head("requests_total", "counter", "HTTP requests by path, method and status.")]
        lines += [
            f'tsattn_requests_total{{path="{path}",method="{method}",status="{status}"}} {count}'
            for (path, method, status), count in sorted(self.requests.items())
        ]
        lines += self._histogram()
        simple = (
            ("series_total", "counter", "Series that were forecast.", self.series),
            ("worker_restarts_total", "counter", "Worker processes that were replaced.", pool.restarts),
            ("workers", "gauge", "Worker processes that are ready.", pool.alive),
            ("requests_running", "gauge", "Requests that are computed now.", pool.running),
            ("requests_waiting", "gauge", "Requests that wait for a worker process.", pool.waiting),
        )
        for name, kind, text, value in simple:
            lines += [*_head(name, kind, text), f"tsattn_{name} {value}"]
        return "\n".join(lines) + "\n"

    def _histogram(self) -> list[str]:
        name, total = "tsattn_forecast_seconds", 0
        lines = list(_head("forecast_seconds", "histogram", "Time of a request for a forecast, waiting included."))
        for bound in BUCKETS:
            total += self.times[bound]
            lines.append(f'{name}_bucket{{le="{bound:g}"}} {total}')
        total += self.times[float("inf")]
        return [*lines, f'{name}_bucket{{le="+Inf"}} {total}', f"{name}_sum {self.seconds:.6f}", f"{name}_count {total}"]


def _head(name: str, kind: str, text: str) -> tuple[str, str]:
    return f"# HELP tsattn_{name} {text}", f"# TYPE tsattn_{name} {kind}"
