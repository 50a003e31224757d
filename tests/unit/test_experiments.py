"""What every experiment promises, and the parts they share."""

import subprocess
import sys
from itertools import pairwise
from math import isnan, nan

import pytest

from explorer.experiments import EXPERIMENTS, ExperimentError, find, learning
from explorer.experiments.experiment import Outcome
from explorer.spec import parse
from explorer.training.live import LiveTraining

EACH = pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda each: each.key)


class Waiting:
    """Somebody who waits for a run, and perhaps loses patience."""

    def __init__(self, patience=10**9):
        self.patience, self.heard, self.seen = patience, [], []

    def report(self, progress, message=""):
        self.heard.append(progress)
        if len(self.heard) > self.patience:
            raise KeyboardInterrupt

    def show(self, partial):
        assert isinstance(partial, Outcome)
        self.seen.append(partial)


def test_the_list_is_there_before_torch_is():
    code = "import sys, explorer.experiments; print([m for m in sys.modules if m == 'torch'])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_keys_tell_experiments_apart():
    assert len({each.key for each in EXPERIMENTS}) == len(EXPERIMENTS)


@EACH
def test_an_experiment_is_complete(experiment):
    assert find(experiment.key) is experiment
    assert 2 <= len(experiment.guess.answers) <= 5
    assert experiment.guess.published in range(len(experiment.guess.answers))
    assert "arXiv:" in experiment.source
    for control in experiment.controls:
        assert control.default in control.choices
        assert set(control.words) <= set(control.choices)
    for text in experiment.settings().networks:
        parse(text)


@EACH
def test_each_choice_of_each_control_gives_networks_that_exist(experiment):
    for control in experiment.controls:
        for choice in control.choices:
            settings = experiment.settings(**{control.key: choice})
            assert settings[control.key] == choice
            assert all(map(parse, settings.networks))


def test_settings_that_there_are_not_are_refused_in_words():
    degradation = find("degradation")
    with pytest.raises(ExperimentError, match=r"deep=57: one of 32, 44, 56, 110"):
        degradation.settings(deep="57")
    with pytest.raises(ExperimentError, match="no colour: there are deep"):
        degradation.settings(colour="red")
    with pytest.raises(ExperimentError, match="no experiment 'x': there are degradation"):
        find("x")


def test_a_training_is_the_live_page_s_own():
    settings = find("degradation").settings(deep="32", steps="50", seeds="2", seed="3")
    waiting = Waiting()
    found = find("degradation").run(settings, waiting)
    assert all(before <= after for before, after in pairwise(waiting.heard))
    own = LiveTraining(learning.Pace().live(settings, 4))
    own.advance(lambda: True)
    losses = [point.loss for point in own.networks[1].history.points]
    records = [
        record["loss"]
        for record in found.charts[0].records
        if record["seed"] == 4 and "plain32" in record["variant"]
    ]
    assert records == losses
    assert "seeds 3 to 4" in found.conditions


def test_who_loses_patience_stops_a_run():
    with pytest.raises(KeyboardInterrupt):
        find("degradation").run(find("degradation").settings(), Waiting(patience=3))


def test_a_median_with_a_value_that_is_no_number_is_none():
    assert isnan(learning.middle([1.0, nan, 2.0]))
    assert learning.middle([1.0, 5.0, 2.0]) == 2.0
