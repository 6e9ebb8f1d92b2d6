"""A process that computes forecasts: it reads requests from stdin, and keeps the models that it has loaded.

Started by pool.py as `python -m tsattn.serve.worker`. It ends when its stdin ends, and whenever a request takes much longer than
the server waits, so it outlives neither the server nor a request.
"""

from __future__ import annotations

import contextlib
import dataclasses
import faulthandler
import json
import os
import signal
import sys
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tsattn.call_syntax import rewritten
from tsattn.data.names import printable, printable_json
from tsattn.errors import ArtifactError, ConfigError, DataError, TsattnError
from tsattn.events import WARNING, Listener
from tsattn.serve.config import EXPANSION, MB
from tsattn.serve.frames import packed, read_frame
from tsattn.serve.request_options import FIELDS, Asked, checked

if TYPE_CHECKING:
    from tsattn.data.reading.source import Part
    from tsattn.forecasting.frame import Forecaster
    from tsattn.workflows.results import Forecasted
    from tsattn.workspace import ModelRef, Workspace

MOST_MODELS = 8
GRACE = 10  # seconds after the server's own limit, at which the process ends by itself


class NoModel(ArtifactError):
    """Error for a request that names a model unknown to the server."""


class TooLarge(TsattnError):
    """Error for a body that unpacks to more than the server accepts, or a forecast that needs more memory than it has."""


STATUS = ((TooLarge, 413), (ConfigError, 400), (DataError, 422))


@dataclass
class Models:
    """Loaded models, the last MOST_MODELS that were used. A model folder that changed is loaded again."""

    kept: OrderedDict[tuple[str, int], Forecaster] = field(default_factory=OrderedDict)

    def load(self, folder: Path) -> Forecaster:
        from tsattn.model import runtime
        from tsattn.model.card import CARD

        key = (os.path.abspath(folder), (folder / CARD).stat().st_mtime_ns)
        if key not in self.kept:
            self.kept[key] = runtime.load(folder)
            while len(self.kept) > MOST_MODELS:
                self.kept.popitem(last=False)
        self.kept.move_to_end(key)
        return self.kept[key]


@dataclass(frozen=True)
class Settings:
    """Settings that the server passes to its processes."""

    workspace: str | None
    model: str | None
    max_body: int
    memory: int | None
    timeout: float


def main(arguments: list[str]) -> None:
    """Answer requests until stdin ends."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the server ends the processes: it finishes the running requests first
        signal.signal(number, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # output of libraries must not mix with the answers
    settings = Settings(**json.loads(arguments[0]))
    _limit_memory(settings.memory)
    models = Models()
    try:
        _warm_up(settings, models)
    except TsattnError as error:
        _send(answers, packed({"ready": False, "message": error.message, "hint": error.hint}))
        return
    _send(answers, packed({"ready": True}))
    serve(sys.stdin.buffer, answers, settings, models)


def serve(requests: IO[bytes], answers: IO[bytes], settings: Settings, models: Models) -> None:
    """Answer each frame of `requests` by one frame on `answers`."""
    while (frame := read_frame(requests)) is not None:
        header, blobs = frame
        faulthandler.dump_traceback_later(settings.timeout + GRACE, exit=True)
        status, items, document = answer(header, blobs, settings, models)
        faulthandler.cancel_dump_traceback_later()
        _send(answers, packed({"status": status, "items": items}, [document]))
        del frame, blobs, document


def answer(header: dict[str, Any], blobs: list[bytes], settings: Settings, models: Models) -> tuple[int, int, bytes]:
    """Return (HTTP status, number of series, JSON document) for one request."""
    try:
        result, asked = _forecast(header, blobs, settings, models)
        document = {**_public(result.to_mapping()), **({"history": history(result, asked.history)} if asked.history else {})}
        text = json.dumps(document, ensure_ascii=False, allow_nan=False)
        text = text.replace(json.dumps(str(result.ref.path), ensure_ascii=False)[1:-1], result.ref.name)  # in notes
        return 200, len(result.forecast), printable_json(text).encode()
    except ArtifactError as error:
        if isinstance(error, NoModel):
            return 404, 0, error_document(error, error.message, error.hint)
        print(printable(f"a model cannot be loaded: {error.message}"), file=sys.stderr, flush=True)
        return 500, 0, error_document(error, "the model cannot be loaded", "the log of the server says why")
    except TsattnError as error:
        status = next((code for kind, code in STATUS if isinstance(error, kind)), 500)
        return status, 0, error_document(error, in_request(error.message), in_request(error.hint))
    except MemoryError as error:
        return 413, 0, error_document(error, "the forecast needs more memory than the server allows", "send fewer rows or series")
    except Exception as error:
        return 500, 0, _fault(error, settings)


def error_document(error: BaseException | str, message: str, hint: str = "") -> bytes:
    """The JSON of an error, as `--json` prints it on the command line."""
    kind = error if isinstance(error, str) else type(error).__name__
    text = json.dumps({"error": {"kind": kind, "message": message, "hint": hint}}, ensure_ascii=False)
    return printable_json(text).encode("utf-8", "replace")


def in_request(text: str) -> str:
    """A message with options as a request has them: `--date-order dmy` becomes `date_order=dmy`."""
    return rewritten(text, lambda name, value: f"{name}={value or '…'}" if name in FIELDS else None)


def history(result: Forecasted, rows: int) -> list[dict[str, Any]]:
    """The last `rows` values of each series that was forecast, up to its last observed one; None for missing."""
    import numpy as np
    import pyarrow as pa

    from tsattn.data.iso_text import iso
    from tsattn.forecasting.frame import clock_column
    from tsattn.workflows.results import shortest

    panel, made = result.panel, []
    number = {item: b for b, item in enumerate(panel.item_ids)}
    for item in result.forecast.item_ids:
        b = number[item]
        first, end = int(panel.indptr[b]), int(panel.origin[b])
        begin = max(first, end - rows)
        stamps = panel.freq.advance(np.repeat(panel.start[b], end - begin), np.arange(begin - first, end - first))
        column = clock_column(stamps, panel.freq, panel.tz)
        texts = iso(pa.chunked_array([column])) if panel.freq.has_clock else column.to_pylist()
        values = [None if value != value else value for value in shortest(panel.target[begin:end])]
        made.append({"item_id": item, "timestamps": texts, "values": values})
    return made


def _forecast(header: dict[str, Any], blobs: list[bytes], settings: Settings, models: Models) -> tuple[Forecasted, Asked]:
    """Forecast one request. Raises TsattnError for everything that the request does wrong.

    If neither the request nor the server names a model, and the newest one that fits cannot forecast the data, for example for
    lack of future values, the zero-shot model does: a request that is answered without a model is answered after a training too.
    """
    from tsattn.forecasting.predict import Failure
    from tsattn.workflows.forecast import NO_VALUE, Order, run
    from tsattn.workspace import Workspace, shipped

    options, data, future = contents(header, blobs, settings.max_body)
    asked = checked(options)
    workspace = Workspace.at(settings.workspace)
    model = settings.model if asked.model is None else named(asked.model, workspace)
    members = None if not asked.members else asked.members[0] if len(asked.members) == 1 else asked.members
    order = Order(model, asked.horizon, asked.quantiles, members, asked.series, asked.as_of)

    def forecast(order: Order) -> Forecasted:
        made = run(data, future, order, workspace, asked.read, Listener(), models.load)
        known = {failure.item_id for failure in made.failures}
        empty = (Failure(item, NO_VALUE) for item in made.report.left_out if item not in known)  # the response has no read report
        return dataclasses.replace(made, failures=(*made.failures, *empty))

    try:
        return forecast(order), asked
    except DataError as error:
        if model is not None or not workspace.models() or (ready := shipped()) is None:
            raise
        with contextlib.suppress(TsattnError):
            made = forecast(dataclasses.replace(order, model=ready))
            note = f"{WARNING}the newest model that fits is not used: {error.message} ({in_request(error.hint)})"
            return dataclasses.replace(made, notes=(*made.notes, note)), asked
        raise


def contents(header: dict[str, Any], blobs: list[bytes], most: int) -> tuple[dict[str, Any], Part, Part | None]:
    """Return (options, data, future rows) of a request, from its JSON document or its files."""
    options: dict[str, Any] = dict(header["options"])
    if header["json"]:
        document = _parsed(blobs[0])
        parts = {name: _rows_part(name, document.pop(name)) for name in ("data", "future") if document.get(name) is not None}
        document.pop("data", None), document.pop("future", None)
        options |= document
    else:
        parts = {part: _file_part(name, blob, most) for (part, name), blob in zip(header["files"], blobs, strict=True) if blob}
    if "data" not in parts:
        raise DataError("the request has no data", 'send {"data": [{"date": "2024-01-01", "value": 1}, …]}, or a file')
    return options, parts["data"], parts.get("future")


def named(model: str, workspace: Workspace) -> ModelRef:
    """A model by its name. A request names models of the workspace only, never a path. Raises NoModel."""
    from tsattn.workspace import ZERO_SHOT, shipped

    ready = shipped()
    found = {ref.name: ref for ref in sorted(workspace.models(), key=lambda ref: ref.version)}
    found |= {f"{ref.name}/{ref.version}": ref for ref in workspace.models()}
    found |= {} if ready is None else {ZERO_SHOT: ready}
    if model not in found:
        raise NoModel(f"no model {model!r} on this server", "GET /models lists those there are")
    return found[model]


def _parsed(body: bytes) -> dict[str, Any]:
    hint = 'for example: {"data": [{"date": "2024-01-01", "value": 1}, …], "horizon": 12}'
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"the body is not JSON: {str(error)[:200]}", hint) from None
    if isinstance(document, list):
        return {"data": document}
    if not isinstance(document, dict):
        raise ConfigError(f"the body must be a JSON object, not {type(document).__name__}", hint)
    return document


def _rows_part(name: str, rows: Any) -> Part:
    """JSON rows as a part that the reader takes."""
    from tsattn.data.reading.source import part_of_bytes

    if not isinstance(rows, (list, dict)) or not rows:
        raise DataError(f"{name!r} holds no rows", 'send records: [{"date": "2024-01-01", "value": 1}, …]')
    if isinstance(rows, list) and not any(isinstance(row, (list, dict)) for row in rows):
        raise DataError(f"{name!r} holds single values, not records", 'send records: [{"date": "2024-01-01", "value": 1}, …]')
    try:
        text = json.dumps(rows, ensure_ascii=False)
    except RecursionError:  # the parser goes a little deeper
        raise ConfigError(f"{name!r} is nested too deeply", 'send records: [{"date": "2024-01-01", "value": 1}, …]') from None
    return part_of_bytes(name, text.encode("utf-8", "surrogatepass"))


def _file_part(name: str, content: bytes, most: int) -> Part:
    """An uploaded file as a part. Raises TooLarge when it unpacks to more than EXPANSION times the limit of a body."""
    from tsattn.data.reading.source import part_of_bytes

    name = printable(Path(name.replace("\\", "/")).name)[:100] or "the upload"
    part, limit = part_of_bytes(name, content), EXPANSION * most
    size = _parquet_size(part) if part.kind == "parquet" else _unpacked_size(part, limit)
    if size > limit:
        raise TooLarge(f"{name}: more than {limit / MB:,.0f} MB when unpacked", "send fewer rows or columns")
    return part


def _parquet_size(part: Part) -> int:
    """Bytes of all values of a Parquet file, unpacked."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with part.open() as stream:
            about = pq.ParquetFile(stream).metadata
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{part.name}: cannot be read as Parquet: {str(error)[:200]}", "check that the file is complete"
        ) from None
    sizes = [about.row_group(n).total_byte_size for n in range(about.num_row_groups)]
    return max(sum(sizes), 8 * about.num_rows * about.num_columns)


def _unpacked_size(part: Part, limit: int) -> int:
    """Bytes of a text, counted up to the limit and one block."""
    total = 0
    try:
        with part.open() as stream:
            while total <= limit and (block := stream.read(MB)):
                total += len(block)
    except OSError as error:
        raise DataError(f"{part.name}: cannot be unpacked: {str(error)[:200]}", "check that the file is complete") from None
    return total


def _public(document: dict[str, Any]) -> dict[str, Any]:
    """The document of `forecast --json` without paths of this machine."""
    return {key: value for key, value in document.items() if key not in ("path", "written", "paths")}


def _fault(error: Exception, settings: Settings) -> bytes:
    """Keep the traceback of a bug in the workspace's log, and report the bug to the client."""
    from tsattn.workspace import Workspace

    log = Workspace.at(settings.workspace).keep_fault(error, ["a request of tsattn serve"])
    print(printable(f"internal error: {type(error).__name__}; traceback in {log}"), file=sys.stderr, flush=True)
    return error_document("InternalError", "internal error of the server", "its log holds the details")


def _warm_up(settings: Settings, models: Models) -> None:
    """Load the usual model and forecast once, so that everything is imported. Raises TsattnError without a model."""
    from tsattn.workspace import Workspace, shipped

    workspace = Workspace.at(settings.workspace)
    models.load(workspace.find(settings.model).path if settings.model else (shipped() or workspace.latest()).path)
    rows = [{"date": f"2024-01-{day:02d}", "value": day % 7} for day in range(1, 29)]
    answer({"json": True, "options": {"horizon": 2}}, [json.dumps({"data": rows}).encode()], settings, models)


def _limit_memory(most: int | None) -> None:
    """Let allocations beyond `most` bytes fail, where the system can."""
    if most is None or not sys.platform.startswith("linux"):
        return
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _send(answers: IO[bytes], content: bytes) -> None:
    try:
        answers.write(content)
        answers.flush()
    except BrokenPipeError:  # the server is gone
        os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
