"""Signals that ask the program to stop: SIGINT (Ctrl-C) and SIGTERM (a service or a container that is stopped).

Both raise KeyboardInterrupt, at once or, within `held()`, where the work looks for them with `check()`. A second signal always
raises at once. The exit code tells which of them came: 130 or 143.
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
    """Answer both signals within the block. A signal that the caller ignores, as `nohup` does, stays ignored."""
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
    """Answer both signals from now on."""
    _state.answering = True
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, answer)


def reclaim() -> None:
    """Answer SIGTERM again where a library has begun to answer it in another way."""
    if _state.answering and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, answer)


def ignore() -> None:
    """Ignore both signals from now on: the exit code is settled."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def answer(number: int, frame: FrameType | None) -> None:
    """Handle a signal. SIGTERM does what SIGINT does at the moment: training ends after its step."""
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
    """Let the first signal wait for `check()`."""
    _state.held += 1
    try:
        yield
    finally:
        _state.held -= 1


@contextlib.contextmanager
def allowed() -> Iterator[None]:
    """Let a signal raise at once within a `held()` block, where stopping leaves nothing behind; one that came before too."""
    check()
    before, _state.held = _state.held, 0
    try:
        yield
    finally:
        _state.held = before


def check() -> None:
    """Raise KeyboardInterrupt when a signal has come."""
    if _state.came is not None:
        raise KeyboardInterrupt


def exit_code() -> ExitCode:
    """The exit code of a program that a signal ended."""
    return ExitCode.TERMINATED if _state.came == signal.SIGTERM else ExitCode.INTERRUPTED
