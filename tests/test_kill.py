"""Kill -9 during training, saving and forecasting: a few kills of the campaign in benchmarks/soak/training_kills.py."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.soak.campaign import Harm
from benchmarks.soak.training_kills import Campaign
from tsattn.model.card import GRAPH

ROOT = Path(__file__).parents[1]
# the exporter takes most of a run's time: the graph of another network of the same sizes stands in, written bit by bit
PROGRAM = """
import sys, time
sys.path.insert(0, {root!r})
if "train" in sys.argv:
    from tsattn.model import artifact
    def write_graph(network, path):
        content = open({graph!r}, "rb").read()
        with open(path, "wb") as file:
            for part in range(10):
                file.write(content[part * len(content) // 10 : (part + 1) * len(content) // 10])
                file.flush()
                time.sleep(0.05)
    artifact.write_graph, artifact.check_parity = write_graph, lambda *_: None
from tsattn.cli.main import main
sys.exit(main())
"""


@pytest.fixture(scope="module")
def campaign(tmp_path_factory, saved):
    folder = tmp_path_factory.mktemp("kill")
    program = folder / "program.py"
    program.write_text(PROGRAM.format(root=str(ROOT), graph=str(saved / GRAPH)), "utf-8")
    made = Campaign(folder, [sys.executable, str(program)], seed=1)
    made.prepare()
    return made


def test_when_training_and_saving_are_killed_then_resuming_ends_as_the_undisturbed_run_did(campaign):
    campaign.break_training("victim")
    campaign.break_saving("victim")
    campaign.finish("victim")
    assert campaign.kills["training"] + campaign.kills["saving"] >= 1
    assert campaign.seen["checks"] >= 4


@pytest.mark.parametrize("while_writing", [True, False])
def test_when_a_forecast_is_killed_then_its_file_is_the_old_one_or_the_new_one(campaign, while_writing):
    campaign.break_forecasting(while_writing)
    assert campaign.out.read_bytes() in (campaign.old, campaign.new)


def test_when_something_is_harmed_then_the_campaign_says_so(campaign):
    card = next(campaign.models.glob("base/*/config.json"))
    content = card.read_bytes()
    card.write_bytes(content[:-1])
    try:
        with pytest.raises(Harm, match="cannot be read"):
            campaign.check()
    finally:
        card.write_bytes(content)
    campaign.check()
