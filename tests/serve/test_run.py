"""`tsattn serve` as a program: its address, its end by a signal, and what keeps it from starting."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import urllib.parse
import urllib.request

import pytest

from tsattn.cli.main import main
from tsattn.errors import ExitCode
from tsattn.serve.run import Serving


@pytest.fixture
def server(zero_shot, tmp_path, request):
    """A running `tsattn serve` on a free port, with the options of the test's parameter: (process, url)."""
    environment = {**os.environ, "TSATTN_ZERO_SHOT": str(zero_shot), "TSATTN_WORKSPACE": str(tmp_path / "workspace")}
    command = [sys.executable, "-m", "tsattn", "serve", "--port", "0", "--json", "--workers", "1"]
    command += getattr(request, "param", [])
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield process, json.loads(process.stdout.readline())["url"]
    process.kill()
    process.communicate()


def post(url: str, rows) -> int:
    body = json.dumps({"data": rows, "horizon": 1}).encode()
    request = urllib.request.Request(f"{url}/forecast", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=300) as answer:
        return answer.status


@pytest.mark.parametrize("server", [["--queue", "0", "--body-timeout", "3s"]], indirect=True)
@pytest.mark.parametrize("kind", ["text/csv", "application/json", "multipart/form-data; boundary=x"])
def test_a_slow_upload_keeps_no_other_request_out_and_ends_with_408(server, rows, kind):
    address = urllib.parse.urlsplit(server[1])
    with socket.create_connection((address.hostname, address.port)) as slow:
        head = f"POST /forecast HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: {kind}\r\ncontent-length: 1000\r\n\r\n"
        part = '--x\r\ncontent-disposition: form-data; name="data"; filename="a.csv"\r\n\r\n'
        slow.sendall((head + part).encode())
        assert post(server[1], rows) == 200
        while not select.select([slow], [], [], 0.1)[0]:
            slow.sendall(b"-")
        answer = b"".join(iter(lambda: slow.recv(1 << 16), b""))
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"did not arrive within 3 seconds" in answer
    assert b"--body-timeout" in answer


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_when_sigterm_comes_then_the_running_request_is_answered_and_the_exit_code_is_143(server, rows):
    process, url = server
    statuses: list[int] = []
    asking = threading.Thread(target=lambda: statuses.append(post(url, rows)))
    workers = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True).stdout.split()
    for worker in workers:
        os.kill(int(worker), signal.SIGSTOP)
    asking.start()
    while b"requests_running 1" not in urllib.request.urlopen(f"{url}/metrics", timeout=300).read():
        pass
    process.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1)
    for worker in workers:
        os.kill(int(worker), signal.SIGCONT)
    asking.join()
    assert statuses == [200]
    assert process.wait(600) == ExitCode.TERMINATED
    assert process.stderr is not None
    shown = process.stderr.read()
    assert "Traceback" not in shown
    assert "POST /forecast 200" in shown


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_when_ctrl_c_is_pressed_then_the_exit_code_is_130(server):
    process, _ = server
    process.send_signal(signal.SIGINT)
    assert process.wait(600) == ExitCode.INTERRUPTED


def test_when_other_machines_can_reach_the_address_then_a_token_is_required(capsys, monkeypatch):
    monkeypatch.delenv("TSATTN_TOKEN", raising=False)
    assert main(["serve", "--host", "0.0.0.0", "--port", "0"]) == ExitCode.USAGE
    assert "TSATTN_TOKEN" in capsys.readouterr().err


def test_when_the_port_is_in_use_then_the_hint_names_the_option(capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["serve", "--port", str(taken.getsockname()[1])]) == ExitCode.USAGE
    assert "--port" in capsys.readouterr().err


def test_when_there_is_no_model_then_serve_says_how_to_train_one(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("TSATTN_ZERO_SHOT", "")
    assert main(["serve", "--port", "0", "--workspace", str(tmp_path / "empty")]) != ExitCode.DONE
    shown = capsys.readouterr()
    assert "no model in the workspace" in shown.err
    assert "tsattn train" in shown.err
    assert "Traceback" not in shown.err


def test_when_fastapi_is_not_installed_then_the_hint_names_the_extra(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "fastapi", None)
    assert main(["serve", "--port", "0"]) == ExitCode.USAGE
    assert "pip install 'tsattn[serve]'" in capsys.readouterr().err


@pytest.mark.parametrize(("workers", "said"), [(1, "(1 process;"), (3, "(3 processes;")])
def test_when_it_starts_then_the_number_of_processes_is_said(monkeypatch, capsys, workers, said):
    serving = Serving("http://127.0.0.1:1", False, workers, 60.0, 1)
    monkeypatch.setattr("tsattn.serve.run.serve", lambda *_, started, **__: started(serving))
    assert main(["serve"]) == ExitCode.DONE
    assert said in capsys.readouterr().out
