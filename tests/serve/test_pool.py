"""Worker processes: ended when a request takes too long, replaced when they die, and a queue that is bounded."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="stops processes by signals")


def pids_of(client) -> list[int]:
    return [worker.process.pid for worker in client.app.state.pool._all]


def wait_until(true, seconds: float = 600) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_when_a_forecast_takes_too_long_then_its_process_is_ended_and_replaced(serving, rows):
    with serving(timeout=5) as client:
        (pid,) = pids_of(client)
        os.kill(pid, signal.SIGSTOP)
        response = client.post("/forecast", json={"data": rows, "horizon": 1})
        assert response.status_code == 504
        assert "longer than 5 seconds" in response.json()["error"]["message"]
        wait_until(lambda: not is_alive(pid) and client.get("/health").status_code == 200)
        assert "tsattn_worker_restarts_total 1" in client.get("/metrics").text
        # a busy machine may need longer than the limit for the first forecast
        wait_until(lambda: client.post("/forecast", json={"data": rows, "horizon": 1}).status_code == 200)


def test_when_a_process_dies_then_the_server_goes_on(serving, rows):
    with serving() as client:
        (pid,) = pids_of(client)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: pids_of(client) and next(iter(client.app.state.pool._all)).process.returncode is not None)
        assert client.post("/forecast", json={"data": rows, "horizon": 1}).status_code == 200
        assert pids_of(client) != [pid]


def test_when_a_process_dies_at_work_then_the_client_gets_an_error(serving, rows):
    with serving() as client:
        (pid,) = pids_of(client)
        os.kill(pid, signal.SIGSTOP)
        answers = []
        asking = threading.Thread(target=lambda: answers.append(client.post("/forecast", json={"data": rows, "horizon": 1})))
        asking.start()
        wait_until(lambda: client.app.state.pool.running == 1)
        os.kill(pid, signal.SIGKILL)
        asking.join()
        assert answers[0].status_code == 500
        assert "ended unexpectedly" in answers[0].json()["error"]["message"]


def test_when_the_queue_is_full_then_the_answer_says_when_to_try_again(serving, rows):
    with serving(queue=1) as client:
        (pid,) = pids_of(client)
        os.kill(pid, signal.SIGSTOP)
        answers = []
        asking = [
            threading.Thread(target=lambda: answers.append(client.post("/forecast", json={"data": rows, "horizon": 1})))
            for _ in range(2)
        ]
        for one in asking:
            one.start()
        wait_until(lambda: client.app.state.pool.admitted == 2)
        refused = client.post("/forecast", json={"data": rows, "horizon": 1})
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0
        assert "busy" in refused.json()["error"]["message"]
        os.kill(pid, signal.SIGCONT)
        for one in asking:
            one.join()
        assert [answer.status_code for answer in answers] == [200, 200]
        assert client.app.state.pool.admitted == 0


def test_when_the_server_ends_then_its_processes_end(serving):
    with serving(workers=2) as client:
        pids = pids_of(client)
        assert len(pids) == 2
    wait_until(lambda: not any(map(is_alive, pids)))


def test_when_no_model_can_be_loaded_then_the_server_does_not_start(serving):
    from tsattn.errors import ConfigError

    with pytest.raises(ConfigError, match="no model 'nothing'"), serving(model="nothing"):
        pass
