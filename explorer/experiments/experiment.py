"""What an experiment is: a claim, a guess, a run of at most a minute, and what came out of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from explorer.figures.experiment import COLOURS
from explorer.figures.style import Figure
from explorer.spec import ArchitectureSpec


class ExperimentError(ValueError):
    """Why an experiment cannot be made, in one sentence."""


class Control(NamedTuple):
    """One choice of whoever runs the experiment.

    Args:
        key: its name in the link.
        label: its name on the page.
        choices: what can be chosen, in the link's words.
        default: one of them.
        help: what it changes.
        words: how a choice reads on the page, where that is not the link's word.
    """

    key: str
    label: str
    choices: tuple[str, ...]
    default: str
    help: str
    words: Mapping[str, str] = {}


class Guess(NamedTuple):
    """What the viewer is asked before the run.

    Args:
        question: about the run with the experiment's own networks.
        answers: to choose from.
        published: place of the answer that the paper gives.
    """

    question: str
    answers: tuple[str, ...]
    published: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What one run is asked to do; equal settings give equal outcomes on the same processor.

    Args:
        choices: of every control, by its key, in the experiment's order.
        networks: text forms; none where the experiment needs none.
        own: whether the networks are the viewer's, not the experiment's.
        places: of the viewer's networks among all variants, of which some may take no part; the
            first ones, without.
    """

    choices: tuple[tuple[str, str], ...]
    networks: tuple[str, ...] = ()
    own: bool = False
    places: tuple[int, ...] = ()

    def __getitem__(self, key: str) -> str:
        return dict(self.choices)[key]

    def number(self, key: str) -> int:
        """Return a choice as a whole number."""
        return int(self[key])

    @property
    def colours(self) -> tuple[str, ...]:
        """The networks' colours; a variant has the same one on all pages."""
        return tuple(COLOURS[place] for place in self.places or range(len(self.networks)))

    @property
    def seeds(self) -> range:
        """The seeds: `seeds` of them, from `seed` on."""
        return range(self.number("seed"), self.number("seed") + self.number("seeds"))

    @property
    def seed_words(self) -> str:
        """The seeds as a caption says them."""
        seeds = self.seeds
        return f"seeds {seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else f"seed {seeds[0]}"


class Chart(NamedTuple):
    """A picture of the outcome, with everything that belongs to it.

    Args:
        key: unique in the experiment; also the name of the files.
        title: what is measured, on what.
        reading: one sentence on how to read it.
        figure: the picture.
        records: the data shown.
        beside: whether it stands next to its neighbours of this kind, where there is room.
    """

    key: str
    title: str
    reading: str
    figure: Figure
    records: Sequence[Mapping[str, Any]]
    beside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run has found so far, or in the end.

    Args:
        findings: sentences computed from the data of the charts.
        charts: the pictures.
        answer: place of the guess's answer that the data give; None where they give none, as for
            networks that the question is not about.
        conditions: what was measured, on what data, with what seeds.
    """

    findings: tuple[str, ...]
    charts: tuple[Chart, ...]
    answer: int | None = None
    conditions: str = ""


class Watch(Protocol):
    """Who waits for a run."""

    def report(self, progress: float, message: str = "") -> None:
        """Say how far the run is, from 0 to 1; raises if nobody wants it any more."""

    def show(self, partial: Any) -> None:
        """Show the outcome so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """A published finding, to be made again in front of everybody.

    Args:
        key: its name in the link.
        title: its name on the page.
        claim: what the paper says, in one sentence.
        source: where it says so.
        guess: what the viewer commits to.
        controls: what can be chosen.
        networks: the experiment's own networks, as text forms, for the choices of the controls.
        run: makes the experiment; imports what needs torch when it is called.
        published: the paper's own numbers, as Markdown, with their table.
        scale: what is different here, and what therefore cannot be expected.
        why_not: why a network of the viewer's cannot take part; an empty text if it can. None
            where networks of one's own make no sense.
        most: networks of the viewer's that can take part at once.
    """

    key: str
    title: str
    claim: str
    source: str
    guess: Guess
    controls: tuple[Control, ...]
    run: Callable[[Settings, Watch], Outcome]
    published: str
    scale: str
    networks: Callable[[Mapping[str, str]], tuple[str, ...]] = field(default=lambda choices: ())
    why_not: Callable[[ArchitectureSpec], str] | None = None
    most: int = 4

    def settings(self, own: Sequence[str] = (), **choices: str) -> Settings:
        """Return settings: the controls' defaults, but for what is chosen.

        Args:
            own: text forms of the viewer's networks; none takes the experiment's.
            choices: values of controls by their keys.
        Raises:
            ExperimentError: for a control or a value that there is not.
        """
        known = {control.key: control for control in self.controls}
        if strange := [key for key in choices if key not in known]:
            raise ExperimentError(f"{self.key} has no {strange[0]}: there are {', '.join(known)}")
        for key, value in choices.items():
            if value not in known[key].choices:
                raise ExperimentError(f"{key}={value}: one of {', '.join(known[key].choices)}")
        chosen = {key: choices.get(key, control.default) for key, control in known.items()}
        return Settings(
            choices=tuple(chosen.items()),
            networks=tuple(own) or self.networks(chosen),
            own=bool(own),
        )


SEED = Control(
    "seed",
    "Seed",
    tuple(map(str, range(10))),
    "0",
    "Where everything random starts: weights, order of the pictures, noise. The same seed gives "
    "the same run.",
)
SEEDS = Control(
    "seeds",
    "Seeds",
    ("1", "2", "3"),
    "1",
    "How many seeds are run, counted up from the first. Lines are medians, shaded from the least "
    "to the greatest; it takes as many times as long.",
)
DATA = Control(
    "data",
    "Data",
    ("digits", "bundled"),
    "digits",
    "What is learned: 1,437 handwritten digits of 8×8 pixels, quick, or 2,000 pictures of CIFAR-10 "
    "of 32×32, about ten times as slow.",
    {"digits": "digits, 8×8", "bundled": "CIFAR-10, 32×32"},
)
STEPS = Control(
    "steps",
    "Steps",
    ("20", "50", "100", "200", "400"),
    "200",
    "How many batches each network learns from.",
)
DEEP = Control(
    "deep",
    "Depth of the deeper pair",
    ("32", "44", "56", "110"),
    "56",
    "Layers of the deeper plain and the deeper residual network; the others have 20.",
)
