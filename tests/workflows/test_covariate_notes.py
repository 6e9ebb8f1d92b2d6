"""The line on what covariates add, whatever candidate is saved."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from tests import tiny
from tsattn.data.panel import Schema
from tsattn.data.windows import rolling_origins
from tsattn.events import Listener
from tsattn.forecasting.ensemble.ensemble import DEFAULT
from tsattn.workflows import candidates, model_selection, selection_notes
from tsattn.workflows.candidates import AS_IS, SCRATCH, TUNED, Entry, Judged, _Contest
from tsattn.workflows.plan import plan
from tsattn.workflows.validation_windows import ValidationWindows

MODEL = {key: getattr(tiny.MODEL, key) for key in ("context", "patch", "width", "heads", "layers")}
QUICK = {"steps": 8, "batch": 8, "warmup": 2, "device": "cpu", "precision": "fp32"}
SCHEMA = tiny.with_covariates().schema
LINE = re.compile(r"^(.+) covariates: the loss is (\d\.\d{3}) with them and (\d\.\d{3}) without \([+-]\d+ %\)$")

pytestmark = pytest.mark.usefixtures("shipped")


def chosen(place, monkeypatch, wanted, panel=None):
    """Return the best entry and all scores of a run in which the candidate that is `wanted` ranks first."""
    monkeypatch.setattr(Judged, "rank", property(lambda one: one.loss - 100 * bool(wanted(one))))
    panel = tiny.with_covariates(600) if panel is None else panel
    made = plan(panel, horizon=12, model=MODEL, train=QUICK)
    run = model_selection.Run(panel.before(made.test_start), made, place, False, Listener())
    best, scores = model_selection.run(run, model_selection.base_for("auto", MODEL), "auto")
    assert wanted(scores[0])
    return best, scores


@pytest.mark.parametrize(
    ("wanted", "kinds"),
    [
        (lambda one: one.zero_shot == 0.5 and not one.trees, "known and past and static"),
        (lambda one: one.name == SCRATCH and not one.members, "known and past and static"),
        (lambda one: one.name == TUNED and one.zero_shot and one.trees == 1, "known and past and static"),
        (lambda one: one.name == AS_IS and one.members and not one.trees, "known and static"),
    ],
    ids=["average", "network", "average with trees", "zero-shot"],
)
def test_when_a_model_that_reads_covariates_is_saved_then_a_line_gives_the_loss_with_and_without(
    tmp_path, monkeypatch, wanted, kinds
):
    best, scores = chosen(tmp_path, monkeypatch, wanted)
    first, line = selection_notes.notes_of(best, scores, SCHEMA)
    found = LINE.match(line)
    assert found, line
    assert found[1] == kinds
    assert float(found[2]) == pytest.approx(scores[0].loss, abs=1e-3)
    hidden = [score for score in scores if score.hidden]
    assert hidden == [scores[-1]]
    assert float(found[3]) == pytest.approx(hidden[0].loss, abs=1e-3)
    assert hidden[0].title.endswith(" without covariates")
    assert " without covariates" not in first  # it is no candidate
    assert " + covariates" in scores[0].title


def test_when_the_saved_model_reads_no_covariates_or_time_is_short_then_the_line_says_so():
    past = Schema(past=("p",), past_features=("p",))
    zero_shot = Entry(AS_IS, tiny.scrambled(), tiny.TRAIN, None, DEFAULT)
    judged = Judged(AS_IS, DEFAULT, 0.7, 0.5)

    def line(schema):
        return selection_notes.notes_of(zero_shot, [judged], schema)[1:]

    assert line(past) == ("past covariates: the saved model does not read them",)
    assert line(SCHEMA) == ("known and static covariates: the loss without them was not measured, for lack of time",)
    assert line(Schema()) == ()


def contest(weight: float, network) -> tuple[_Contest, Entry]:
    """A contest on a panel whose covariates, but not its target, depend on `weight`; and an average with a network."""
    panel = tiny.with_covariates(400)
    panel = dataclasses.replace(panel, known=weight * panel.known, past=weight * panel.past, static=weight * panel.static)
    package = model_selection.base_for("auto", MODEL)
    windows = ValidationWindows(panel, rolling_origins(panel, 12, 3), 12)
    as_is = Entry(AS_IS, package.network(package.card.model), tiny.TRAIN, package.card.fitted, DEFAULT)
    entry = Entry(TUNED, network, tiny.TRAIN, package.card.fitted, zero_shot=0.25)
    return _Contest(windows, {AS_IS: as_is, TUNED: entry}, known=True), entry


def test_when_covariates_are_hidden_then_no_part_of_the_forecast_reads_them():
    network = tiny.scrambled(past=1, known=5, static=1)
    found = []
    for weight in (1.0, -2.0):
        made, entry = contest(weight, network)
        bare = made.windows.panel.without_covariates()
        found.append((made._hidden(entry), made.without_covariates(entry, bare, None)[0]))
    for (_, mine), (_, its) in zip(found[0][0], found[1][0], strict=True):
        np.testing.assert_array_equal(mine, its)
    assert found[0][1].loss == found[1][1].loss


def test_when_a_network_does_worse_without_its_covariates_than_zero_shot_then_zero_shot_stands_for_it():
    made, entry = contest(1.0, tiny.scrambled(past=1, known=5, static=1))
    bare = made.windows.panel.without_covariates()
    losses = {one.name: made.windows.score(values)[1] for one, values in made._hidden(entry)}
    judged, best = made.without_covariates(entry, bare, None)
    assert judged.loss == min(losses.values())
    assert best.name == min(losses, key=losses.get)
    assert candidates.kinds_of_covariates(bare.schema) == ()
    assert (bare.past.shape[1], bare.known.shape[1], bare.static.shape[1]) == (0, 0, 0)
