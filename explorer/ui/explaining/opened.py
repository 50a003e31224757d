"""A network with a picture as its input, ready to be looked into. Runs in the job queue."""

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from explorer.cards import Fit, Preprocessing
from explorer.spec import ArchitectureSpec
from explorer.ui import tasks
from explorer.ui.jobs import JobContext
from explorer.ui.predicting.asked import Asked
from explorer.ui.predicting.opening import open_network
from explorer.ui.predicting.work import Opening
from explorer.ui.tasks import File, Kept, Work

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor, nn

T = TypeVar("T")
S = TypeVar("S", bound=Hashable)
Report = Callable[[float, str], None]


class Shown(NamedTuple):
    """A picture, and how all networks are shown it."""

    file: File
    fit: Fit


class Looked(NamedTuple):
    """A network that is looked into.

    Args:
        spec: the network.
        module: it, in eval mode; shared, so it is left as it is.
        steps: how pictures become its input.
        image: the input, shape (C, H, W).
        shown: what it shows.
        report: tells how far this network's part of the work is.
    """

    spec: ArchitectureSpec
    module: "nn.Module"
    steps: Preprocessing
    image: "Tensor"
    shown: "Image.Image"
    report: Report


def look_into(
    asked: Sequence[Asked],
    picture: Shown,
    settings: Sequence[S],
    kept: "Kept[T | str]",
    explain: Callable[[Looked, S], T],
) -> Work[tuple[T | str, ...]]:
    """Look into several networks that are shown the same picture; what was found is kept.

    Args:
        asked: the networks.
        picture: what they are shown.
        settings: for each network, what else its result depends on.
        kept: results for networks, pictures and settings.
        explain: looks into one network, with its setting.
    Returns:
        Work that gives a result for each network, or a sentence that says why there is none.
    """

    def work(context: JobContext) -> tuple[T | str, ...]:
        opening = Opening(picture.file)
        found = []
        for place, (each, setting) in enumerate(zip(asked, settings, strict=True)):
            report = _part(context, place, asked)
            report(0.0, "loading the network")
            key = (each.key, picture.fit, picture.file.identity, setting)
            compute = partial(_explained, each, picture.fit, opening, report, setting, explain)
            # The bound is no part of the key: what it refuses is neither kept nor looked up.
            found.append(_too_large(each.variant.spec) or kept.get(key, compute))
        return tuple(found)

    return work


def _part(context: JobContext, place: int, asked: Sequence[Asked]) -> Report:
    whose = f"{asked[place].variant.letter}: " if len(asked) > 1 else ""

    def report(done: float, message: str) -> None:
        context.report((place + done) / len(asked), f"{whose}{message}")

    return report


def _too_large(spec: ArchitectureSpec) -> str:
    """Say that looking into a network takes too much memory, or nothing."""
    need = tasks.probe_bytes(spec, 1)
    if need <= tasks.MAX_PROBE_BYTES:
        return ""
    return (
        f"Looking into it needs up to {need / 1e9:.1f} GB, more than the "
        f"{tasks.MAX_PROBE_BYTES / 1e9:.0f} GB one explanation may take here."
    )


def _explained(
    asked: Asked,
    fit: Fit,
    opening: Opening,
    report: Report,
    setting: S,
    explain: Callable[[Looked, S], T],
) -> T | str:
    from explorer.explanation.errors import ExplanationError
    from explorer.preprocessing import preprocess

    opened = open_network(asked, fit)
    steps, module = opened.network.steps, opened.module
    if steps is None or module is None:
        return opened.network.error
    image, shown = preprocess(opening.picture().image, steps)
    try:
        return explain(Looked(asked.variant.spec, module, steps, image, shown, report), setting)
    except ExplanationError as error:
        return f"{error}."
