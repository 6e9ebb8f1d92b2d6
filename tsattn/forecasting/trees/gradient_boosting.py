"""Gradient boosting of regression trees (Friedman, 2001) with the C interface of LightGBM (Ke et al., 2017).

LightGBM's Python package imports pandas and SciPy, which takes longer than the fit to a series; its library loads in
milliseconds. https://lightgbm.readthedocs.io/en/latest/C-API.html describes the functions.
"""

from __future__ import annotations

import ctypes
import importlib.util
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np

Settings = Mapping[str, str | float | bool]  # LightGBM's parameters
MEDIAN: Settings = {  # of trees that forecast the median
    "objective": "l1",
    "feature_fraction": 0.6,
    "bagging_fraction": 0.6,
    "bagging_freq": 1,
    "deterministic": True,
    "force_row_wise": True,  # else timing decides, and sums differ from run to run
    "verbosity": -1,
}

_FLOAT32, _ROW_MAJOR, _NORMAL = 0, 1, 0  # C_API_DTYPE_FLOAT32, is_row_major, C_API_PREDICT_NORMAL
_PATTERN = "lib_lightgbm.*"
_ENVIRONMENT = ("lib", "Library/bin")  # folders of libraries under the environment's prefix, as conda has them
_BUFFER = 1 << 20  # bytes of a dump at first


def unavailable() -> str:
    """Return "" if LightGBM can be loaded, else the reason why not."""
    path = _path()
    if path is None:
        return "LightGBM is not installed (pip install lightgbm)"
    try:
        _library(path)
    except OSError as error:  # the OpenMP library of the system is missing
        return f"LightGBM cannot be loaded: {error} (on Debian: apt install libgomp1; on macOS: brew install libomp)"
    return ""


def boosted(x: np.ndarray, y: np.ndarray, settings: Settings, rounds: int) -> Booster:
    """Fit `rounds` trees to rows x (N, F), NaN = missing, and targets y (N,); fewer if no split reduces the loss any more.

    Raises RuntimeError if LightGBM is missing or refuses the data or the settings.
    """
    x, y = np.ascontiguousarray(x, np.float32), np.ascontiguousarray(y, np.float32)
    if not len(x) == len(y) > 0:
        raise RuntimeError(f"a fit needs at least one row, and one target per row: {len(x)} rows, {len(y)} targets")
    library, said = _loaded(), " ".join(f"{name}={_text(value)}" for name, value in settings.items()).encode()
    data = ctypes.c_void_p()
    _check(library.LGBM_DatasetCreateFromMat(_at(x), _FLOAT32, *x.shape, _ROW_MAJOR, said, None, ctypes.byref(data)))
    try:
        _check(library.LGBM_DatasetSetField(data, b"label", _at(y), len(y), _FLOAT32))
        booster = Booster(data, said, x.shape[1])
        finished = ctypes.c_int()
        for _ in range(rounds):
            _check(library.LGBM_BoosterUpdateOneIter(booster.handle, ctypes.byref(finished)))
            if finished.value:
                break
        return booster
    finally:
        library.LGBM_DatasetFree(data)


class Booster:
    """Trees of one fit, in LightGBM's memory. `boosted` makes them."""

    def __init__(self, data: ctypes.c_void_p, settings: bytes, columns: int) -> None:
        self.handle, self.columns = ctypes.c_void_p(), columns
        self._library = _loaded()
        _check(self._library.LGBM_BoosterCreate(data, settings, ctypes.byref(self.handle)))

    def __del__(self) -> None:
        if hasattr(self, "_library"):
            self._library.LGBM_BoosterFree(self.handle)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return the sum of the trees' outputs, (N,) float64, for rows x (N, F). Raises RuntimeError if F differs."""
        x = np.ascontiguousarray(x, np.float32)
        if x.shape[1] != self.columns:
            raise RuntimeError(f"the trees were fitted to {self.columns} columns, not {x.shape[1]}")
        out, count = np.zeros(len(x)), ctypes.c_int64()
        whole = (_NORMAL, 0, -1, b"num_threads=1", ctypes.byref(count))
        _check(self._library.LGBM_BoosterPredictForMat(self.handle, _at(x), _FLOAT32, *x.shape, _ROW_MAJOR, *whole, _at(out)))
        return out

    def dumped(self) -> str:
        """Return the trees as JSON, in the format of LightGBM's `dump_model`."""
        size, needed = _BUFFER, ctypes.c_int64()
        while True:
            buffer = ctypes.create_string_buffer(size)
            _check(self._library.LGBM_BoosterDumpModel(self.handle, 0, -1, 0, ctypes.c_int64(size), ctypes.byref(needed), buffer))
            if needed.value <= size:
                return buffer.value.decode()
            size = needed.value


def _path() -> Path | None:
    """Return the path of LightGBM's library: in its package or, with conda, in the environment's library folder."""
    spec = importlib.util.find_spec("lightgbm")  # does not import it
    if spec is None or spec.origin is None:
        return None
    return _library_beside(Path(spec.origin).parent)


@cache
def _library_beside(package: Path) -> Path | None:
    found = [*package.rglob(_PATTERN), *(one for folder in _ENVIRONMENT for one in Path(sys.prefix, folder).glob(_PATTERN))]
    return next(iter(found), None)


def _loaded() -> ctypes.CDLL:
    path = _path()
    if path is None:
        raise RuntimeError(unavailable())
    return _library(path)


@cache
def _library(path: Path) -> ctypes.CDLL:
    library = ctypes.CDLL(str(path))
    library.LGBM_GetLastError.restype = ctypes.c_char_p
    return library


def _check(code: int) -> None:
    if code:
        raise RuntimeError(f"LightGBM: {_loaded().LGBM_GetLastError().decode()}")


def _at(values: np.ndarray) -> ctypes.c_void_p:
    return values.ctypes.data_as(ctypes.c_void_p)


def _text(value: str | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
