"""CPU time that `tsattn train --from-scratch` needs to reach a given WQL, such as that of a fully trained peer.

    python -m benchmarks.reach --data PATH --set ett1/H/short --wanted 0.22 [--seconds 15 --seconds 30 …]

Scored on the windows before the test windows, which are dropped. Each budget, in CPU seconds, is a separate training with a
complete schedule; the first one that reaches the WQL ends the benchmark. `benchmarks/peers/neuralforecast_trained.py --before`
measures the WQL and time of a peer.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.family import step_time
from benchmarks.program import run
from benchmarks.sets import full_name, load_set
from tsattn.config import TrainConfig
from tsattn.data.panel import Panel
from tsattn.events import Listener
from tsattn.forecasting.backtest import backtest
from tsattn.workflows import candidates, model_selection
from tsattn.workflows.plan import plan

BUDGETS = (10.0, 20.0, 40.0, 80.0, 160.0, 320.0)


def after(panel: Panel, horizon: int, windows: int, season: int, steps: int) -> dict[str, Any]:
    """Train `steps` steps on the panel before its last windows, and score on these."""
    made = plan(panel, horizon=horizon, test_windows=windows, train={"steps": steps})
    began = time.process_time()
    with tempfile.TemporaryDirectory() as state:
        work = model_selection.Run(panel.before(made.test_start), made, Path(state), False, Listener())
        best, _ = model_selection.run(work, None, "scratch")
    busy = time.process_time() - began
    result = backtest(
        [candidates.forecaster_of(best, panel, horizon)], panel, horizon=horizon, windows=windows, season_length=season
    )
    return {"steps": best.fitted.steps, "busy": busy, **{m: result.score(best.name, m) for m in ("MASE", "WQL")}}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reach", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", required=True, help="the folder with the sets' CSV files")
    parser.add_argument("--set", default="ett1/H/short")
    parser.add_argument("--wanted", type=float, required=True, help="WQL to reach")
    parser.add_argument("--seconds", type=float, action="append", help=f"budget in CPU seconds; repeatable; default: {BUDGETS}")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    options = parser.parse_args(arguments)
    console, rows = Console(stderr=options.json), []
    panel, horizon, windows, season = load_set(options.data, full_name(options.set))
    panel = panel.before(panel.origin - horizon * windows)
    each = step_time(panel, horizon, windows)
    for seconds in sorted(options.seconds or BUDGETS):
        steps = max(5, int(seconds / (1 + TrainConfig.finish) / each))
        rows.append({"seconds": seconds, **after(panel, horizon, windows, season, steps)})
        console.print(rows[-1])
        if rows[-1]["WQL"] <= options.wanted:
            break
    reached = rows[-1]["busy"] if rows[-1]["WQL"] <= options.wanted else None
    console.print(f"reached after {reached:.0f} CPU seconds" if reached else "not reached")
    if options.json:
        print(json.dumps({"set": options.set, "wanted": options.wanted, "reached": reached, "runs": rows}, indent=2))
    return 0 if reached else 1


if __name__ == "__main__":
    run(main)
