"""The worked examples of the essays this project began with, computed from the definition. See docs/attention.md."""

from __future__ import annotations

import math

import pytest
import torch

from tsattn.nn.attention import scaled_dot_product_attention


def by_hand(query: list[list[float]], key: list[list[float]], value: list[list[float]]) -> list[list[float]]:
    """softmax(Q Kᵀ / √d_k) V with nothing but the definition."""
    out = []
    for q in query:
        scores = [sum(a * b for a, b in zip(q, k, strict=True)) / math.sqrt(len(k)) for k in key]
        powers = [math.exp(s) for s in scores]
        weights = [p / sum(powers) for p in powers]
        out.append([sum(w * v[i] for w, v in zip(weights, value, strict=True)) for i in range(len(value[0]))])
    return out


THREE = torch.eye(3)
THREE_Q = torch.tensor([[1.0, 1], [1, 0], [0, 1]])
THREE_K = torch.tensor([[1.0, 0], [0, 1], [1, 1]])
THREE_V = torch.tensor([[1.0, 1], [0, 1], [1, 0]])


def test_when_three_tokens_are_the_identity_then_queries_keys_and_values_are_the_projections_themselves():
    """The essay prints Q = [[1,1],[1,1],[0,1]] and K = [[1,0],[1,1],[0,1]]: I W is W."""
    assert torch.equal(THREE @ THREE_Q, THREE_Q)
    assert torch.equal(THREE @ THREE_K, THREE_K)
    assert THREE_Q.tolist() != [[1, 1], [1, 1], [0, 1]]
    assert THREE_K.tolist() != [[1, 0], [1, 1], [0, 1]]


def test_when_three_tokens_attend_then_scores_weights_and_output_are_these():
    query, key, value = THREE @ THREE_Q, THREE @ THREE_K, THREE @ THREE_V
    assert (query @ key.T).tolist() == [[1, 1, 2], [1, 0, 1], [0, 1, 1]]  # 3 × 3: a score for each pair of tokens
    out, weights = scaled_dot_product_attention(query, key, value)
    expected = torch.tensor([[0.2483, 0.2483, 0.5035], [0.4011, 0.1978, 0.4011], [0.1978, 0.4011, 0.4011]])
    torch.testing.assert_close(weights, expected, atol=1e-4, rtol=0)
    torch.testing.assert_close(weights.sum(-1), torch.ones(3))
    torch.testing.assert_close(out, torch.tensor([[0.7517, 0.4965], [0.8022, 0.5989], [0.5989, 0.5989]]), atol=1e-4, rtol=0)
    torch.testing.assert_close(out, torch.tensor(by_hand(query.tolist(), key.tolist(), value.tolist())), atol=1e-6, rtol=0)
    printed = torch.tensor([[0.75, 1.25], [0.5, 0.75], [0.5, 0.5]])
    assert float(out.max()) <= 1  # a mean of values between 0 and 1 cannot be the essay's 1.25
    assert float((out - printed).abs().max()) > 0.5


SEQUENCES = torch.tensor(
    [[[1.0, 0, 1], [0, 1, 0], [1, 1, 1]], [[1, 1, 0], [0, 1, 1], [0, 0, 1]], [[0, 1, 1], [1, 0, 1], [1, 1, 0]]]
)
NINE_Q = torch.ones(3, 3)
NINE_K = torch.tensor([[1.0, 0, 1], [0, 1, 0], [1, 1, 1]])
NINE_V = torch.tensor([[1.0, 1, 0], [0, 1, 1], [1, 1, 1]])


def test_when_the_elements_are_three_by_three_then_each_is_a_sequence_of_three_tokens():
    """The essay calls each x_i a vector and prints a matrix: read as a batch of three sequences, every product is defined."""
    query, key, value = SEQUENCES @ NINE_Q, SEQUENCES @ NINE_K, SEQUENCES @ NINE_V
    assert query[0].tolist() == [[2, 2, 2], [1, 1, 1], [3, 3, 3]]
    assert key[0].tolist() == [[2, 1, 2], [0, 1, 0], [2, 2, 2]]
    assert value[0].tolist() == [[2, 2, 1], [0, 1, 1], [2, 3, 2]]
    assert (query[0] @ key[0].T).tolist() == [[10, 2, 12], [5, 1, 6], [15, 3, 18]]
    out, weights = scaled_dot_product_attention(query, key, value)
    torch.testing.assert_close(
        out[0],
        torch.tensor([[1.9953, 2.7562, 1.7586], [1.9310, 2.5839, 1.6184], [1.9997, 2.8494, 1.8495]]),
        atol=1e-4,
        rtol=0,
    )
    torch.testing.assert_close(weights.sum(-1), torch.ones(3, 3))
    for row in range(3):
        expected = by_hand(query[row].tolist(), key[row].tolist(), value[row].tolist())
        torch.testing.assert_close(out[row], torch.tensor(expected), atol=1e-5, rtol=0)


def test_when_scores_are_not_put_through_softmax_then_the_sum_is_no_mean():
    """The essay multiplies the values by the scores themselves, which do not sum to 1."""
    query, key, value = SEQUENCES[0] @ NINE_Q, SEQUENCES[0] @ NINE_K, SEQUENCES[0] @ NINE_V
    scores = query @ key.T / math.sqrt(3)
    assert float((scores @ value).max()) > float(value.max())
    assert float(scaled_dot_product_attention(query, key, value)[0].max()) <= float(value.max())


def test_when_softmax_runs_over_the_queries_then_a_token_no_longer_takes_a_mean():
    """An essay writes softmax(energy, dim=1) for (batch, queries, keys), which is the wrong axis."""
    energy = torch.tensor([[[0.0, 2.0], [1.0, -1.0]]])
    wrong, right = torch.softmax(energy, 1), torch.softmax(energy, 2)
    torch.testing.assert_close(right.sum(2), torch.ones(1, 2))
    assert float((wrong.sum(2) - 1).abs().min()) > 0.1


def test_when_scores_are_not_scaled_then_softmax_saturates_and_its_gradient_vanishes():
    """√d_k is there against vanishing gradients; one essay says that it causes them."""
    generator = torch.Generator().manual_seed(0)
    query, key = torch.randn(2, 200, 256, generator=generator)
    plain = query @ key.T
    slopes = []
    for scores in (plain, plain / math.sqrt(256)):
        weights = torch.softmax(scores, -1)
        slopes.append(float((weights * (1 - weights)).sum(-1).mean()))
    assert slopes[1] > 3 * slopes[0]


@pytest.mark.parametrize("heads", [1, 4])
def test_when_scores_of_heads_are_scaled_then_by_the_width_of_a_head_not_of_the_model(heads):
    """An essay divides by the square root of embed_size, whatever the number of heads."""
    query, key = torch.randn(2, heads, 5, 16 // heads, generator=torch.Generator().manual_seed(1))
    _, weights = scaled_dot_product_attention(query, key, key)
    own = torch.softmax(query @ key.transpose(-1, -2) / math.sqrt(16 // heads), -1)
    theirs = torch.softmax(query @ key.transpose(-1, -2) / math.sqrt(16), -1)
    torch.testing.assert_close(weights, own)
    assert (heads == 1) == torch.allclose(weights, theirs)
