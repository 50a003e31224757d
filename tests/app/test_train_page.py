"""The Train page as a person uses it, without a browser, with networks of seconds."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from explorer.training.live_experiments import EXPERIMENTS
from explorer.ui import jobs, live_runs
from explorer.ui.live_runs import LiveRun, LiveRuns, Status
from tests.app.driving import PAGES, settled

TINY = {"live-width": "4", "live-units": "1", "live-steps": "12", "live-batch": "8"}


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveRuns]:
    made = LiveRuns(jobs.QUEUE)
    monkeypatch.setattr(live_runs, "RUNS", made)
    yield made
    for run in made._runs.values():
        made.stop(run)


def opened(app: AppTest, *variants: str, **settings: str) -> AppTest:
    app.query_params["v"] = list(variants or ("resnet20-cifar", "plain20-cifar"))
    for key, value in {**TINY, **settings}.items():
        app.query_params[key.replace("_", "-")] = value
    app.run()
    app.switch_page(str(PAGES / "train.py")).run()
    assert not app.exception
    return app


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=f"live-{key}").click().run()
    assert not app.exception
    return app


def only_run(registry: LiveRuns) -> LiveRun:
    (run,) = registry._runs.values()
    return run


def traces(app: AppTest, chart: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(app.get("plotly_chart")[chart].proto.spec)["data"]
    return found


def texts(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.info, app.error, app.warning)
    return "\n".join(element.value for kind in kinds for element in kind)


def test_two_networks_train_to_the_end(app: AppTest, registry: LiveRuns) -> None:
    opened(app)
    assert [app.button(key=f"live-{key}").disabled for key in ("go", "step", "stop", "rewind")] == [
        False,
        False,
        True,
        True,
    ]
    settled(press(app, "go"))
    run = only_run(registry)
    assert run.status is Status.FINISHED
    assert "Finished after 12 steps" in texts(app)
    assert "ResNet-20" in texts(app)
    loss, accuracy, gradients, pace = (traces(app, place) for place in range(4))
    assert [len(trace["y"]) for trace in loss] == [12, 12]
    assert [len(trace["y"]) for trace in accuracy] == [12, 1, 12, 1]
    assert len(gradients) == 4
    assert len(pace) == 2
    assert [network.training.iteration for network in run.training.networks] == [12, 12]


def test_a_step_at_a_time_then_on_then_held_then_stopped(app: AppTest, registry: LiveRuns) -> None:
    settled(press(opened(app, live_steps="5000"), "step"))
    run = only_run(registry)
    assert run.steps == 1
    settled(press(app, "step"))
    assert [len(history.points) for history in run.histories] == [2, 2]
    assert app.button(key="live-go").label == "Continue"
    press(app, "go")
    assert run.running
    assert app.button(key="live-go").label == "Pause"
    settled(press(app, "go"))
    assert run.status is Status.PAUSED
    assert f"Held at step {run.steps:,} of 5,000" in texts(app)
    press(app, "stop")
    assert "Stopped at step" in texts(app)
    assert app.button(key="live-step").disabled


def test_rewind_and_change_one_thing(app: AppTest, registry: LiveRuns) -> None:
    settled(press(opened(app), "go"))
    first = [point.loss for point in only_run(registry).histories[0].points]
    app.select_slider(key="live-rate").set_value("0.1").run()
    assert "learning rate 0.02 → 0.1" in texts(app)
    press(app, "rewind")
    settled(press(app, "go"))
    run = only_run(registry)
    again = [point.loss for point in run.histories[0].points]
    assert run.settings.learning_rate == 0.1
    assert again[0] == first[0]
    assert again[1:] != first[1:]
    names = [trace["name"] for trace in traces(app, 0)]
    assert sum(name.endswith("(before)") for name in names) == 2
    assert len(names) == 4


def test_a_run_is_found_again_by_its_token_and_by_nobody_else(
    app: AppTest, registry: LiveRuns
) -> None:
    settled(press(opened(app), "step"))
    token = only_run(registry).token
    assert app.session_state["live-run"] == token
    again = AppTest.from_file("../../app.py", default_timeout=60)
    opened(again, run=token)
    assert "Held at step 1 of 12" in texts(again)
    stranger = AppTest.from_file("../../app.py", default_timeout=60)
    opened(stranger, run=f"{token[:-1]}!")
    assert "no longer here" in texts(stranger)
    assert not stranger.get("plotly_chart")


def test_an_experiment_fills_the_tray_and_the_settings_and_starts(
    app: AppTest, registry: LiveRuns
) -> None:
    experiment = EXPERIMENTS[0]
    opened(app, "resnet18")
    press(app, f"experiment-{experiment.key}")
    run = only_run(registry)
    assert run.settings == experiment.settings
    assert run.running
    assert "Figure 6" in texts(app)
    assert "Changed since" not in texts(app)  # tray and controls say the same as the run
    press(app, "stop")
    assert run.status is Status.STOPPED


def test_a_rate_that_is_far_too_high_ends_one_network_with_a_sentence(
    app: AppTest, registry: LiveRuns
) -> None:
    opened(
        app,
        "resnet56-cifar,norm=none",
        "resnet20-cifar",
        live_rate="100",
        live_units="5",
    )
    settled(press(app, "go"))
    broken, sound = only_run(registry).histories
    assert broken.error
    assert len(sound.points) == 12
    assert "trains no further" in app.warning[0].value


@pytest.mark.parametrize(
    ("variant", "words"),
    [("alexnet", "alexnet cannot be trained"), ("resnet18-1d", "series")],
)
def test_what_cannot_be_trained_is_said_and_not_started(
    app: AppTest, registry: LiveRuns, variant: str, words: str
) -> None:
    opened(app, "resnet20-cifar", variant)
    assert words in app.error[0].value
    assert app.button(key="live-go").disabled
    assert not registry._runs


def test_the_full_trainings_are_drawn_when_they_are_asked_for(app: AppTest) -> None:
    opened(app)
    assert not app.get("plotly_chart")
    app.session_state["live-full"] = True
    app.run()
    assert not app.exception
    assert "9.51% of 10,000 test pictures wrong" in texts(app)
    assert len(traces(app, 0)) >= 2
