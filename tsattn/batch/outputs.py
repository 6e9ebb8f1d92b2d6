"""Results -> every output of a job: each whole or not at all, and each tried, also after another failed."""

from __future__ import annotations

from tsattn.batch.job_values import Output
from tsattn.batch.jobs import Job, JobFile
from tsattn.batch.secrets import expanded
from tsattn.data.output_formats import Tables
from tsattn.errors import DataError, TsattnError


def deliver(job: Job, file: JobFile, tables: Tables, written: list[str]) -> None:
    """Write to every output, and name those that took it in `written`. Raises DataError that names those that did not."""
    failed = []
    for output in job.outputs:
        try:
            _write(output, file, tables, job.retries)
            written.append(str(output))
        except (TsattnError, OSError) as error:
            failed.append(f"{output}: {error.message if isinstance(error, TsattnError) else error.strerror or error}")
    if failed:
        raise DataError("; ".join(failed))


def _write(output: Output, file: JobFile, tables: Tables, retries: int) -> None:
    from tsattn.batch import output_files

    place = file.local(expanded(output.place))
    if output.kind == "database":
        from tsattn.batch.database import upsert

        upsert(place, expanded(output.table), tables, retries)
    else:
        (output_files.write_dataset if output.kind == "dataset" else output_files.write_file)(place, tables)
