"""Kinds of attention: agreement with PyTorch and with each other, masks, lengths, token-by-token generation, gradients."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from tests.tiny import MODEL
from tsattn.nn.attention import MultiHeadAttention, angles_at, rotary_angles, scaled_dot_product_attention
from tsattn.nn.blocks import ATTENTION, CrossAttention
from tsattn.nn.linear_attention import CHUNK, LinearAttention
from tsattn.nn.position import Position, sinusoids
from tsattn.nn.window_attention import WindowAttention

WIDTH, HEADS, BATCH = 12, 2, 3
HEAD = WIDTH // HEADS


def made(kind: str, window: int = 5, dtype: torch.dtype = torch.float64) -> MultiHeadAttention:
    torch.manual_seed(0)
    layer = ATTENTION[kind](dataclasses.replace(MODEL, width=WIDTH, heads=HEADS, window=window))
    torch.nn.init.normal_(layer.project_out.weight, 0, 0.3)
    return layer.to(dtype).eval()


def tokens_of(count: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(BATCH, count, WIDTH, generator=torch.Generator().manual_seed(1), dtype=dtype)


def keys_of(count: int, missing: tuple[int, ...] = (0, 3, 6)) -> torch.Tensor:
    """The first tokens of each row hold nothing: series of several lengths in one batch."""
    return torch.arange(count) >= torch.tensor(missing)[:, None]


def angles_of(count: int, dtype: torch.dtype = torch.float64, start: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    cosine, sine = angles_at(torch.arange(start, start + count), HEAD)
    return cosine.to(dtype), sine.to(dtype)


def through(layer: MultiHeadAttention, x: torch.Tensor, keys: torch.Tensor, rotary: bool = True) -> torch.Tensor:
    with torch.no_grad():
        return layer(x, layer.mask(keys, angles_of(x.shape[1], x.dtype) if rotary else None, x.dtype))


@pytest.mark.parametrize("padded", [False, True])
def test_when_positions_are_left_out_then_multi_head_attention_is_that_of_torch(padded):
    count, layer = 9, made("full")
    keys = keys_of(count) if padded else torch.ones(BATCH, count, dtype=torch.bool)
    theirs = torch.nn.MultiheadAttention(WIDTH, HEADS, bias=False, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(layer.project_in.weight)
        theirs.out_proj.weight.copy_(layer.project_out.weight)
    x, hidden = tokens_of(count), torch.ones(count, count, dtype=torch.bool).triu(1)
    with torch.no_grad():
        wanted, weights = theirs(x, x, x, key_padding_mask=~keys, attn_mask=hidden, average_attn_weights=False)
    got = through(layer, x, keys, rotary=False)
    assert float((got - wanted)[keys].abs().max()) < 1e-6  # before the first key torch gives NaN
    assert (got[~keys] == 0).all()
    with torch.no_grad():
        ours = layer.weights(x, layer.mask(keys, None, x.dtype))
    assert float((ours - weights).transpose(1, 2)[keys].abs().max()) < 1e-6


def test_when_one_sequence_attends_to_another_then_it_agrees_with_torch():
    torch.manual_seed(2)
    layer = CrossAttention(WIDTH, HEADS).double()
    torch.nn.init.normal_(layer.project_out.weight)
    theirs = torch.nn.MultiheadAttention(WIDTH, HEADS, bias=False, batch_first=True, dtype=torch.float64)
    x, memory = tokens_of(4), tokens_of(9)
    visible = torch.rand(BATCH, 4, 9) < 0.5
    visible[..., 0] = True
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([layer.project_query.weight, layer.project_key_value.weight]))
        theirs.out_proj.weight.copy_(layer.project_out.weight)
        wanted, _ = theirs(x, memory, memory, attn_mask=~visible.repeat_interleave(HEADS, 0))
        assert float((layer(x, memory, visible) - wanted).abs().max()) < 1e-6
        assert (layer(x, memory, torch.zeros_like(visible)) == 0).all()


def test_when_weights_drop_out_then_a_share_is_zero_and_the_rest_is_scaled_up():
    torch.manual_seed(3)
    query, key, value = torch.randn(3, 50, 40, 8)
    _, whole = scaled_dot_product_attention(query, key, value)
    out, weights = scaled_dot_product_attention(query, key, value, dropout=0.25)
    kept = weights != 0
    assert float(kept.double().mean()) == pytest.approx(0.75, abs=0.03)
    torch.testing.assert_close(weights[kept], whole[kept] / 0.75)
    torch.testing.assert_close(out, weights @ value)


@pytest.mark.parametrize("window", [9, 10, 1000])
@pytest.mark.parametrize("rotary", [True, False])
def test_when_the_window_reaches_over_all_tokens_then_it_is_full_attention(window, rotary):
    x, keys = tokens_of(9), keys_of(9)
    wanted = through(made("full"), x, keys, rotary)
    assert float((through(made("window", window), x, keys, rotary) - wanted).abs().max()) < 1e-12


@pytest.mark.parametrize("count", [4, 5, 23])
@pytest.mark.parametrize("window", [1, 2, 5])
def test_when_the_window_is_narrow_then_it_is_full_attention_behind_a_band(count, window):
    """By definition, token t attends to tokens t - w + 1 … t."""
    layer, x, keys = made("window", window), tokens_of(count), keys_of(count, (0, 1, 3))
    band = torch.arange(count)[:, None] - torch.arange(count)
    visible = ((band >= 0) & (band < window)) & keys[:, None, None]
    full = made("full")
    seen = full.mask(keys, angles_of(count), x.dtype)
    seen = dataclasses.replace(
        seen,
        bias=torch.where(visible, 0.0, torch.finfo(torch.bfloat16).min).double(),
        sees=visible.any(-1)[:, 0, :, None].double(),
    )
    with torch.no_grad():
        wanted, weights = full(x, seen), full.weights(x, seen)
        ours = layer.mask(keys, angles_of(count), x.dtype)
        assert float((layer(x, ours) - wanted).abs().max()) < 1e-12
        assert float((layer.weights(x, ours) - weights).abs().max()) < 1e-12


def test_when_tokens_are_many_then_the_window_makes_nothing_quadratic():
    count, layer = 4096, made("window", 8, torch.float32)
    seen = layer.mask(torch.ones(1, count, dtype=torch.bool), angles_of(count, torch.float32), torch.float32)
    assert seen.bias is not None
    assert seen.bias.numel() == count * 16
    weights, _ = layer._attend(torch.zeros(1, count, WIDTH), seen)
    assert weights.numel() == HEADS * count * 16


@pytest.mark.parametrize("count", [3, CHUNK, CHUNK + 1, 3 * CHUNK + 5])
@pytest.mark.parametrize("rotary", [True, False])
def test_when_linear_attention_runs_in_chunks_then_it_is_its_quadratic_form(count, rotary):
    layer, x, keys = made("linear"), tokens_of(count), keys_of(count, (0, 1, 2))
    seen = layer.mask(keys, angles_of(count) if rotary else None, x.dtype)
    with torch.no_grad():
        value = layer.project_in(x)[..., 2 * WIDTH :].unflatten(-1, (HEADS, HEAD)).transpose(1, 2)
        slow = layer.project_out((layer.weights(x, seen) @ value).transpose(1, 2).flatten(2))
        assert float((layer(x, seen) - slow).abs().max()) < 1e-12
        if not rotary:
            total = layer.weights(x, seen).sum(-1).transpose(1, 2)
            torch.testing.assert_close(total, keys[..., None].double().expand_as(total))


def test_when_linear_attention_has_one_head_then_it_is_what_its_authors_wrote():
    """Katharopoulos et al. 2020, eq. 9, token by token."""
    torch.manual_seed(4)
    layer = LinearAttention(4, 1).double()
    torch.nn.init.eye_(layer.project_out.weight)
    x = torch.randn(1, 6, 4, dtype=torch.float64)
    with torch.no_grad():
        q, k, v = layer.project_in(x)[0].chunk(3, -1)
        q, k = torch.nn.functional.elu(q) + 1, torch.nn.functional.elu(k) + 1
        got = layer(x, layer.mask(torch.ones(1, 6, dtype=torch.bool), None, x.dtype))[0]
        for t in range(6):
            over = sum((q[t] @ k[u]) * v[u] for u in range(t + 1))
            torch.testing.assert_close(got[t], over / sum(q[t] @ k[u] for u in range(t + 1)))


@pytest.mark.parametrize("kind", ATTENTION)
@pytest.mark.parametrize("rotary", [True, False])
def test_when_a_series_is_padded_then_its_tokens_get_what_they_get_alone(kind, rotary):
    layer, count = made(kind), 13
    x, missing = tokens_of(count), (0, 3, 6)
    together = through(layer, x, keys_of(count, missing), rotary)
    wild = torch.where(keys_of(count, missing)[..., None], x, torch.full_like(x, 1e3))
    assert torch.equal(through(layer, wild, keys_of(count, missing), rotary), together)
    for row, gone in enumerate(missing):
        there = torch.ones(1, count - gone, dtype=torch.bool)
        alone = through(layer, x[row : row + 1, gone:], there, rotary)
        assert float((together[row : row + 1, gone:] - alone).abs().max()) < 1e-6  # float32 angles at other places
        assert (together[row, :gone] == 0).all()


@pytest.mark.parametrize("kind", ATTENTION)
@pytest.mark.parametrize("rotary", [True, False])
def test_when_tokens_come_one_after_another_then_attention_gives_what_it_gives_at_once(kind, rotary):
    layer, count, known = made(kind), 14, 6
    x, keys = tokens_of(count), keys_of(count, (0, 2, 5))
    whole = through(layer, x, keys, rotary)
    angles = angles_of(count) if rotary else None
    with torch.no_grad():
        start = None if angles is None else tuple(part[:known] for part in angles)
        cache = layer.remember(x[:, :known], layer.mask(keys[:, :known], start, x.dtype), count)
        for token in range(known, count):
            at = None if angles is None else (angles[0][token : token + 1], angles[1][token : token + 1])
            out, cache = layer.step(x[:, token : token + 1], cache, at)
            torch.testing.assert_close(out, whole[:, token : token + 1], rtol=1e-6, atol=1e-6)


def test_when_a_cache_is_full_then_the_oldest_token_goes():
    for kind, kept in (("full", 6), ("window", 5)):
        layer, x = made(kind), tokens_of(8)
        seen = layer.mask(torch.ones(BATCH, 6, dtype=torch.bool), None, x.dtype)
        with torch.no_grad():
            cache = layer.remember(x[:, :6], seen, 6)
            _, after = layer.step(x[:, 6:7], cache, None)
        assert after.key.shape[2] == kept
        assert torch.equal(after.key[:, :, :-1], cache.key[:, :, -kept + 1 :])
        assert layer.remember(x[:, :6], seen, 6).repeat(2).key.shape[0] == 2 * BATCH


@pytest.mark.parametrize("kind", ATTENTION)
def test_when_gradients_of_attention_are_taken_then_they_agree_with_finite_differences(kind):
    layer = made(kind, window=2)
    x = tokens_of(4)[:2].clone().requires_grad_()
    seen = layer.mask(keys_of(4, (0, 2)), angles_of(4), x.dtype)
    assert torch.autograd.gradcheck(lambda y: layer(y, seen), (x,))


def test_when_gradients_of_cross_attention_are_taken_then_they_agree_with_finite_differences():
    torch.manual_seed(5)
    layer = CrossAttention(4, 2).double()
    torch.nn.init.normal_(layer.project_out.weight)
    x, memory = (torch.randn(1, n, 4, dtype=torch.float64, requires_grad=True) for n in (2, 3))
    visible = torch.tensor([[[True, False, False], [True, True, False]]])
    assert torch.autograd.gradcheck(lambda y, m: layer(y, m, visible), (x, memory))


def test_when_positions_are_sinusoidal_then_they_are_those_of_the_paper():
    """PE(pos, 2i) = sin(pos / 10000^(2i/d)), PE(pos, 2i + 1) = cos of the same."""
    found = sinusoids(torch.arange(50), 8)
    for place in (0, 1, 49):
        for i in range(4):
            angle = torch.tensor(place / 10000 ** (2 * i / 8))
            torch.testing.assert_close(found[place, 2 * i], angle.sin(), atol=1e-5, rtol=0)
            torch.testing.assert_close(found[place, 2 * i + 1], angle.cos(), atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", ["rotary", "sinusoidal", "learned", "none"])
def test_when_a_series_starts_later_then_its_places_are_counted_from_there(kind):
    torch.manual_seed(6)
    position = Position(dataclasses.replace(MODEL, position=kind))
    x = torch.zeros(2, 8, MODEL.width)
    out = position(x, torch.tensor([0, 3])).detach()
    if kind in ("rotary", "none"):
        assert torch.equal(out, x)
        assert not list(position.parameters())
        return
    assert torch.equal(out[1, 3:], out[0, :5])
    assert len({tuple(row.tolist()) for row in out[0]}) == 8
    later = position(x[:, :1], torch.tensor([0, 3]), start=7).detach()
    assert torch.equal(later[:, 0], out[:, 7])
    assert torch.isfinite(position(x[:, :1], torch.tensor([0, 3]), start=50)).all()


def test_when_angles_are_asked_for_at_places_then_they_are_those_of_a_row_of_tokens():
    for one, other in zip(rotary_angles(9, HEAD), angles_at(torch.arange(9), HEAD), strict=True):
        assert torch.equal(one, other)


def test_when_a_window_is_made_then_it_knows_its_span():
    assert isinstance(made("window", 7), WindowAttention)
    assert made("window", 7).window == 7
