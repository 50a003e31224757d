"""What every experiment promises, and the parts they share."""

import subprocess
import sys
from itertools import pairwise
from math import isnan, nan

import pytest

from explorer.experiments import EXPERIMENTS, ExperimentError, find, learning, tracks
from explorer.experiments.experiment import Outcome
from explorer.spec import parse
from explorer.training.live import LiveTraining
from explorer.training.live_history import History, Point

EACH = pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda each: each.key)
TRAINING = pytest.mark.parametrize(
    "experiment",
    [each for each in EXPERIMENTS if "steps" in {control.key for control in each.controls}],
    ids=lambda each: each.key,
)
"""Those that train; `test_measuring_experiments` runs the others."""


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


def smallest(experiment, **chosen):
    """Settings with the first, the quickest, choice of everything but the residual order."""
    first = {control.key: control.choices[0] for control in experiment.controls}
    return experiment.settings(**first | chosen)


@TRAINING
def test_an_experiment_runs_and_answers_its_guess(experiment):
    waiting = Waiting()
    found = experiment.run(smallest(experiment, seed="1"), waiting)
    assert found.findings and found.charts and found.conditions
    assert found.answer in range(len(experiment.guess.answers))
    assert all(before <= after <= 1 for before, after in pairwise(waiting.heard))
    assert all(partial.answer is None for partial in waiting.seen)
    for chart in found.charts:
        assert chart.records and all(record["seed"] == 1 for record in chart.records)


@TRAINING
def test_networks_of_one_s_own_take_part_where_they_make_sense(experiment):
    if experiment.why_not is None:
        return
    assert experiment.why_not(parse("resnet18-1d"))
    assert not experiment.why_not(parse("resnet32-cifar"))
    settings = smallest(experiment)
    own = experiment.settings(("resnet32-cifar",), **dict(settings.choices))
    found = experiment.run(own, Waiting())
    assert found.findings and found.answer is None


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


def track(*losses, name="it", error=""):
    """A track whose trainings had one loss each."""
    spec = parse("resnet20-cifar")
    points = [[Point(1, loss, 0.0, 0.0, 0.0, 0.0)] for loss in losses]
    return tracks.Track(name, tuple(History(spec, each, error) for each in points), "#000000")


def test_a_median_with_a_value_that_is_no_number_is_none():
    assert isnan(tracks.middle([1.0, nan, 2.0]))
    assert tracks.middle([1.0, 5.0, 2.0]) == 2.0
    assert track(1.0, 5.0, 2.0).loss == 2.0
    assert isnan(track(1.0, error="broke off").loss)


@pytest.mark.parametrize(
    ("loss", "other", "answer"),
    [
        (0.94, 1.0, 0),
        (0.96, 1.0, 1),
        (1.04, 1.0, 1),
        (1.06, 1.0, 2),
        (nan, 1.0, 2),
        (1.0, nan, 0),
        (nan, nan, 1),
    ],
)
def test_losses_within_a_twentieth_are_about_the_same(loss, other, answer):
    assert tracks.order(loss, other) == answer
    words = ("lower than", "about as high as", "higher than")[answer]
    assert words in tracks.compared(track(loss), track(other))


def test_networks_are_ranked_and_what_broke_off_comes_last():
    found = [track(2.0, name="two"), track(nan, name="none"), track(0.5, name="half")]
    assert tracks.lowest(found) == 2
    assert tracks.lowest([track(nan)]) is None
    told = tracks.ranking(found)
    assert told.endswith("**half** 0.5; **two** 2; **none** no number.")


def test_seeds_that_are_behind_leave_the_rest_to_the_others():
    points = [Point(step, float(step), 0.0, 0.0, 0.0, 0.0) for step in (1, 2, 3)]
    spec = parse("resnet20-cifar")
    both = tracks.Track("it", (History(spec, points), History(spec, points[:1])), "#000000")
    chart = tracks.loss_chart(find("degradation").settings(seeds="2"), [both])
    *_, line = chart.figure.data
    assert list(line.x) == [1, 2, 3]
    assert list(line.y) == [1.0, 1.5, 2.0]  # means of up to 20 steps
    assert [record["seed"] for record in chart.records] == [0, 0, 0, 1]
