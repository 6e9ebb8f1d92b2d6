"""After a minute of training, estimate what the rest of the run will gain, so that the user can decide to stop it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from tsattn.events import Listener
from tsattn.render.format import duration

AFTER = 60.0  # seconds
FEWEST = 3  # validations that the estimate needs
WORTH = 30.0  # seconds left: with less there is nothing to decide


class Outlook:
    """Passes progress on, and sends one note after AFTER seconds.

    The loss usually falls by about as much with every doubling of the training time; the estimate continues that trend from
    the second half of the run so far.
    """

    def __init__(self, listener: Listener, clock: Callable[[], float] = time.monotonic) -> None:
        self.listener, self.clock, self.began = listener, clock, clock()
        self.seen: list[tuple[float, float]] = []  # (seconds, best loss so far) at each new best or validation
        self.phase, self.newest, self.sent = "", math.nan, False

    def __call__(self, now: Any) -> None:
        self.listener.progress(now)
        if self.sent or now.validation is None or now.best is None:
            return
        elapsed = self.clock() - self.began
        if now.phase != self.phase:  # losses of two networks make no trend
            self.phase, self.seen = now.phase, []
        if now.validation != self.newest:
            self.newest = now.validation
            self.seen.append((elapsed, now.best))
        if elapsed >= AFTER and len(self.seen) >= FEWEST and now.remaining >= WORTH:
            self.sent = True
            self.listener.note(self.line(elapsed, now.remaining))

    def line(self, elapsed: float, left: float) -> str:
        """The note: validation loss, its trend, the expected gain, and how to stop."""
        loss, first = self.seen[-1][1], self.seen[0][1]
        half = next(best for seconds, best in reversed(self.seen) if seconds <= elapsed / 2 or (seconds, best) == self.seen[0])
        gain = max(0.0, 1 - loss / half) * math.log2(1 + left / elapsed)
        return (
            f"{duration(elapsed)} of training: best validation loss {loss:.4f}, {100 * max(0.0, 1 - loss / first):.1f} % "
            f"below the first; the remaining {duration(left)} may lower it by about {100 * gain:.1f} %. "
            "Ctrl-C stops now and saves the best weights"
        )
