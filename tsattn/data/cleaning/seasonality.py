"""Two seasonal periods of each window, found in its own past."""

from __future__ import annotations

import numpy as np

FEW = 16  # steps below which a season must be clearer than chance


def find_seasons(past: np.ndarray, usual: tuple[int, ...] | np.ndarray = ()) -> np.ndarray:
    """Return (B, 4) float32: two seasonal periods of each window of `past` (B, L), NaN = missing, and their autocorrelations.

    usual: the periods that the frequency usually carries, of all rows or of each (B, U).

    Columns: two periods p1 < p2 in steps (1 = none), and the autocorrelation of the detrended past at each. p1 is the
    shortest peak that comes within 0.7 of the highest, p2 the best one beyond 1.5·p1; a usual period within 0.8 of the
    best is taken first, unless a neighbour is clearly better (23 hours are no day). None is longer than half of what was
    observed, as fewer pairs often agree by chance; within FEW steps, other periods than the usual need a correlation of two
    standard errors. Only the given values are read, so a caller that passes the past alone
    cannot leak.
    """
    batch, length = past.shape
    out = np.ones((batch, 4), np.float32)
    out[:, 2:] = 0.0
    longest = length // 2
    if longest < 3:
        return out
    correlation = autocorrelation(past, longest)  # (B, longest + 1)
    lag = np.arange(longest + 1)
    peak = np.zeros_like(correlation, dtype=bool)
    peak[:, 2:-1] = (correlation[:, 2:-1] >= correlation[:, 1:-2]) & (correlation[:, 2:-1] >= correlation[:, 3:])
    seen = np.isfinite(past)
    span = np.where(seen.any(1), length - seen.argmax(1) - seen[:, ::-1].argmax(1), 0)
    short = lag <= span[:, None] // 2
    chance = 1 / np.sqrt(np.maximum(span, 1))  # of a correlation, by noise alone
    # among a few values some lag always agrees: a period that is not usual needs more than chance
    doubtful = (span[:, None] < FEW) & (correlation < 2 / np.sqrt(np.maximum(span[:, None] - lag, 1)))
    height = np.where(peak & short & (correlation > 0.1) & ~doubtful, correlation, 0.0)
    rows = np.arange(batch)
    usual = np.broadcast_to(np.asarray(usual, np.int64), (batch, np.shape(usual)[-1]))

    def choose(allowed: np.ndarray, share: float, bonus: np.ndarray | None = None) -> np.ndarray:
        allowed = allowed & short
        score = np.where(allowed, height, 0.0) * (1.0 if bonus is None else bonus)
        best = score.max(1, keepdims=True)
        pick = np.argmax(score >= share * np.maximum(best, 1e-9), 1)  # the shortest that is good enough
        for period in usual.T[::-1]:  # (B,)
            lag = np.where(period < longest, period, 0)
            around = np.where(allowed[rows, lag], correlation[rows, lag], 0.0)
            beside = np.maximum(correlation[rows, np.maximum(lag - 1, 0)], correlation[rows, lag + 1])
            fits = (around > 0.1) & (around >= 0.8 * best[:, 0]) & (around >= beside - chance)
            pick = np.where(fits & (lag > 0), period, pick)
        return np.where((best[:, 0] > 0) | (pick[:, None] == usual).any(1), np.maximum(pick, 1), 1)

    first = choose(np.broadcast_to(lag >= 2, height.shape), 0.7)
    seven = 1.0 + 0.2 * (np.abs(lag[None, :] - 7 * first[:, None]) <= 1)
    second = choose((lag[None, :] > 1.5 * first[:, None]) & (first[:, None] > 1), 0.999, seven)
    out[:, 0], out[:, 1] = first, np.where(second > 1, second, first)
    out[:, 2], out[:, 3] = correlation[rows, first], correlation[rows, out[:, 1].astype(np.int64)]
    out[:, 2:][out[:, :2] <= 1] = 0.0
    return out


def autocorrelation(past: np.ndarray, longest: int) -> np.ndarray:
    """Autocorrelation of the linearly detrended past (B, L) at lags 0 … longest, by FFT; missing values count for nothing.

    Each lag is normalised by the energy of the pairs it could use, so that long lags are not damped. -> (B, longest + 1)
    """
    length = past.shape[1]
    seen = np.isfinite(past)
    mask = seen.astype(np.float32)
    filled = np.where(seen, past, 0.0).astype(np.float64)
    count = np.maximum(mask.sum(1, keepdims=True), 1.0)
    time = np.arange(length) - (mask * np.arange(length)).sum(1, keepdims=True) / count
    mean = filled.sum(1, keepdims=True) / count
    spread = np.maximum((mask * time**2).sum(1, keepdims=True), 1e-9)
    slope = (mask * time * (filled - mean)).sum(1, keepdims=True) / spread
    x = (mask * (filled - mean - slope * time)).astype(np.float32)
    x /= np.maximum(np.sqrt((x**2).sum(1, keepdims=True)), 1e-12)
    size = 1 << (length + longest).bit_length()
    spectrum, power, cover = np.fft.rfft(x, size), np.fft.rfft(x**2, size), np.fft.rfft(mask, size)
    product = np.fft.irfft(np.abs(spectrum) ** 2, size)[:, : longest + 1]
    early = np.fft.irfft(power.conj() * cover, size)[:, : longest + 1]  # Σ x_t² over pairs (t, t + k)
    late = np.fft.irfft(power * cover.conj(), size)[:, : longest + 1]  # Σ x_{t+k}²
    energy = np.sqrt(np.maximum(early, 0) * np.maximum(late, 0))
    return np.where(energy > 1e-3, product / np.maximum(energy, 1e-3), 0.0).astype(np.float32)
