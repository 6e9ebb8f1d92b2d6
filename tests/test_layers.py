"""The walls of the house, and what importing costs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "tsattn"
# Typer itself reads values with pydantic, and finds the shell with shellingham: they are its cost, not ours
HEAVY = ("numpy", "pandas", "torch", "pytorch_lightning", "rich", "pyarrow", "matplotlib", "onnxruntime", "filelock")
# who alone may import a library, as paths under tsattn/ (a folder means all of it)
ONLY = {
    "pytorch_lightning": ("training/lightning.py",),
    "rich": ("render",),
    "typer": ("cli",),
    "fastapi": ("serve",),
    "starlette": ("serve",),
    "uvicorn": ("serve",),
    "matplotlib": (
        "render/plots.py",
        "render/backtest_plot.py",
        "render/anomalies_plot.py",
        "render/explain_plot.py",
        "synthetic/gallery.py",
    ),
    "filelock": ("workspace.py",),
    "sqlalchemy": ("batch/connections.py", "batch/database.py", "batch/shared_records.py", "batch/sqlite_times.py"),
    "optuna": ("workflows/tune.py",),
    "tenacity": ("batch/connections.py",),
    "torch": ("nn", "model", "training", "synthetic"),
    "onnxruntime": ("model",),
    "statsforecast": ("forecasting/baselines/statistical.py",),
    "pandas": ("data/reading/read.py", "data/reading/source.py", "api.py", "forecasting/frame.py", "data/sinks.py"),
}


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=900, cwd=ROOT, stdin=subprocess.DEVNULL
    )


def loaded_after(code: str) -> set[str]:
    done = run_python(f"{code}\nimport sys\nprint('LOADED', *sorted({{m.partition('.')[0] for m in sys.modules}}))")
    line = next((line for line in done.stdout.splitlines() if line.startswith("LOADED")), None)
    assert line is not None, done.stderr
    return set(line.split()[1:])


def test_when_the_contracts_are_checked_then_every_wall_stands():
    done = run_python("from importlinter.cli import lint_imports; import sys; sys.exit(lint_imports(no_cache=True))")
    assert done.returncode == 0, done.stdout + done.stderr


def test_when_a_training_begins_then_what_only_saving_needs_is_not_loaded():
    rooms = "workflows.train, workflows.model_selection, training.fit, model.artifact, model.runtime"
    code = "import " + ", ".join(f"tsattn.{room}" for room in rooms.split(", "))
    assert "pytorch_lightning" in (loaded := loaded_after(code))
    assert not loaded & {"onnx", "onnxscript", "onnxruntime", "pandas"}


def test_when_a_forecast_asks_for_no_sums_then_their_modules_are_not_loaded():
    done = run_python("import tsattn.workflows.forecast, sys; print(*sys.modules, sep='\\n')")
    loaded = done.stdout.splitlines()
    assert "tsattn.forecasting.predict" in loaded
    rooms = ("tsattn.forecasting.hierarchy", "tsattn.forecasting.joint", "tsattn.forecasting.conformal")
    assert not [name for name in loaded if name.startswith(rooms)]


def runtime_imports(path: Path) -> set[str]:
    """Top-level names of the libraries that a file imports, at its top or inside functions; not those for type checkers."""
    return runtime_imports_of(path.read_text("utf-8"))


def runtime_imports_of(source: str) -> set[str]:
    found: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            waiting.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
        waiting.extend(ast.iter_child_nodes(node))
    return found


@pytest.mark.parametrize("library", list(ONLY))
def test_when_a_library_has_its_rooms_then_no_other_file_imports_it(library):
    allowed = [PACKAGE / place for place in ONLY[library]]
    strangers = [
        str(path.relative_to(ROOT))
        for path in sorted(PACKAGE.rglob("*.py"))
        if library in runtime_imports(path) and not any(path == place or place in path.parents for place in allowed)
    ]
    assert not strangers


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["train", "--help"],
        ["forecast", "--help"],
        ["explain", "--help"],
        ["tune", "--help"],
        ["run", "--help"],
        ["serve", "--help"],
        ["bogus"],
        ["ingest", "--bogus"],
        ["--json", "ingest"],
    ],
    ids=" ".join,
)
def test_when_no_work_is_done_then_the_command_line_loads_nothing_heavy(arguments):
    code = f"from tsattn.cli.main import main\nmain({arguments!r})"
    assert not loaded_after(code) & {*HEAVY, "sqlalchemy", "optuna", "fastapi", "uvicorn"}


def test_when_the_package_is_imported_then_nothing_is_loaded():
    assert not loaded_after("import tsattn") & {*HEAVY, "typer"}


def test_when_data_is_forecast_then_lightning_and_torch_training_are_not_needed_to_import_the_verbs():
    loaded = loaded_after(
        "import tsattn.api, tsattn.workflows.find_model, tsattn.workflows.loaded_model, tsattn.render.tables, tsattn.render.plots"
    )
    assert not loaded & {"pytorch_lightning", "torch", "pandas", "matplotlib", "typer"}


def test_when_networks_are_listed_or_looked_into_then_lightning_is_not_needed():
    modules = "tsattn.workflows.describe, tsattn.workflows.explain, tsattn.model.artifact, tsattn.nn.inspect, tsattn.nn.outline"
    loaded = loaded_after(f"import {modules}\nfrom tsattn.cli.main import main\nmain(['models', '--kinds'])")
    assert "torch" in loaded
    assert not loaded & {"pytorch_lightning", "pandas", "matplotlib", "optuna"}


MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
    if path.name != "__main__.py"
)


def test_when_each_module_is_imported_alone_then_none_needs_another_first():
    """In one process, but with the house's own modules forgotten between two imports."""
    code = (
        "import importlib, sys\n"
        f"for name in {MODULES!r}:\n"
        "    for old in [m for m in sys.modules if m == 'tsattn' or m.startswith('tsattn.')]:\n"
        "        del sys.modules[old]\n"
        "    importlib.import_module(name)\n"
    )
    done = run_python(code)
    assert done.returncode == 0, done.stderr


def test_when_files_grow_then_they_are_split():
    long = {str(p.relative_to(ROOT)): n for p in PACKAGE.rglob("*.py") if (n := len(p.read_text("utf-8").splitlines())) > 400}
    assert not long


def test_when_models_are_loaded_then_no_pickle_is_near():
    banned = {"pickle", "cPickle", "_pickle", "cloudpickle", "joblib", "dill", "shelve", "marshal"}
    files = sorted(PACKAGE.rglob("*.py"))
    assert not {path.name: found for path in files if (found := runtime_imports(path) & banned)}
    assert not [path.name for path in files if re.search(r"\btorch\.(load|save)\b", path.read_text("utf-8"))]


def test_when_a_name_is_imported_from_pickle_then_the_wall_sees_it():
    assert runtime_imports_of("def f():\n    from pickle import loads\n") == {"pickle"}
