"""Networks that learn side by side for an experiment, while somebody watches."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from explorer.experiments.experiment import Outcome, Settings, Watch
from explorer.experiments.tracks import Runs, Track, each_end, loss_chart, tracks
from explorer.spec import ArchitectureSpec, parse
from explorer.training.live_history import History
from explorer.training.live_settings import DATA, LiveError, LiveSettings

if TYPE_CHECKING:
    from explorer.training.live import LiveTraining

_SHOWN_EVERY_S = 1.0


class Pace(NamedTuple):
    """How all networks of an experiment learn; the rest is `LiveSettings`'s.

    Args:
        width: channels of the first stage; None leaves each network its own.
        batch: pictures a step.
        learning_rate: of all steps.
    """

    width: int | None = 8
    batch: int = 32
    learning_rate: float = 0.02

    def live(self, settings: Settings, seed: int) -> LiveSettings:
        """Return the training of one seed."""
        return LiveSettings(
            variants=settings.networks,
            data=settings["data"],
            steps=settings.number("steps"),
            seed=seed,
            test_every=100,
            **self._asdict(),
        )


PACE = Pace()


class Verdict(NamedTuple):
    """What networks have found: sentences, and the place of the guess's answer, if they give it."""

    findings: tuple[str, ...]
    answer: int | None = None


class Course:
    """Trainings one after the other, of which somebody is told how far they are.

    Args:
        watch: who waits.
        work: layers times steps of all trainings together.
        told: what is said of what they have measured so far; the answer is kept for the end.
    """

    def __init__(self, watch: Watch, work: int, told: Callable[[], Outcome]) -> None:
        self._watch, self._work, self._told = watch, work, told
        self._done = 0
        self._shown = monotonic()

    def follow(self, training: "LiveTraining", what: str) -> None:
        """Train to the end.

        Args:
            training: that has not begun.
            what: in a few words.
        """
        networks = training.networks
        start = networks[0].training.iteration

        def wanted() -> bool:
            points = [len(network.history.points) for network in networks]
            done = sum(
                network.history.spec.depth * count
                for network, count in zip(networks, points, strict=True)
            )
            step = f"step {start + max(points)} of {training.settings.steps}"
            self._watch.report(min(1.0, (self._done + done) / self._work), f"{what}, {step}")
            if any(points) and monotonic() - self._shown > _SHOWN_EVERY_S:
                self._shown = monotonic()
                self._watch.show(replace(self._told(), answer=None))
            return True

        training.advance(wanted)
        steps = training.settings.steps - start
        self._done += steps * sum(network.history.spec.depth for network in networks)


def train(settings: Settings, watch: Watch, told: Callable[[Runs], Outcome], pace: Pace) -> Outcome:
    """Train the networks of an experiment, one seed after the other, and show how far they are.

    Args:
        settings: the networks, `data`, `steps` and the seeds.
        watch: who waits.
        told: what is said of the histories so far.
        pace: how they learn.
    """
    from explorer.training.live import LiveTraining

    runs: list[tuple[History, ...]] = []
    layers = sum(parse(text).depth for text in settings.networks)
    work = layers * settings.number("steps") * len(settings.seeds)
    course = Course(watch, work, lambda: told(runs))
    for seed in settings.seeds:
        training = LiveTraining(pace.live(settings, seed))
        runs.append(tuple(network.history for network in training.networks))
        course.follow(training, f"seed {seed}")
    return told(runs)


def side_by_side(
    settings: Settings,
    watch: Watch,
    judge: Callable[[Sequence[Track]], Verdict],
    pace: Pace = PACE,
    names: Sequence[str] = (),
) -> Outcome:
    """Train networks side by side and show their losses.

    Args:
        settings: the networks, `data`, `steps` and the seeds.
        watch: who waits.
        judge: says what the experiment's own networks have found.
        pace: how all of them learn.
        names: of the experiment's own networks; their titles, without.
    """

    def told(runs: Runs) -> Outcome:
        found = tracks(settings, runs, () if settings.own else names)
        verdict = Verdict(each_end(found)) if settings.own else judge(found)
        return Outcome(
            findings=verdict.findings,
            charts=(loss_chart(settings, found),),
            answer=verdict.answer,
            conditions=conditions(settings, pace),
        )

    return train(settings, watch, told, pace)


def why_not(spec: ArchitectureSpec) -> str:
    """Return why a network cannot learn from the digits; an empty text if it can."""
    if spec.dims != 2:
        return "a network for series takes no pictures"
    try:
        LiveSettings(variants=(str(spec),), width=PACE.width).networks()
    except LiveError as error:
        return str(error)
    return ""


def conditions(settings: Settings, pace: Pace) -> str:
    """Return what was trained, how, and on what."""
    live = pace.live(replace(settings, networks=settings.networks[:1]), settings.seeds[0])
    data = DATA[settings["data"]]
    adapted = ", ".join(str(live.adapted(parse(text))) for text in settings.networks)
    width = f", {live.width} channels in the first stage" if live.width else ""
    return (
        f"Trained on {data.train:,} pictures ({data.words}), {settings['steps']} steps of "
        f"{live.batch} pictures, SGD with momentum 0.9, rate {live.learning_rate:g}, "
        f"{settings.seed_words}{width}: {adapted}."
    )
