from __future__ import annotations

import numpy as np
import pytest

from tests import tiny
from tsattn.config import ModelConfig, TrainConfig, from_mapping
from tsattn.workflows.plan import Plan, plan
from tsattn.workflows.search_space import SPACE, Choice, differences, free, settings, usual

NOTHING: dict[str, dict] = {"model": {}, "train": {}}


@pytest.fixture
def made() -> Plan:
    return plan(tiny.waves((400,)), horizon=12)


class Extreme:
    """Suggests the first or the last value of everything."""

    def __init__(self, last: bool) -> None:
        self.last = last

    def suggest_categorical(self, name, values):
        return values[-1 if self.last else 0]

    def suggest_float(self, name, low, high, log):
        return high if self.last else low


@pytest.mark.parametrize("last", [False, True])
def test_when_any_corner_of_the_space_is_taken_then_the_settings_are_valid(made, last):
    values = {knob.field: knob.suggest(Extreme(last), made) for knob in SPACE}
    found = settings(values, NOTHING)
    config = from_mapping(ModelConfig, found["model"], "m")
    from_mapping(TrainConfig, found["train"], "t")
    assert config.context % config.patch == 0
    tiny.scrambled(config)  # width and heads fit


@pytest.mark.parametrize("knob", [knob for knob in SPACE if isinstance(knob, Choice)], ids=lambda knob: knob.field)
@pytest.mark.parametrize("length", [60, 400, 3000])
def test_when_a_field_has_choices_then_the_usual_one_is_among_them(knob, length):
    one = plan(tiny.waves((length,)), horizon=6)
    assert usual(knob, one) in knob.allowed(one)


def test_when_the_usual_values_are_taken_then_nothing_differs_from_what_train_does(made):
    found = settings({knob.field: usual(knob, made) for knob in SPACE}, NOTHING)
    assert differences(found, made) == {}
    assert differences(settings({"width": 40, "learning_rate": 0.1}, NOTHING), made) == {"width": 40, "learning_rate": 0.1}


def test_when_a_field_is_settled_then_it_is_not_searched_and_stays(made):
    fixed = {"model": {"context": 96, "heads": 2}, "train": {"steps": 7}}
    assert "context" not in {knob.field for knob in free(fixed)}
    found = settings({"patch": 32, "dropout": 0.1}, fixed)
    assert found == {"model": {"context": 96, "heads": 2, "patch": 32, "dropout": 0.1}, "train": {"steps": 7}}


def test_when_a_context_is_no_whole_number_of_patches_then_it_grows_to_one():
    assert settings({"context": 100, "patch": 16}, NOTHING)["model"]["context"] == 112
    assert np.isclose(settings({"context": 128, "patch": 16}, NOTHING)["model"]["context"], 128)
