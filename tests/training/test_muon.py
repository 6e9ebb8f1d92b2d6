"""Muon against torch's own, which takes bfloat16 and one matrix at a time."""

from __future__ import annotations

import copy

import pytest
import torch

from tsattn.training.muon import Muon, orthogonal


@pytest.mark.parametrize("shape", [(8, 8), (16, 6), (6, 16), (9, 6)])
def test_when_a_matrix_is_made_orthogonal_then_its_singular_values_are_near_one(shape):
    matrices = torch.randn(5, *shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    values = torch.linalg.svdvals(orthogonal(matrices))
    assert values.min() > 0.6
    assert values.max() < 1.3
    # what is already known of the directions stays: U and V are those of the matrix
    u, _, v = torch.linalg.svd(matrices, full_matrices=False)
    core = u.mT @ orthogonal(matrices) @ v.mT
    assert (core - torch.diag_embed(core.diagonal(dim1=1, dim2=2))).abs().max() < 1e-9


def test_when_the_same_gradients_come_then_the_steps_are_those_of_torch():
    torch.manual_seed(0)
    ours = [torch.nn.Parameter(torch.randn(*shape)) for shape in ((12, 7), (12, 7), (7, 12), (9, 9))]
    theirs = copy.deepcopy(ours)
    settings = {"lr": 0.02, "weight_decay": 0.1, "momentum": 0.95}
    mine, reference = Muon(ours, **settings, dtype=torch.bfloat16), torch.optim.Muon(theirs, **settings)
    for _ in range(5):
        for a, b in zip(ours, theirs, strict=True):
            a.grad = torch.randn_like(a)
            b.grad = a.grad.clone()
        mine.step()
        reference.step()
    for a, b in zip(ours, theirs, strict=True):
        assert (a - b).abs().max() < 0.02 * 5 * 0.03  # of five steps of size 0.02: the rounding of bfloat16


def test_when_a_matrix_has_no_gradient_then_it_stays():
    still, moved = torch.nn.Parameter(torch.ones(3, 3)), torch.nn.Parameter(torch.eye(3))
    moved.grad = torch.eye(3)
    Muon([still, moved], lr=0.1, weight_decay=0.1).step()
    assert (still == 1).all()
    assert (moved != torch.eye(3)).any()
