"""`tsattn serve`: forecasts over HTTP, and a page for uploading files."""

from __future__ import annotations

from typing import Annotated

import typer

from tsattn.cli import options
from tsattn.cli.option_groups import uses
from tsattn.cli.session import Session
from tsattn.errors import ExitCode

MB = 1 << 20


@uses(session=options.session)
def serve(
    session: Session,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="Port to listen on; 0 takes a free one.")] = 8000,
    model: Annotated[
        options.Text,
        typer.Option(
            "--model",
            "-m",
            metavar="NAME|PATH",
            help="Model for requests that name none.  [default: the newest that suits the data]",
        ),
    ] = None,
    token: Annotated[
        options.Text,
        typer.Option(
            metavar="SECRET",
            envvar="TSATTN_TOKEN",
            show_envvar=False,
            help="Token that requests must send as `Authorization: Bearer SECRET`; required when other machines can reach "
            "ADDRESS. Prefer the environment variable: other users can see command lines.  [env: TSATTN_TOKEN]",
        ),
    ] = None,
    allow_host: Annotated[
        options.Many,
        typer.Option(metavar="NAME,…", show_default=False, help="More host names that the server answers to, such as a proxy's."),
    ] = None,
    workers: Annotated[
        options.Number, typer.Option(min=1, metavar="N", help="Number of worker processes.  [default: one per core, at most 4]")
    ] = None,
    queue: Annotated[int, typer.Option(min=0, metavar="N", help="Requests that may wait for a worker; more get 503.")] = 32,
    timeout: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help="Time limit of a forecast, including the wait for a worker, such as 30s or 2m; a longer one gets 504.",
        ),
    ] = "60s",
    body_timeout: Annotated[
        str, typer.Option(metavar="TIME", help="Time limit for receiving a request body; a slower upload gets 408.")
    ] = "30s",
    max_body: Annotated[
        int, typer.Option(min=1, metavar="MB", help="Size limit of a request body, in MB; a larger one gets 413.")
    ] = 16,
    max_memory: Annotated[
        int, typer.Option(min=512, metavar="MB", help="Memory limit of a worker, in MB (Linux); more gets 413.")
    ] = 4096,
) -> int:
    """Serve forecasts over HTTP, with a page for uploading files.

    POST rows or a file to /forecast; the response is the document of `tsattn forecast --json`. Runs until Ctrl-C or SIGTERM,
    and finishes running requests first. Needs the extra: pip install 'tsattn[serve]'.

    \b
    Examples:
      tsattn serve
      tsattn serve --model sales --port 9000
      TSATTN_TOKEN=… tsattn serve --host 0.0.0.0
      curl -H 'Content-Type: text/csv' --data-binary @sales.csv 'http://127.0.0.1:8000/forecast?horizon=14'
    """
    from tsattn.serve.config import ServeConfig, hosts_for
    from tsattn.serve.run import Serving
    from tsattn.serve.run import serve as run

    config = ServeConfig(
        workspace=session.workspace,
        model=model,
        token=token or None,
        hosts=hosts_for(host, options.listed(allow_host)),
        workers=workers,
        queue=queue,
        timeout=options.seconds(timeout, "--timeout") or 60.0,
        body_timeout=options.seconds(body_timeout, "--body-timeout") or 30.0,
        max_body=max_body * MB,
        memory=max_memory * MB,
    )

    def started(serving: Serving) -> None:
        if session.json:
            session.show(serving, lambda *_: None)
        else:
            processes = "1 process" if serving.workers == 1 else f"{serving.workers} processes"
            typer.echo(f"{serving.url} ({processes}; Ctrl-C ends it)")
        typer.get_text_stream("stdout").flush()

    run(config, host, port, log=(lambda _: None) if session.quiet else (lambda text: typer.echo(text, err=True)), started=started)
    return int(ExitCode.DONE)
