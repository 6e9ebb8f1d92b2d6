"""The load on `tsattn serve`: every answer is counted, and a wrong one fails the run."""

from __future__ import annotations

import json
import time

import pytest

from benchmarks import serve


def test_when_a_body_is_made_then_it_holds_the_rows_of_every_series():
    document = json.loads(serve.body(0, series=3, rows=20, members=None))
    assert len(document["data"]) == 60
    assert len({row["item_id"] for row in document["data"]}) == 3
    assert serve.body(0, 3, 20, None) == serve.body(0, 3, 20, None) != serve.body(1, 3, 20, None)


def test_when_the_time_is_over_then_no_request_is_begun():
    load = serve.Load(requests=2, end=time.monotonic() + 60)
    assert [load.next(), load.next(), load.next()] == [0, 1, None]
    assert serve.Load(requests=2, end=time.monotonic() - 1).next() is None


@pytest.mark.parametrize(("series", "code"), [(2, 0), (3, 1)])
def test_when_answers_are_counted_then_one_that_lacks_a_series_fails_the_run(serving_program, series, code, capsys, monkeypatch):
    monkeypatch.setattr(serve, "server", serving_program)
    monkeypatch.setattr(serve, "body", lambda *_: b"{}")
    assert serve.main(["--requests", "6", "--clients", "2", "--series", str(series)]) == code
    shown = capsys.readouterr().out
    assert "6 requests" in shown
    assert ("6 ok" in shown) is (code == 0)


@pytest.fixture
def serving_program():
    """In place of the server: one that answers every request with two forecasts."""
    import contextlib
    import os
    import threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            content = json.dumps({"forecasts": [{}, {}]}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            return

    @contextlib.contextmanager
    def start(*_):
        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as found:
            thread = threading.Thread(target=found.serve_forever)
            thread.start()
            yield f"http://127.0.0.1:{found.server_port}", os.getpid()
            found.shutdown()
            thread.join()

    return start
