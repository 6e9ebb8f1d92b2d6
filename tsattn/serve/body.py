"""The body of a request: a JSON document, a form with files, or the file itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tsattn.errors import ConfigError, TsattnError

if TYPE_CHECKING:
    from starlette.requests import Request

FORM = "multipart/form-data"
JSON = ("application/json", "text/json")
FILES = {
    "text/csv": "upload.csv",
    "text/plain": "upload.csv",
    "text/tab-separated-values": "upload.tsv",
    "application/x-ndjson": "upload.jsonl",
    "application/jsonl": "upload.jsonl",
    "application/vnd.apache.parquet": "upload.parquet",
    "application/x-parquet": "upload.parquet",
    "application/gzip": "upload.csv.gz",
    "application/zstd": "upload.csv.zst",
    "application/octet-stream": "upload",
}
MOST_FIELDS = 100


class Unsupported(TsattnError):
    """Error for a body of a kind that the server does not read."""


@dataclass(frozen=True)
class Sent:
    """A request for a worker process: the header of its frame, and the blobs."""

    header: dict[str, Any]
    blobs: list[bytes]


async def read_body(request: Request) -> Sent:
    """Read the body as its Content-Type says. Raises Unsupported for another kind, ConfigError for a broken form."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    options: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        options[name] = f"{options[name]},{value}" if name in options else value
    if kind in JSON:
        return Sent({"json": True, "options": options}, [await request.body()])
    if kind == FORM:
        return await _form(request, options)
    if kind in FILES:
        return Sent({"json": False, "options": options, "files": [("data", FILES[kind])]}, [await request.body()])
    raise Unsupported(
        f"the body has the content type {kind or '(none)'!r}" if kind else "the request has no content type",
        "send application/json, text/csv, application/vnd.apache.parquet, or a form with a file",
    )


async def _form(request: Request, options: dict[str, Any]) -> Sent:
    """A form: the file `data` (or `file`), optionally the file `future`, and options as fields."""
    from starlette.exceptions import HTTPException

    files, blobs = [], []
    try:
        async with request.form(max_files=2, max_fields=MOST_FIELDS, max_part_size=1 << 16) as form:
            for name, value in form.multi_items():
                if isinstance(value, str):
                    options[name] = f"{options[name]},{value}" if name in options else value
                    continue
                if name not in ("data", "file", "future"):
                    raise ConfigError(f"unknown file field {name!r}", "name it data, or future for future rows")
                files.append(("future" if name == "future" else "data", value.filename or "upload"))
                blobs.append(await value.read())
    except HTTPException as error:
        raise ConfigError(f"the form cannot be read: {error.detail}", "send one file as the field data") from None
    return Sent({"json": False, "options": options, "files": files}, blobs)
