"""Log lines that end a job: what it did, which series are bad, and why."""

from __future__ import annotations

from collections.abc import Callable

from tsattn.batch.runs import JobRun

Log = Callable[..., None]  # log(level, message, job=…, …)
TOLD, NAMES = 20, 5  # lines on bad items, and items that a line names


def tell(made: JobRun, log: Log) -> None:
    """Log the end of a run, and its bad items by reason."""
    level = {"done": "info", "partial": "warning"}.get(made.status, "error")
    over = f", {made.ended_items} ended long ago" if made.ended_items else ""
    counts = f"{made.done} items without fallbacks, {_with_fallbacks(made)}, {made.failed} failed{over}, {made.rows} rows"
    kept = "".join(f"; {one}" for one in made.details.get("kept", []))
    zone = made.details.get("timezone", "")
    zone = "" if str(made.cutoff).endswith(zone) else f" {zone}"  # a fixed offset is in the cutoff already
    said = f"{made.status}: {made.error}" if made.error else f"{made.status}: {counts}, cutoff {made.cutoff}{zone}{kept}"
    about = {
        key: value for key, value in made.to_mapping().items() if key not in ("details", "error", "job") and value is not None
    }
    log(level, said, job=made.job, **about)
    if lost := made.details.get("lost_series"):
        log("warning", lost, job=made.job)
    for kind, what in (("fallbacks", "fallback"), ("failures", "failed")):
        alike: dict[tuple[bool, str], list[str]] = {}
        for bad in made.details.get(kind, []):
            alike.setdefault((bool(bad["ended"]), bad["reason"]), []).append(bad["item_id"])
        for (ended, why), items in sorted(alike.items(), key=lambda one: one[0][0])[:TOLD]:
            names = ", ".join(items[:NAMES]) + (f" and {len(items) - NAMES:,} more" if len(items) > NAMES else "")
            log("info" if ended else "warning", f"{what}: {names}: {why}", job=made.job)


def _with_fallbacks(made: JobRun) -> str:
    """Return the number of items with fallbacks, and of their rows: often a few steps only lack known covariates."""
    rows, horizon = (made.details.get(key, 0) for key in ("fallback_rows", "horizon"))
    return f"{made.fallback} with fallbacks" + (f" ({rows:,} of their {made.fallback * horizon:,} rows)" if made.fallback else "")
