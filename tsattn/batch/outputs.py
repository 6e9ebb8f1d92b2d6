"""Results -> every output of a job: each is written completely or not at all, and tried even after another failed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from tsattn import interrupts
from tsattn.batch.job_values import Output
from tsattn.batch.jobs import Job, JobFile
from tsattn.batch.reruns import better_stored, with_fallbacks, without_worse
from tsattn.batch.secrets import expanded
from tsattn.batch.stored_forecasts import newer_cutoff
from tsattn.data.output_formats import Tables
from tsattn.data.result_files import renamed
from tsattn.errors import DataError, TsattnError, reason
from tsattn.forecasting.frame import quantile_name

_OVER = ' (ended long ago: ended_items = "skip" leaves such series out)'
_BEHIND = ": the input now ends earlier and may be incomplete (if it is complete, delete the file and run the job again)"


@dataclass
class Delivered:
    """Outputs that were written, and notes on those that keep stored forecasts.

    behind: True if one keeps a newer forecast although the run does not make up for an earlier moment.
    """

    written: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    behind: bool = False

    def to_mapping(self) -> dict[str, list[str]]:
        return {"written": self.written, **({"kept": self.kept} if self.kept else {})}


def deliver(
    job: Job, file: JobFile, tables: Tables, done: Delivered, wait: float, late: bool, ended: Collection[str] = ()
) -> None:
    """Write to every output, and list in `done` those that were written. Raises DataError that names the others.

    A file that holds a newer forecast of the job keeps it. `late`: the run makes up for an earlier moment (--as-of); otherwise
    the input has lost rows. Stored forecasts from the same cutoff with fewer fallbacks are kept (reruns.py). ended: series that
    ended long ago, which have the same cutoff in every run. A signal ends the delivery between two outputs.
    """
    failed, made = [], with_fallbacks(tables)
    for output in job.outputs:
        interrupts.check()
        try:
            place = file.local(expanded(output.place))
            if output.kind == "file" and (newer := newer_cutoff(output, place, job.name, tables)):
                done.behind |= not late
                done.kept.append(f"{output} keeps the newer forecast from cutoff {newer}{'' if late else _BEHIND}")
                continue
            rows: Tables | None = tables
            if kept := better_stored(job, output, place, tables, made, wait):
                which = "forecasts" if job.levels.asked else _forecasts_of(kept)
                over = _OVER if set(kept) <= set(ended) else ""
                done.kept.append(f"{output} keeps the earlier {which} from the same cutoff, with fewer fallbacks{over}")
                # forecasts of two runs would not add up
                rows = None if job.levels.asked else without_worse(job, output, place, tables, made, kept)
            if rows is not None:
                _write(output, job, file, rows, wait)
                done.written.append(str(output))
        except (TsattnError, OSError) as error:
            failed.append(f"{output}: {error.message if isinstance(error, TsattnError) else reason(error)}")
            hint = error.hint if isinstance(error, TsattnError) else ""
            failed[-1] += f" ({hint})" if hint else ""
    if failed:
        raise DataError("; ".join(failed))


def _forecasts_of(items: Sequence[str]) -> str:
    return f"forecast of {items[0]}" if len(items) == 1 else f"forecasts of {len(items):,} series, such as {items[0]},"


def check_columns(job: Job, quantiles: Sequence[float]) -> None:
    """Raise ConfigError for new column names that do not fit the columns of the job's results."""
    levels = ["level"] if job.levels.asked else []
    keys = ["job", "item_id", *levels, "cutoff", "timestamp", *map(quantile_name, quantiles)]
    for output in job.outputs:
        renamed([*keys, "fallback", "reason", "model", "version", "run_id"], dict(output.columns))


def _write(output: Output, job: Job, file: JobFile, tables: Tables, wait: float) -> None:
    place = file.local(expanded(output.place))
    if output.kind == "database":
        from tsattn.batch.database import upsert

        upsert(place, expanded(output.table), tables, job.retries, wait)
    elif output.kind == "dataset":
        from tsattn.batch.datasets import write_dataset

        write_dataset(place, tables)
    else:
        from tsattn.batch.output_files import write_file

        write_file(place, tables, dict(output.columns), file.paths(job))
