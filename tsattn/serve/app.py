"""The application: routes, errors, start and end. FastAPI is an extra, so it is imported by `create_app`."""

# Annotations are evaluated where the routes are defined, because FastAPI reads them and its names are local to a function.

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsattn.errors import ConfigError, TsattnError
from tsattn.serve.body import Sent, Unsupported, read_body
from tsattn.serve.config import ServeConfig
from tsattn.serve.guard import BodyTooLarge, Guard, Refusal, line, too_large
from tsattn.serve.metrics import Metrics
from tsattn.serve.pool import Busy, Crashed, Pool, Reply, TooSlow
from tsattn.serve.schema import FORECAST, describe_token
from tsattn.serve.worker import error_document

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request

PAGE = Path(__file__).with_name("page")
FILES = {"/": ("page.html", "text/html"), "/page.css": ("page.css", "text/css"), "/page.js": ("page.js", "text/javascript")}
STATUS = ((Busy, 503), (TooSlow, 504), (Crashed, 500), (Unsupported, 415), (ConfigError, 400))
RETRY = "5"  # seconds after which a refused client may try again
INSTALL = "pip install 'tsattn[serve]'"


class TooLate(TsattnError):
    """Error when the body of a request did not arrive in time."""


def create_app(config: ServeConfig = ServeConfig(), log: Callable[[str], None] = lambda _: None) -> "FastAPI":
    """Return an ASGI application that forecasts over HTTP. Its worker processes start and end with it.

    log: gets a line for every request, without line breaks and control characters. Raises ConfigError without the extra `serve`.
    """
    try:
        import python_multipart  # noqa: F401 - forms need it
        from fastapi import FastAPI
        from fastapi.responses import JSONResponse
    except ImportError:
        raise ConfigError("`tsattn serve` needs FastAPI, which is not installed", INSTALL) from None
    from tsattn import __version__

    def say(text: str) -> None:
        log(line(text))

    pool, metrics = Pool(config, say), Metrics()

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await pool.start()
        yield
        await pool.close()

    app = FastAPI(
        title="tsattn",
        version=__version__,
        description="Forecast time series with prediction intervals.",
        lifespan=lifespan,
        docs_url=None,  # the pages of FastAPI load scripts from elsewhere
        redoc_url=None,
        default_response_class=JSONResponse,
    )
    _add_pages(app)
    _add_forecast(app, pool, metrics)
    _add_state(app, pool, metrics)
    _add_errors(app, say)
    describe_token(app, config.token is not None)
    app.state.pool, app.state.metrics = pool, metrics
    app.add_middleware(Guard, config=config, metrics=metrics, log=say)
    return app


def _add_pages(app: "FastAPI") -> None:
    """The page at / and its files."""
    from fastapi.responses import Response

    for path, (name, kind) in FILES.items():
        content = (PAGE / name).read_bytes()

        def page(content: bytes = content, kind: str = kind) -> Response:
            return Response(content, media_type=f"{kind}; charset=utf-8")

        app.add_route(path, _plain(page), methods=["GET", "HEAD"], include_in_schema=False)


def _plain(make: Callable[[], Any]) -> Callable[[Any], Any]:
    """A route of Starlette, which takes the request, from a function without arguments."""

    async def route(request: Any) -> Any:
        return make()

    return route


def _add_forecast(app: "FastAPI", pool: Pool, metrics: Metrics) -> None:
    from fastapi import Request
    from fastapi.responses import Response

    @app.post("/forecast", summary="Forecast the steps after the end of the data", openapi_extra=FORECAST)
    async def forecast(request: Request) -> Response:
        pool.stop_if_full()
        sent = await _body(request, pool.config.body_timeout)
        with pool.admit():
            reply: Reply = await pool.run(sent.header, sent.blobs, time.monotonic() + pool.config.timeout)
        metrics.series += reply.items
        return Response(reply.document, reply.status, media_type="application/json")


async def _body(request: "Request", seconds: float) -> Sent:
    """Read the body of a request. Raises TooLate if it is not complete after `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            return await read_body(request)
    except TimeoutError:
        raise TooLate(
            f"the body did not arrive within {seconds:g} seconds",
            "send fewer rows, or Parquet; or start the server with a longer --body-timeout",
        ) from None


def _add_state(app: "FastAPI", pool: Pool, metrics: Metrics) -> None:
    from fastapi.responses import JSONResponse, PlainTextResponse, Response

    from tsattn import __version__

    @app.get("/health", summary="Whether the server can forecast")
    async def health() -> Response:
        ready = pool.alive > 0
        state = {"status": "ok" if ready else "no worker process is ready", "version": __version__, "workers": pool.alive}
        return JSONResponse(state, 200 if ready else 503)

    @app.get("/models", summary="Names that `model` may have")
    def models() -> Response:
        from tsattn.workspace import ZERO_SHOT, Workspace, shipped

        workspace = Workspace.at(pool.config.workspace)
        names = [str(ref) for ref in reversed(workspace.models())] + ([ZERO_SHOT] if shipped() else [])
        return JSONResponse({"models": names})

    @app.get("/metrics", summary="Metrics for Prometheus", response_class=PlainTextResponse)
    async def prometheus() -> Response:
        return PlainTextResponse(metrics.text(pool), media_type="text/plain; version=0.0.4; charset=utf-8")


def _add_errors(app: "FastAPI", say: Callable[[str], None]) -> None:
    """Answer every error as JSON: kind, message and hint."""
    from fastapi.responses import Response
    from starlette.exceptions import HTTPException

    def document(status: int, error: Any, message: str, hint: str = "", headers: dict[str, str] | None = None) -> Response:
        return Response(error_document(error, message, hint), status, headers, media_type="application/json")

    async def expected(_: Any, error: Exception) -> Response:
        assert isinstance(error, TsattnError)
        status = next((code for kind, code in STATUS if isinstance(error, kind)), 408 if isinstance(error, TooLate) else 500)
        if status >= 500:
            say(f"{status}: {error.message}")
        headers = {503: {"retry-after": RETRY}, 408: {"connection": "close"}}
        return document(status, error, error.message, error.hint, headers.get(status))

    async def http(_: Any, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        hint = "POST /forecast, GET /, /health, /models, /metrics or /openapi.json" if error.status_code in (404, 405) else ""
        headers = dict(error.headers) if error.headers else None
        return document(error.status_code, "HTTPError", str(error.detail), hint, headers)

    async def large(request: Any, _: Exception) -> Response:
        refusal: Refusal = too_large(request.app.state.pool.config)
        return document(refusal.status, refusal.kind, refusal.message, refusal.hint, {"connection": "close"})

    async def bug(_: Any, error: Exception) -> Response:
        say(f"internal error: {type(error).__name__}: {error}")
        return document(500, "InternalError", "internal error of the server", "its log holds the details")

    app.add_exception_handler(TsattnError, expected)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(BodyTooLarge, large)
    app.add_exception_handler(Exception, bug)
