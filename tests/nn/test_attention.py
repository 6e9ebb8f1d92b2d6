"""Attention against torch's own and against float64 NumPy; masks, positions, causality."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tsattn.nn.attention import (
    MultiHeadAttention,
    attention_mask,
    causal_mask,
    rotary_angles,
    rotate,
    scaled_dot_product_attention,
)

HEADS, TOKENS, SIZE = 2, 6, 8


def reference(query, key, value, visible=None):
    """Eq. 1 of Vaswani et al., one query at a time, in float64."""
    out = np.zeros((*query.shape[:-1], value.shape[-1]))
    for place in np.ndindex(query.shape[:-1]):
        outer = place[:-1]
        scores = [float(query[place] @ k) / np.sqrt(query.shape[-1]) for k in key[outer]]
        seen = (
            np.ones(len(scores), bool) if visible is None else np.broadcast_to(visible, (*query.shape[:-1], len(scores)))[place]
        )
        if not seen.any():
            continue
        peak = max(s for s, v in zip(scores, seen, strict=True) if v)
        weights = [np.exp(s - peak) if v else 0.0 for s, v in zip(scores, seen, strict=True)]
        out[place] = sum(w * v for w, v in zip(weights, value[outer], strict=True)) / sum(weights)
    return out


def random_qkv(batch: int = 3, dtype: torch.dtype = torch.float32) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(1)
    return tuple(torch.randn(batch, HEADS, TOKENS, SIZE, generator=generator, dtype=dtype) for _ in range(3))


def masks() -> dict[str, torch.Tensor | None]:
    padding = torch.ones(3, 1, 1, TOKENS, dtype=torch.bool)
    padding[0, ..., :2] = False
    padding[1, ..., 1:4] = False
    return {"none": None, "padding": padding, "causal": causal_mask(TOKENS), "both": padding & causal_mask(TOKENS)}


@pytest.mark.parametrize("kind", masks())
def test_when_keys_are_masked_then_attention_agrees_with_torch_and_with_float64_numpy(kind):
    visible = masks()[kind]
    query, key, value = random_qkv()
    out, weights = scaled_dot_product_attention(query, key, value, visible)
    slow = reference(*(x.double().numpy() for x in (query, key, value)), None if visible is None else visible.numpy())
    np.testing.assert_allclose(out.numpy(), slow, atol=1e-6)
    wanted = torch.nn.functional.scaled_dot_product_attention(query, key, value, visible)
    alive = torch.ones(TOKENS, dtype=torch.bool) if visible is None else visible.any(-1).expand(3, HEADS, TOKENS)
    difference = (out - wanted).abs().amax(-1)
    assert float(torch.where(alive, difference, 0).max()) < 1e-6
    np.testing.assert_allclose(weights.sum(-1).numpy(), alive.expand(3, HEADS, TOKENS).float().numpy(), atol=1e-6)


def test_when_a_query_sees_no_key_then_its_output_and_its_gradients_are_zero():
    query, key, value = (x.requires_grad_() for x in random_qkv())
    visible = torch.ones(3, 1, TOKENS, TOKENS, dtype=torch.bool)
    visible[1, :, 2] = False
    out, _ = scaled_dot_product_attention(query, key, value, visible)
    assert (out[1, :, 2] == 0).all()
    assert (out[1, :, 3] != 0).all()
    out.sum().backward()
    assert torch.isfinite(query.grad).all()
    assert (query.grad[1, :, 2] == 0).all()


def test_when_a_key_is_masked_then_what_it_holds_changes_no_bit():
    query, key, value = random_qkv()
    visible = masks()["both"]
    before, _ = scaled_dot_product_attention(query, key, value, visible)
    key[0, :, :2], value[0, :, :2] = 1e30, -1e30
    after, _ = scaled_dot_product_attention(query, key, value, visible)
    assert torch.equal(before, after)


def test_when_gradients_are_taken_then_they_agree_with_finite_differences():
    query, key, value = (x[:1, :, :4, :3].clone().requires_grad_() for x in random_qkv(dtype=torch.float64))
    visible = causal_mask(4)
    assert torch.autograd.gradcheck(lambda q, k, v: scaled_dot_product_attention(q, k, v, visible)[0], (query, key, value))


def test_when_positions_are_rotary_then_scores_depend_on_the_distance_only():
    cosine, sine = rotary_angles(40, SIZE)
    query, key = torch.randn(2, SIZE, generator=torch.Generator().manual_seed(2))
    turned_query = rotate(query.expand(40, SIZE), cosine, sine)
    turned_key = rotate(key.expand(40, SIZE), cosine, sine)
    scores = (turned_query @ turned_key.T).numpy()
    for distance in (-7, -1, 0, 3, 20):
        along = np.diagonal(scores, distance)
        np.testing.assert_allclose(along, along[0], atol=1e-5)
    assert np.abs(scores[0, 1:] - scores[0, :-1]).max() > 1e-2


def test_when_a_vector_is_rotated_then_its_length_stays():
    x = torch.randn(5, TOKENS, SIZE, generator=torch.Generator().manual_seed(3))
    turned = rotate(x, *rotary_angles(TOKENS, SIZE))
    torch.testing.assert_close(turned.norm(dim=-1), x.norm(dim=-1))
    assert torch.equal(turned[:, 0], x[:, 0])


def test_when_heads_attend_then_each_does_so_in_its_own_features():
    torch.manual_seed(0)
    layer = MultiHeadAttention(HEADS * SIZE, HEADS)
    torch.nn.init.normal_(layer.project_out.weight)
    x, angles = torch.randn(3, TOKENS, HEADS * SIZE), rotary_angles(TOKENS, SIZE)
    visible = masks()["both"]
    with torch.no_grad():
        got = layer(x, attention_mask(visible, angles, x.dtype))
        projected = (x @ layer.project_in.weight.T).numpy()
    turned = []
    for part in range(2):  # queries and keys
        whole = (
            projected[..., part * HEADS * SIZE : (part + 1) * HEADS * SIZE].reshape(3, TOKENS, HEADS, SIZE).transpose(0, 2, 1, 3)
        )
        turned.append(rotate(torch.from_numpy(whole.copy()), *angles).double().numpy())
    value = projected[..., 2 * HEADS * SIZE :].reshape(3, TOKENS, HEADS, SIZE).transpose(0, 2, 1, 3).astype(np.float64)
    heads = reference(*turned, value, visible.numpy()).transpose(0, 2, 1, 3).reshape(3, TOKENS, HEADS * SIZE)
    wanted = heads @ layer.project_out.weight.detach().double().numpy().T
    np.testing.assert_allclose(got.numpy(), wanted, atol=1e-5)


def test_when_a_layer_is_new_then_it_adds_nothing():
    layer = MultiHeadAttention(HEADS * SIZE, HEADS)
    out = layer(
        torch.randn(1, TOKENS, HEADS * SIZE),
        attention_mask(causal_mask(TOKENS)[None, None], rotary_angles(TOKENS, SIZE), torch.float32),
    )
    assert (out == 0).all()
