"""Signals that stop the program: SIGINT (Ctrl-C) and SIGTERM (stop of a service or container).

Both raise KeyboardInterrupt: at once or, inside `held()`, at the next `check()`. A second signal always raises at once. The
exit code shows which signal came first: 130 or 143.
"""

from __future__ import annotations

import contextlib
import dataclasses
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType

from tsattn.errors import ExitCode

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass
class _State:
    came: int | None = None  # the first signal
    held: int = 0
    answering: bool = False


_state = _State()


@contextlib.contextmanager
def listening() -> Iterator[None]:
    """Handle both signals inside the block. Signals that the caller ignores, as under `nohup`, stay ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    earlier = dataclasses.replace(_state)
    _state.came, _state.held = None, 0
    listen()
    try:
        yield
    finally:
        _state.held, _state.answering = earlier.held, earlier.answering
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)


def listen() -> None:
    """Install the handler of both signals."""
    _state.answering = True
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, answer)


def reclaim() -> None:
    """Reinstall the handler of SIGTERM if a library has replaced it."""
    if _state.answering and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, answer)


def ignore() -> None:
    """Ignore both signals from now on, once the exit code is final."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def answer(number: int, frame: FrameType | None) -> None:
    """Handle a signal. SIGTERM calls the current handler of SIGINT, so that training ends after its step for both."""
    again = _state.came is not None
    _state.came = _state.came or number
    if _state.held and not again:
        return
    other = signal.getsignal(signal.SIGINT)
    if number == signal.SIGTERM and callable(other) and other not in (answer, signal.default_int_handler):
        other(signal.SIGINT, frame)
        return
    raise KeyboardInterrupt


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Defer the first signal to the next `check()`."""
    _state.held += 1
    try:
        yield
    finally:
        _state.held -= 1


@contextlib.contextmanager
def allowed() -> Iterator[None]:
    """Let signals raise at once inside a `held()` block, where an interruption is harmless. Raises on entry if a signal was
    deferred.
    """
    check()
    before, _state.held = _state.held, 0
    try:
        yield
    finally:
        _state.held = before


def check() -> None:
    """Raise KeyboardInterrupt if a signal has come."""
    if _state.came is not None:
        raise KeyboardInterrupt


def exit_code() -> ExitCode:
    """Return the exit code of an interrupted program."""
    return ExitCode.TERMINATED if _state.came == signal.SIGTERM else ExitCode.INTERRUPTED
