"""Networks made ready to be asked, whoever's weights they have. Runs in the job queue."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from explorer import weights
from explorer.cards import Fit, Preprocessing, WeightsEntry
from explorer.spec import ArchitectureSpec
from explorer.ui.predicting.asked import Asked, Own
from explorer.ui.tasks import Kept

if TYPE_CHECKING:
    from PIL import Image
    from torch import nn

    from explorer.prediction import Prediction
    from explorer.training.fine_tuning import FineTuned

TOP = 10
"""How many classes of each answer are put in order."""

MAX_OWN_BYTES = 2**30
"""Networks with people's own weights that are kept ready, all visitors together."""


class Network(NamedTuple):
    """How a network is asked, or a sentence that says why it is not.

    Args:
        labels: of its classes, in index order.
        steps: how pictures become its input; None if it is not asked.
        note: what to keep in mind when reading its answers, or an empty text.
        error: why it is not asked, or an empty text.
        alike: text forms of networks that its file of weights looks like.
    """

    labels: tuple[str, ...] = ()
    steps: Preprocessing | None = None
    note: str = ""
    error: str = ""
    alike: tuple[str, ...] = ()


class Opened(NamedTuple):
    """A network, what answers for it, and its module, in eval mode; None if it is not asked."""

    network: Network
    answer: "Callable[[Image.Image], Prediction] | None" = None
    module: "nn.Module | None" = None


def _bytes(module: "nn.Module") -> int:
    return sum(tensor.nbytes for tensor in module.state_dict().values())


_own: "Kept[nn.Module]" = Kept(MAX_OWN_BYTES, _bytes)


def open_network(asked: Asked, fit: Fit) -> Opened:
    """Return a network ready to be asked, or why it is not.

    Args:
        asked: the network.
        fit: how its pictures are brought to its size.
    """
    from explorer.checkpoints import CheckpointError
    from explorer.prediction import PredictionError

    try:
        if asked.own is not None:
            return _open_own(asked.own, asked.variant.spec, fit)
        if asked.tuned is not None:
            return _open_tuned(asked.tuned, fit)
        if asked.entry is not None:
            return _open_entry(asked.entry, fit)
        return _open_untrained(asked.variant.spec, fit)
    except CheckpointError as error:
        name = asked.own.name if asked.own else ""
        return Opened(Network(error=f"{name}: {error}.", alike=_alike(asked)))
    except (weights.WeightsError, PredictionError) as error:
        return Opened(Network(error=f"{str(error).removesuffix('.')}."))


def _open_entry(entry: WeightsEntry, fit: Fit) -> Opened:
    from explorer import prediction

    steps, module = replace(entry.preprocessing, fit=fit), weights.load(entry.name)
    return Opened(
        Network(entry.categories, steps, entry.note),
        lambda image: prediction.predict(image, entry, TOP, module, steps),
        module,
    )


def _open_own(own: Own, spec: ArchitectureSpec, fit: Fit) -> Opened:
    from explorer import prediction
    from explorer.checkpoints import CheckpointError, module_from

    known = own.card or own.like
    labels = known.categories if known else prediction.class_names(spec)
    steps = known.preprocessing if known else prediction.usual_preprocessing(spec)
    steps = replace(steps, fit=fit)
    if own.card is not None and own.card.spec != spec:
        raise CheckpointError(f"the file says that it is of {own.card.architecture}, not of {spec}")
    digest = hashlib.sha256(own.content).hexdigest()
    module = _own.get((digest, spec), lambda: module_from(own.content, spec))
    return Opened(
        Network(labels, steps),
        lambda image: prediction.predict_own(image, module, steps, labels, own.name, TOP),
        module,
    )


def _open_tuned(tuned: "FineTuned", fit: Fit) -> Opened:
    from explorer import prediction

    steps, module = replace(tuned.preprocessing, fit=fit), tuned.network()
    return Opened(
        Network(tuned.classes, steps),
        lambda image: prediction.predict_own(image, module, steps, tuned.classes, tuned.title, TOP),
        module,
    )


def _open_untrained(spec: ArchitectureSpec, fit: Fit) -> Opened:
    from explorer import prediction
    from explorer.network import build

    steps = replace(prediction.usual_preprocessing(spec), fit=fit)
    module = build(spec).eval()
    return Opened(
        Network(prediction.class_names(spec), steps, prediction.untrained_note(spec)),
        lambda image: prediction.predict_untrained(image, spec, 0, TOP, module, steps),
        module,
    )


def _alike(asked: Asked) -> tuple[str, ...]:
    """Return the networks that a file which does not fit looks like."""
    from explorer.checkpoints import CheckpointError, shapes_of
    from explorer.mismatch import likeness

    if asked.own is None:
        return ()
    if asked.own.card is not None:
        return (asked.own.card.architecture,)
    try:
        texts = likeness(shapes_of(asked.own.content), asked.variant.spec).texts
    except CheckpointError:
        return ()
    return tuple(text for text in texts if text != str(asked.variant.spec))
