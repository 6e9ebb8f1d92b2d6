"""The worker process without a server: models that are kept, options in hints, memory, and its end."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys

import pytest

from tsattn.serve.frames import packed, read_frame
from tsattn.serve.worker import Models, Settings, answer, in_request


@pytest.fixture
def settings(tmp_path, monkeypatch, zero_shot) -> Settings:
    monkeypatch.setenv("TSATTN_ZERO_SHOT", str(zero_shot))
    return Settings(str(tmp_path / "workspace"), None, 1 << 20, None, 60.0)


def asked(rows, **options) -> tuple[dict, list[bytes]]:
    return {"json": True, "options": {}}, [json.dumps({"data": rows, **options}).encode()]


def forecasts_of(rows, settings, models) -> list[dict]:
    status, items, document = answer(*asked(rows, horizon=2), settings, models)
    assert (status, items) == (200, 2)
    return json.loads(document)["forecasts"]


def test_when_requests_use_one_model_then_it_is_loaded_once_and_again_when_it_changed(
    settings, zero_shot, tmp_path, rows, monkeypatch
):
    from tsattn.model import runtime

    loads, load = [], runtime.load
    monkeypatch.setattr(runtime, "load", lambda folder: loads.append(folder) or load(folder))
    folder = shutil.copytree(zero_shot, tmp_path / "copy")
    monkeypatch.setenv("TSATTN_ZERO_SHOT", str(folder))
    models = Models()
    first = forecasts_of(rows, settings, models)
    assert forecasts_of(rows, settings, models) == first
    assert len(loads) == 1
    card = folder / "config.json"
    card.write_bytes(card.read_bytes())
    import os

    os.utime(card, ns=(1, 1))
    assert forecasts_of(rows, settings, models) == first
    assert len(loads) == 2


def test_when_the_program_has_a_fault_then_the_traceback_is_in_the_log_and_not_in_the_answer(
    settings, rows, tmp_path, monkeypatch
):
    from tsattn.workflows import forecast

    def fail(*_):
        raise ZeroDivisionError("a secret detail")

    monkeypatch.setattr(forecast, "run", fail)
    status, _, document = answer(*asked(rows), settings, Models())
    assert status == 500
    assert b"secret" not in document
    (log,) = (tmp_path / "workspace" / "logs").iterdir()
    assert "a secret detail" in log.read_text()


def test_when_a_model_is_damaged_then_the_answer_names_no_path(settings, rows, zero_shot, tmp_path, monkeypatch, capsys):
    folder = shutil.copytree(zero_shot, tmp_path / "broken")
    (folder / "config.json").write_text("{}")
    monkeypatch.setenv("TSATTN_ZERO_SHOT", str(folder))
    status, _, document = answer(*asked(rows), settings, Models())
    assert status == 500
    assert str(tmp_path) not in document.decode()
    assert str(folder) in capsys.readouterr().err


def test_json_nested_as_deeply_as_it_can_be_parsed_is_refused_and_never_a_fault(settings):
    deepest = sys.getrecursionlimit()
    for depth in (50, *range(deepest - 80, deepest + 5)):
        body = b'{"data": ' + b"[" * depth + b"1" + b"]" * depth + b"}"
        status, _, document = answer({"json": True, "options": {}}, [body], settings, Models())
        assert status in (400, 422), (depth, document)


def test_when_memory_runs_out_then_the_answer_says_so(settings, rows, monkeypatch):
    from tsattn.workflows import forecast

    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(forecast, "run", fail)
    status, _, document = answer(*asked(rows), settings, Models())
    assert status == 413
    assert "memory" in json.loads(document)["error"]["message"]


@pytest.mark.parametrize(
    ("hint", "said"),
    [
        ("name it: --freq D, for example", "name it: freq=D, for example"),
        ("specify it: --date-order dmy or --date-order mdy", "specify it: date_order=dmy or date_order=mdy"),
        ("use --target and --item", "use target=… and item=…"),
        ("see: tsattn ingest --verbose", "see: tsattn ingest --verbose"),
    ],
)
def test_when_a_hint_names_options_of_the_command_line_then_the_answer_names_those_of_a_request(hint, said):
    assert in_request(hint) == said


def test_when_stdin_ends_then_the_process_ends(settings):
    command = [sys.executable, "-m", "tsattn.serve.worker", json.dumps(settings.__dict__)]
    done = subprocess.run(command, input=packed({"json": True, "options": {}}, [b"{}"]), capture_output=True, timeout=600)
    assert done.returncode == 0, done.stderr
    stream = io.BytesIO(done.stdout)
    assert read_frame(stream)[0]["ready"] is True
    header, (document,) = read_frame(stream)
    assert header["status"] == 422
    assert "no data" in json.loads(document)["error"]["message"]
    assert read_frame(stream) is None


def test_when_a_frame_is_cut_off_then_it_is_an_error():
    whole = packed({"a": 1}, [b"xyz"])
    assert read_frame(io.BytesIO(whole)) == ({"a": 1, "sizes": [3]}, [b"xyz"])
    for cut in (2, 8, len(whole) - 1):
        with pytest.raises(EOFError):
            read_frame(io.BytesIO(whole[:cut]))


def test_when_a_model_that_was_trained_meanwhile_cannot_forecast_a_request_then_zero_shot_answers_it_as_before(
    settings, tmp_path, saved_with_covariates
):
    day = [{"time": f"2024-01-{n // 24 + 1:02d}T{n % 24:02d}:00", "target": n % 24} for n in range(200)]
    full = [{**row, "p": n % 3, "k": n % 2, "s": 1} for n, row in enumerate(day)]  # without future values of k
    options = {"horizon": 2, "target": ["target"]}
    before = [answer(*asked(rows, **options), settings, Models()) for rows in (day, full)]
    shutil.copytree(saved_with_covariates, tmp_path / "workspace" / "models" / "tiny" / "0001")
    after = [answer(*asked(rows, **options), settings, Models()) for rows in (day, full)]
    assert [status for status, *_ in (*before, *after)] == [200] * 4
    for old, new in zip(before, after, strict=True):
        assert json.loads(new[2])["forecasts"] == json.loads(old[2])["forecasts"]
        assert any("is not used: " in note for note in json.loads(new[2])["notes"])
    assert answer(*asked(day, **options, model="tiny"), settings, Models())[0] == 422
