"""Golden forecasts: the model in the package and its ensemble on the sample data, so that a move of code changes no figure.

`python -m tests.golden` writes golden.json again, after a change that is meant to move forecasts (new weights, calibration).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
DATA = HERE.parent / "sample_data"
GOLDEN = HERE / "golden.json"
FILES = ("elnino.csv", "seattle-weather.csv", "sf-temps.csv", "stocks.csv")
MEMBERS = ("network", "all")
HORIZON = 6


def forecasts(workspace: Path) -> dict[str, Any]:
    """Medians and 80 % intervals of the first two items of each file: {file: {members: {item: [[low, median, high], ...]}}}."""
    import tsattn

    found: dict[str, Any] = {}
    for file in FILES:
        for members in MEMBERS:
            made = tsattn.forecast(
                str(DATA / file),
                model="zero-shot",
                members=members,
                horizon=HORIZON,
                quantiles=[0.1, 0.5, 0.9],
                workspace=workspace,
            ).forecast
            rows = {item: made.values[i].astype(float).round(6).tolist() for i, item in enumerate(made.item_ids[:2])}
            found.setdefault(file, {})[members] = rows
    return found


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        GOLDEN.write_text(json.dumps(forecasts(Path(place)), indent=1) + "\n", "utf-8")
