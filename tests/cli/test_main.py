from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tsattn import api
from tsattn.cli.main import main
from tsattn.errors import ConfigError, DataError, ExitCode, LockedError


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("TSATTN_WORKSPACE", str(tmp_path / "workspace"))
    return tmp_path / "workspace"


@pytest.fixture
def failing(monkeypatch):
    """Make `tsattn models` fail with an error."""

    def make(error: BaseException) -> None:
        def fail(**_):
            raise error

        monkeypatch.setattr(api, "models", fail)

    return make


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DataError("bad row", "look at line 7"), ExitCode.FAILED),
        (ConfigError("bad flag"), ExitCode.USAGE),
        (LockedError("taken"), ExitCode.LOCKED),
        (PermissionError(13, "Permission denied", "out.csv"), ExitCode.FAILED),
        (MemoryError(), ExitCode.FAILED),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED),
        (ZeroDivisionError("division by zero"), ExitCode.BUG),
    ],
)
def test_when_a_command_fails_then_the_exit_code_says_how_and_no_traceback_is_shown(failing, capsys, error, code):
    failing(error)
    assert main(["models"]) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err
    assert "Traceback" not in shown.err


def test_when_a_command_fails_then_the_message_and_the_hint_are_on_stderr(failing, capsys):
    failing(DataError("data.csv line 7: bad row", "type --freq D"))
    main(["models"])
    assert capsys.readouterr().err == "error: data.csv line 7: bad row\nhint: type --freq D\n"


def test_when_json_is_asked_for_then_an_error_is_one_json_document_on_stdout(failing, capsys):
    failing(DataError("bad row", "look at line 7"))
    assert main(["models", "--json"]) == 1
    shown = capsys.readouterr()
    assert json.loads(shown.out) == {
        "error": {"kind": "DataError", "message": "bad row", "hint": "look at line 7", "exit_code": 1}
    }
    assert shown.err == ""


def test_when_there_is_a_fault_then_a_log_holds_the_traceback_and_its_path_is_printed(failing, capsys, workspace):
    failing(ZeroDivisionError("division by zero"))
    assert main(["models"]) == 3
    shown = capsys.readouterr().err
    log = next((workspace / "logs").iterdir())
    assert str(log) in shown
    assert "ZeroDivisionError" in log.read_text("utf-8")
    assert "in fail" in log.read_text("utf-8")


def test_when_debug_is_asked_for_then_the_traceback_is_shown(failing, capsys):
    failing(DataError("bad row"))
    assert main(["models", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["detect", "monitor"])
def test_when_1_is_a_result_of_a_command_then_failed_work_has_a_code_of_its_own(command, tmp_path, capsys, monkeypatch):
    def fail(*_, **__):
        raise DataError("bad row")

    monkeypatch.setattr(api, "detect", fail)
    monkeypatch.setattr("tsattn.batch.monitor.watch", fail)
    for words in ([command, "x"], ["--quiet", command, "x"]):
        assert main(words) == 65
    assert main([command, "x", "--json"]) == 65
    assert '"exit_code": 65' in capsys.readouterr().out
    assert main([command, "x", "--bogus"]) == 2


@pytest.mark.parametrize(
    "words", [["bogus"], ["ingest"], ["ingest", "--bogus", "x.csv"], ["forecast", "x.csv", "--horizon", "0"]]
)
def test_when_the_command_line_is_wrong_then_the_exit_code_is_2(words, capsys):
    assert main(words) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert main([*words, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["exit_code"] == 2


@pytest.mark.parametrize("words", [["--json", "models"], ["models", "--json"]])
def test_when_a_global_option_stands_before_or_after_the_command_then_it_holds(words, capsys):
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["models"] == []


@pytest.mark.parametrize("words", [["--workspace", "elsewhere", "models"], ["models", "--workspace", "elsewhere"]])
def test_when_a_workspace_is_named_then_it_is_used(words, capsys):
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["workspace"] == "elsewhere"


@pytest.mark.parametrize("words", [["forecast"], ["forecast", "--json"]])
def test_when_there_is_no_model_then_forecast_says_how_to_make_one(words, capsys):
    assert main(words) == 1
    shown = capsys.readouterr()
    assert "tsattn train" in shown.out + shown.err


def test_when_the_reader_closes_the_pipe_then_the_program_ends_quietly(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from tsattn.__main__ import run; sys.argv = ['tsattn', 'models']; run()"],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        timeout=600,
        env={**os.environ, "TSATTN_WORKSPACE": str(tmp_path)},
    )
    os.close(writer)
    assert done.returncode == 0
    assert done.stderr == ""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one child")
def test_when_ctrl_c_comes_while_python_still_imports_then_there_is_one_line_and_no_traceback(tmp_path):
    # a job in the background is born deaf to SIGINT
    slow = "import sys, signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    slow += "class Finder:\n    def find_spec(self, name, *_):\n"
    slow += "        if name == 'typer': signal.raise_signal(signal.SIGINT)\n"
    code = slow + "sys.meta_path.insert(0, Finder())\nfrom tsattn.__main__ import run\nsys.argv = ['tsattn', 'models']\nrun()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")


def loaded(*words: str, **environment: str) -> list[str]:
    """Return the slow libraries that a command line loads."""
    code = "import sys; from tsattn.cli.main import main\ntry: main()\nexcept SystemExit: pass\n"
    code += "print('LOADED', *sorted({'pydantic', 'rich', 'pandas', 'torch', 'pytorch_lightning'} & {*sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, **environment},
    )
    return done.stdout.splitlines()[-1].split()[1:]


@pytest.mark.parametrize(("given", "wanted"), [(None, "1"), ("3", "3")])
def test_products_of_numpy_have_one_thread_unless_the_user_says_otherwise(monkeypatch, given, wanted, capsys):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", given or "")
    if given is None:
        monkeypatch.delenv("OPENBLAS_NUM_THREADS")
    main(["--version"])
    assert os.environ["OPENBLAS_NUM_THREADS"] == wanted
    fresh = "import sys, tsattn.cli.main; print('numpy' in sys.modules)"  # NumPy reads the variable when it is imported
    assert subprocess.run([sys.executable, "-c", fresh], capture_output=True, text=True, check=True).stdout == "False\n"


def test_when_no_value_has_to_be_read_then_pydantic_is_not_loaded(tmp_path):
    (tmp_path / "data.csv").write_text("day,x\n" + "".join(f"2024-01-{d:02},{d % 7}\n" for d in range(1, 31)))
    data, place = str(tmp_path / "data.csv"), ("--workspace", str(tmp_path / "w"))
    assert loaded("--help") == loaded("--version") == loaded("train", "--help") == []
    assert loaded(_TSATTN_COMPLETE="complete_bash", COMP_WORDS="tsattn tr", COMP_CWORD="1") == []
    assert loaded(_TSATTN_COMPLETE="complete_bash", COMP_WORDS="tsattn train --prof", COMP_CWORD="2") == []
    assert loaded("ingest", data, *place) == ["rich"]
    assert loaded("forecast", data, *place) == ["rich"]
    assert loaded("forecast", data, *place, "--horizon", "3") == ["pydantic", "rich"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--horizon", "three"), "--horizon"),
        (("--horizon", "0"), "--horizon"),
        (("--seed", "-1"), "--seed"),
        (("--nonsense",), "--nonsense"),
    ],
)
def test_when_a_value_is_wrong_then_it_is_still_read_and_refused(words, said, capsys):
    assert main(["forecast", "data.csv", *words]) == 2
    assert said in capsys.readouterr().err


def test_when_a_command_is_misspelt_then_the_right_one_is_named_at_once():
    code = "import sys; from tsattn.cli.main import main; code = main(['trian'])\n"
    code += "print(sorted({'pydantic', 'rich'} & {*sys.modules})); sys.exit(code)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stdout) == (2, "[]\n")
    assert done.stderr == "error: unknown command 'trian'\nhint: did you mean: tsattn train\n"


@pytest.mark.parametrize(
    ("arguments", "wanted", "said"), [(["--version"], 0, "tsattn "), (["trian"], 2, "error: unknown command")]
)
def test_when_a_library_would_abort_while_the_interpreter_is_taken_apart_then_the_exit_code_stands(arguments, wanted, said):
    code = (
        "import os, sys\n"
        "class Library:\n"
        "    def __del__(self, abort=os.abort):\n"
        "        abort()\n"
        "library = Library()\n"
        f"sys.argv = ['tsattn', *{arguments}]\n"
        "from tsattn.__main__ import run\n"
        "run()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
    assert done.returncode == wanted
    assert said in done.stdout + done.stderr
