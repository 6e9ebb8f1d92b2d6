"""Training batches: drawn from (seed, rank, step) alone, and only from rows before the origins."""

from __future__ import annotations

import dataclasses
import sys
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from tests import tiny
from tsattn.data.panel import Panel
from tsattn.training.augment import SPAN, disturb, flip_and_mix, warp
from tsattn.training.batches import PARTS, TrainingBatch, choose_origins, cleaned, in_parts, sample, sample_ends
from tsattn.training.dataset import PanelSource
from tsattn.training.lightning import Module
from tsattn.training.profiler import Timeline

NAMES = [f.name for f in dataclasses.fields(TrainingBatch)]


def same(one: TrainingBatch, other: TrainingBatch) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True) for name in NAMES)


def test_when_seed_rank_and_step_are_the_same_then_so_is_the_batch():
    panel = tiny.with_covariates()
    first = sample(panel, tiny.MODEL, tiny.TRAIN, 5, rank=1)
    assert same(first, sample(panel, tiny.MODEL, tiny.TRAIN, 5, rank=1))
    assert not same(first, sample(panel, tiny.MODEL, tiny.TRAIN, 6, rank=1))
    assert not same(first, sample(panel, tiny.MODEL, tiny.TRAIN, 5, rank=0))
    assert not same(first, sample(panel, tiny.MODEL, dataclasses.replace(tiny.TRAIN, seed=1), 5, rank=1))


def test_when_a_batch_is_drawn_then_the_global_random_state_is_left_alone():
    np.random.seed(3)
    before = np.random.get_state()[1].copy()
    sample(tiny.waves(), tiny.MODEL, tiny.TRAIN, 0)
    assert np.array_equal(np.random.get_state()[1], before)


def test_when_a_batch_is_drawn_then_its_shapes_are_those_of_the_configuration():
    panel, model, train = tiny.with_covariates(), tiny.MODEL, tiny.TRAIN
    batch = sample(panel, model, train, 0)
    known = batch.known.shape[2]
    wanted = {
        "target": (train.batch, model.context),
        "past_cov": (train.batch, model.context, 1),
        "known": (train.batch, model.context + model.horizon, known),
        "static": (train.batch, 1),
        "seasons": (train.batch, 4),
        "group": (train.batch,),
        "past": (train.batch, model.context),
        "future": (train.batch, model.horizon),
        "prefix": (train.batch,),
        "origin": (train.batch, train.origins),
    }
    assert {name: getattr(batch, name).shape for name in NAMES} == wanted
    assert all(getattr(batch, name).dtype == np.float32 for name in NAMES[:8] if name != "group")


def windows_by_history(batch: TrainingBatch) -> dict[bytes, np.ndarray]:
    """Return the prefix, the number of origins and the values around them for each window, keyed by the window."""
    out = {}
    for row, future in enumerate(batch.future):
        target, known = batch.target[row], batch.known[row]
        seen = target[np.isfinite(target).argmax() :]
        whole, lead = np.concatenate([target, future]), len(target) - len(seen)
        at = [np.concatenate([whole[o - 4 : o + 4], known[o - 4 : o + 4].ravel()]) for o in batch.origin[row] if o]
        out[seen.tobytes() + future.tobytes()] = np.concatenate([[batch.prefix[row] - lead, len(at)], *at])
    return out


@pytest.mark.parametrize("step", range(4))
def test_when_a_batch_is_cut_into_parts_of_like_length_then_every_origin_sees_and_expects_the_same(step):
    model = dataclasses.replace(tiny.MODEL, context=1024, patch=8)
    train = dataclasses.replace(tiny.TRAIN, batch=40)
    whole = sample(tiny.with_covariates(), model, train, step)
    parts = in_parts(whole, model)
    assert 1 < len(parts) <= PARTS
    assert sum(len(part.target) for part in parts) == 40
    assert all(len(part.target) >= 40 // PARTS for part in parts)
    assert sum(part.target.size for part in parts) < 0.8 * whole.target.size
    before, after = windows_by_history(whole), {key: value for part in parts for key, value in windows_by_history(part).items()}
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[key], after[key], equal_nan=True) for key in before)


def test_when_a_batch_goes_through_in_parts_then_its_loss_and_gradients_are_those_of_the_whole():
    model = dataclasses.replace(tiny.MODEL, context=256, patch=8, front_end="none")  # a recurrent one reads empty tokens too
    whole = sample(tiny.with_covariates(), model, dataclasses.replace(tiny.TRAIN, batch=40), 0)
    network = tiny.scrambled(model, past=1, known=whole.known.shape[2], static=1)
    module = Module(network, tiny.TRAIN, "fp32", 4, Timeline())
    losses, gradients = [], []
    for parts in ([whole], in_parts(whole, model)):
        network.zero_grad()
        loss = module.loss_of([{name: torch.as_tensor(getattr(part, name)) for name in NAMES} for part in parts])
        loss.backward()
        losses.append(float(loss.detach()))
        gradients.append(torch.cat([p.grad.flatten() for p in network.parameters() if p.grad is not None]))
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    assert torch.linalg.norm(gradients[0] - gradients[1]) < 1e-4 * torch.linalg.norm(gradients[0])


def test_when_a_network_reads_windows_of_one_length_only_then_its_batches_stay_whole():
    model = dataclasses.replace(tiny.MODEL, context=1024, patch=8, encoder="window")
    whole = sample(tiny.with_covariates(), model, tiny.TRAIN, 0)
    (part,) = in_parts(whole, model)
    assert same(whole, part)


@pytest.mark.parametrize("step", range(5))
def test_when_what_lies_behind_the_wall_changes_then_no_batch_does(step):
    panel = tiny.with_covariates()
    hidden = np.concatenate([np.arange(a, b) for a, b in zip(panel.origin, panel.indptr[1:], strict=True)])
    target, past = panel.target.copy(), panel.past.copy()
    target[hidden], past[hidden] = 1e9, -1e9
    loud = dataclasses.replace(panel, target=target, past=past)
    assert same(sample(panel, tiny.MODEL, tiny.TRAIN, step), sample(loud, tiny.MODEL, tiny.TRAIN, step))


def marked(lengths: list[int], hidden: int) -> Panel:
    """Items whose value is their row number, all before the wall; `hidden` rows behind it hold 1e9."""
    rows = np.array(lengths) + hidden
    indptr = np.concatenate([[0], np.cumsum(rows)]).astype(np.int64)
    target = np.arange(indptr[-1], dtype=np.float32)
    origin = indptr[:-1] + lengths
    for first, end in zip(origin, indptr[1:], strict=True):
        target[first:end] = 1e9
    whole = Panel.from_arrays([target[a:b] for a, b in pairwise(indptr)])
    return dataclasses.replace(whole, origin=origin)


def test_when_many_batches_are_drawn_then_no_value_comes_from_behind_the_wall_or_before_the_item():
    panel = marked([200, 90, 30, 9], hidden=40)
    train = dataclasses.replace(tiny.TRAIN, batch=64)
    for step in range(20):
        rng = np.random.default_rng(step)
        ends = sample_ends(panel, rng, 64, tiny.MODEL.patch)
        assert (ends.row > panel.indptr[ends.item]).all()
        assert (ends.row < panel.origin[ends.item]).all()  # at least one step to learn from
        batch = sample(panel, tiny.MODEL, train, step)
        for values in (batch.target, batch.future):
            assert not np.nanmax(np.abs(values)) > 1e6


def test_when_origins_are_drawn_then_they_lie_at_or_after_the_prefix_and_after_the_first_observation():
    rng = np.random.default_rng(0)
    patch, context = tiny.MODEL.patch, tiny.MODEL.context
    past = rng.standard_normal((400, context)).astype(np.float32)
    head = rng.integers(0, context + 1, 400)
    past[np.arange(context) < head[:, None]] = np.nan
    past[rng.random(past.shape) < 0.3] = np.nan
    prefix, origin = choose_origins(past, patch, 6, rng)
    seen = np.isfinite(past)
    first = np.where(seen.any(1), seen.argmax(1), context - 1)
    assert ((prefix % patch == 0) & (prefix > first) & (prefix <= context)).all()
    chosen = origin > 0
    assert chosen.any(1).all()
    assert (origin[chosen] % patch == 0).all()
    assert ((origin >= prefix[:, None]) | ~chosen).all()
    assert (origin <= context).all()
    for row in origin:
        assert len(set(row[row > 0])) == (row > 0).sum()
    assert (prefix == context).mean() > 0.15  # some windows are scaled by all of their past


def test_when_windows_are_augmented_then_what_is_missing_stays_so_and_flat_ones_keep_their_future():
    rng = np.random.default_rng(1)
    target = (rng.standard_normal((300, 40)) * 5 + 100).astype(np.float32)
    target[:, 3:6] = np.nan
    target[0, :30], target[0, 30:] = 7.0, 9.0  # flat, then a step
    target[1, :30], target[1, 30:] = 0.0, 2.0
    target[2] = np.nan
    out = flip_and_mix(target.copy(), 30, rng, 0.3, 0.25)
    assert out.shape == target.shape
    assert out.dtype == np.float32
    assert np.isnan(out[2]).all()
    assert np.isnan(out[3:, 3:6]).all()
    assert np.isfinite(out[3:, 6:30]).mean() > 0.9  # mixing with a window that has none is rare
    unmixed = np.isclose(out[3:, 6:], target[3:, 6:], rtol=1e-4).all(1)
    assert unmixed.mean() > 0.3
    np.testing.assert_allclose(np.abs(out[0, 30:] - 7.0), 2.0, rtol=1e-3)
    np.testing.assert_allclose(out[0, 6:30], 7.0, rtol=1e-4)


def test_when_items_are_too_short_for_a_patch_then_batches_are_still_drawn():
    for lengths in ([1], [2], [3, 4], [1, 2, 8]):
        panel = Panel.from_arrays([np.arange(n, dtype=np.float32) for n in lengths])
        batch = sample(panel, tiny.MODEL, tiny.TRAIN, 0)
        assert np.isfinite(batch.target).any() or lengths == [1]


def test_when_seasons_are_found_for_a_batch_then_only_the_prefix_is_looked_at(monkeypatch):
    seen = []
    from tsattn.training import batches

    real = batches.find_seasons
    monkeypatch.setattr(batches, "find_seasons", lambda past, usual: (seen.append(past), real(past, usual))[1])
    batch = sample(tiny.waves(), tiny.MODEL, tiny.TRAIN, 0)
    beyond = np.arange(tiny.MODEL.context) >= batch.prefix[:, None]
    assert np.isnan(seen[0][beyond]).all()
    assert np.array_equal(seen[0][~beyond], batch.target[~beyond], equal_nan=True)


def test_when_no_augmentation_is_asked_for_then_batches_are_what_they_were():
    panel = tiny.waves()
    plain = sample(panel, tiny.MODEL, tiny.TRAIN, 3)
    assert same(plain, sample(panel, tiny.MODEL, dataclasses.replace(tiny.TRAIN, jitter=0.0, warp=0.0), 3))
    for field in ("jitter", "rescale", "warp", "hide"):
        train = dataclasses.replace(tiny.TRAIN, **{field: 0.2})
        changed = sample(panel, tiny.MODEL, train, 3)
        assert same(changed, sample(panel, tiny.MODEL, train, 3))
        assert not same(changed, plain)
        assert np.array_equal(np.isnan(changed.future), np.isnan(plain.future))
        assert not np.isinf(changed.target).any()


@pytest.mark.parametrize("panel", [tiny.with_covariates(), tiny.without_known(tiny.with_covariates())])
def test_when_covariates_are_declared_then_windows_are_not_warped(panel):
    plain = sample(panel, tiny.MODEL, tiny.TRAIN, 3)
    assert same(plain, sample(panel, tiny.MODEL, dataclasses.replace(tiny.TRAIN, warp=0.5), 3))


def test_when_windows_are_jittered_then_by_that_share_of_their_own_spread():
    rng = np.random.default_rng(0)
    target = (np.sin(np.arange(200) / 5) * np.array([[1e-3], [1.0], [1e6]]) + 7).astype(np.float64)
    out = disturb(target, 150, dataclasses.replace(tiny.TRAIN, jitter=0.1), rng)
    noise = (out - target).std(1) / target[:, :150].std(1)
    np.testing.assert_allclose(noise, 0.1, rtol=0.2)


def test_when_amplitudes_change_then_slowly_and_about_the_level():
    target = np.where(np.arange(400) % 2, 11.0, 9.0) * np.ones((50, 1))
    out = disturb(target, 400, dataclasses.replace(tiny.TRAIN, rescale=0.3), np.random.default_rng(1))
    factor = np.abs(out - 10)
    assert np.abs(np.diff(np.log(factor), axis=1)).max() < 0.02
    assert np.log(factor).std() == pytest.approx(0.3 * 0.85, abs=0.06)  # between two points a curve is calmer


def test_when_values_are_hidden_then_about_that_share_of_the_past_is_in_spans_and_nothing_else_changes():
    target = np.random.default_rng(2).standard_normal((200, 500))
    out = disturb(target, 400, dataclasses.replace(tiny.TRAIN, hide=0.1), np.random.default_rng(3))
    gone = np.isnan(out)
    assert not gone[:, 400:].any()
    assert gone[:, :400].mean() == pytest.approx(0.1, abs=0.01)
    edges = np.diff(gone[:, :400].astype(int), axis=1)
    assert gone[:, SPAN : 400 - SPAN].sum() / (edges == 1).sum() >= SPAN * 0.9
    np.testing.assert_allclose(out[~gone], target[~gone], rtol=1e-5, atol=1e-6)


def test_when_windows_are_warped_then_a_cycle_is_that_much_shorter_and_the_end_stays():
    time = np.arange(300.0)
    target = np.tile(np.sin(2 * np.pi * (time - 299) / 24), (40, 1))
    out, speed = warp(target, 0.4, np.random.default_rng(4))
    assert speed.min() >= np.exp(-0.4)
    assert speed.max() <= np.exp(0.4)
    expected = np.sin(2 * np.pi * (time - 299) * speed / 24)
    seen = np.isfinite(out)
    assert (seen == (299 - (299 - time) * speed >= 0)).all()
    np.testing.assert_allclose(out[seen], expected[seen], atol=0.02)
    np.testing.assert_allclose(out[:, -1], target[:, -1], atol=1e-6)
    holed = target.copy()
    holed[:, 200] = np.nan
    assert (np.isnan(warp(holed, 0.4, np.random.default_rng(4))[0]).sum(1) > (~seen).sum(1)).any()


AUGMENTED = {"flip": 1.0, "mixup": 1.0, "jitter": 0.1, "rescale": 0.1, "warp": 0.5, "hide": 0.1}


# each: calls for a window, since the few windows with a possible outlier are looked at one by one
@pytest.mark.parametrize(("given", "each"), [({}, 0), (AUGMENTED, 7)])
def test_when_a_batch_has_many_windows_then_no_python_runs_for_each(given, each):
    panel = tiny.waves((300, 200, 250))

    def calls(windows: int) -> int:
        """Return the number of Python and C function calls to draw a batch of this many windows."""
        train = dataclasses.replace(tiny.TRAIN, batch=windows, **given)
        sample(panel, tiny.MODEL, train, 0)  # imports and caches are of the first
        count = 0

        def note(frame: Any, event: str, argument: Any) -> None:
            nonlocal count
            count += event in ("call", "c_call")

        before = sys.getprofile()
        sys.setprofile(note)
        try:
            sample(panel, tiny.MODEL, train, 0)
        finally:
            sys.setprofile(before)
        return count

    few, many = calls(8), calls(256)
    assert many < 1.2 * few + each * 248, f"{few} calls for 8 windows, {many} for 256"


def test_when_windows_hold_additive_outliers_then_they_are_not_read_but_scored_and_stay_before_an_origin():
    past = np.random.default_rng(0).normal(0, 1, (2, 64)).astype(np.float32)
    past[0, [20, 39]] = 80
    origins = np.array([[40, 0], [16, 0]])
    read = cleaned(past, origins, ())
    assert np.flatnonzero(np.isnan(read[0])).tolist() == [20]  # 39 is the newest value of the origin at 40
    np.testing.assert_array_equal(read[1], past[1])
    assert cleaned(past[1:], origins[1:], ()) is not None


def test_when_a_level_shifts_within_a_window_then_origins_before_the_shift_do_not_see_it():
    past = np.random.default_rng(0).normal(0, 1, (1, 64)).astype(np.float32)
    past[0, 50:] += 40
    np.testing.assert_array_equal(cleaned(past, np.array([[48]]), ()), past)


def test_when_a_panel_holds_sentinels_then_no_batch_does():
    values = np.random.default_rng(0).normal(50, 5, 400)
    values[::9] = -9999
    source = PanelSource(Panel.from_arrays([values], freq="h"), tiny.MODEL, tiny.TRAIN)
    batch = source.sample(0, 0)
    for name in ("target", "past", "future"):
        assert np.nanmin(getattr(batch, name)) > -200
    assert source.panel.target.min() == -9999  # a resumed run is known by the data as they were given
