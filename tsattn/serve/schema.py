"""The OpenAPI description of /forecast: three kinds of body, one set of options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tsattn.serve.request_options import parameters, properties

if TYPE_CHECKING:
    from fastapi import FastAPI

_ROWS = {
    "description": "Records, one for each row; or an object of columns, each a list.",
    "oneOf": [{"type": "array", "items": {"type": "object"}}, {"type": "object"}],
    "example": [{"date": "2024-01-01", "sales": 12}, {"date": "2024-01-02", "sales": 15}],
}
_FILE = {"type": "string", "format": "binary"}
_ERROR = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {"kind": {"type": "string"}, "message": {"type": "string"}, "hint": {"type": "string"}},
            "required": ["kind", "message", "hint"],
        }
    },
}
_ONE = {
    "type": "object",
    "properties": {
        "item_id": {"type": "string"},
        "cutoff": {"description": "Last observed timestamp."},
        "timestamps": {"type": "array", "items": {}},
        "quantiles": {
            "type": "object",
            "description": "Values of each quantile, one for each timestamp.",
            "additionalProperties": {"type": "array", "items": {"type": "number"}},
        },
    },
}
_ANSWER = {
    "type": "object",
    "description": "The document that `tsattn forecast --json` prints, without paths of the server.",
    "properties": {
        "model": {"type": "string"},
        "freq": {"type": "string"},
        "timezone": {"type": ["string", "null"]},
        "horizon": {"type": "integer"},
        "quantiles": {"type": "array", "items": {"type": "number"}},
        "forecasts": {"type": "array", "items": _ONE},
        "failures": {"type": "array", "items": {"type": "object"}, "description": "Series without a forecast, and why."},
        "data": {"type": "object", "description": "The report of reading: columns, frequency, repairs, warnings."},
        "effects": {
            "type": "array",
            "items": {"type": "object"},
            "description": "Effects of known covariates and calendar events.",
        },
        "notes": {"type": "array", "items": {"type": "string"}},
        "history": {"type": "array", "items": {"type": "object"}, "description": "Last rows of each series, where asked for."},
    },
}
_STATUS = {
    400: "A wrong option.",
    401: "The token is missing or wrong.",
    403: "The host name or the origin is not accepted.",
    404: "No such model.",
    408: "The body did not arrive in time.",
    413: "The body is too large, or the forecast needs too much memory.",
    415: "The content type is not read.",
    422: "The data cannot be used as it stands.",
    500: "A fault of the server.",
    503: "The server is busy; the header Retry-After says when to try again.",
    504: "The forecast took too long and was ended.",
}


def _body() -> dict[str, Any]:
    options = properties()
    whole = {"type": "object", "required": ["data"]}
    return {
        "required": True,
        "content": {
            "application/json": {"schema": {**whole, "properties": {"data": _ROWS, "future": _ROWS, **options}}},
            "multipart/form-data": {"schema": {**whole, "properties": {"data": _FILE, "future": _FILE, **options}}},
            "text/csv": {"schema": {"type": "string"}},
            "application/vnd.apache.parquet": {"schema": _FILE},
        },
    }


def _responses() -> dict[str, Any]:
    made: dict[str, Any] = {"200": {"description": "The forecast", "content": {"application/json": {"schema": _ANSWER}}}}
    content = {"application/json": {"schema": _ERROR}}
    return made | {str(status): {"description": text, "content": content} for status, text in _STATUS.items()}


FORECAST: dict[str, Any] = {"parameters": parameters(), "requestBody": _body(), "responses": _responses()}


def describe_token(app: FastAPI, needed: bool) -> None:
    """Add the token to the OpenAPI document of a server that needs one."""
    if not needed:
        return
    make = app.openapi

    def openapi() -> dict[str, Any]:
        document = make()
        document.setdefault("components", {})["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"token": []}]
        return document

    app.openapi = openapi  # type: ignore[method-assign]
