"""The long work of the Predict page, as functions for the job queue.

A picture is decoded once for all networks and then forgotten: what is kept of it is a thumbnail
and what was answered.
"""

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

from explorer import weights
from explorer.cards import Fit, Preprocessing, WeightsEntry
from explorer.downloads import megabytes
from explorer.ui.jobs import JobContext, MayPass
from explorer.ui.predicting.asked import Asked
from explorer.ui.predicting.opening import Network, Opened, open_network
from explorer.ui.tasks import File, Kept, Work

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

    from explorer.pictures import Picture
    from explorer.prediction import Label, Prediction

_THUMBNAIL_SIDE = 144
_STEP_SIDE = 448


class Said(NamedTuple):
    """What a network says about a picture.

    Args:
        top: the most probable classes, `TOP` of them or all.
        probabilities: of all classes, shape (classes,), in index order.
        preprocess_ms: from the picture to the input.
        forward_ms: from the input to the probabilities.
    """

    top: "tuple[Label, ...]"
    probabilities: "Tensor"
    preprocess_ms: float
    forward_ms: float


class Seen(NamedTuple):
    """What became of a picture.

    Args:
        thumbnail: a JPEG; empty if the file cannot be read.
        size: (width, height) in pixels of the file's picture.
        notes: what was changed on the way in.
        error: why the file cannot be read, or an empty text.
    """

    thumbnail: bytes
    size: tuple[int, int]
    notes: tuple[str, ...]
    error: str


class Answers(NamedTuple):
    """All networks' answers.

    Args:
        networks: in the order in which they were to be asked.
        pictures: in the order in which they were given.
        said: for each picture, what each network says, or why it says nothing.
    """

    networks: tuple[Network, ...]
    pictures: tuple[Seen, ...]
    said: tuple[tuple[Said | str, ...], ...]


class StepShown(NamedTuple):
    """A picture on its way into a network: what it is called, a PNG, and what was done."""

    name: str
    png: bytes
    text: str


def _size(said: Said | str) -> int:
    return 2048 + (said.probabilities.nbytes if isinstance(said, Said) else 0)


_seen: Kept[Seen] = Kept(2048)
_said: Kept[Said | str] = Kept(2**26, _size)


def list_weights(context: JobContext) -> None:
    """Read torchvision's list, which is at hand from then on."""
    context.report(0.0, "importing torchvision")
    weights.offered()


def fetch(entry: WeightsEntry) -> Work[None]:
    """Fetch the file of some weights."""

    def work(context: JobContext) -> None:
        def progress(done: int, total: int) -> None:
            context.report(done / max(total, 1), f"{megabytes(done)} of {megabytes(total)}")

        try:
            weights.fetch(entry, progress)
        except weights.WeightsError as error:
            raise MayPass(f"{error}.") from None

    return work


def answers(asked: Sequence[Asked], files: Sequence[File], fit: Fit) -> Work[Answers]:
    """Ask all networks about the same pictures; what was answered before is known."""

    def work(context: JobContext) -> Answers:
        opened = []
        for each in asked:
            context.report(0.0, "loading a network")
            opened.append(open_network(each, fit))
        seen, said = [], []
        for number, file in enumerate(files):
            context.report(number / len(files), f"picture {number + 1} of {len(files)}")
            opening = Opening(file)
            seen.append(_seen.get(file.identity, opening.look))
            said.append(tuple(_ask(*pair, opening) for pair in zip(opened, asked, strict=True)))
        return Answers(tuple(each.network for each in opened), tuple(seen), tuple(said))

    return work


class Opening:
    """A picture file that is decoded when it is first needed."""

    def __init__(self, file: File) -> None:
        self.file = file
        self._picture: Picture | None = None

    def picture(self) -> "Picture":
        """Return the picture.

        Raises:
            PictureError: if it cannot be read.
        """
        from explorer.pictures import read_picture

        if self._picture is None:
            self._picture = read_picture(self.file.content, self.file.name)
        return self._picture

    def look(self) -> Seen:
        """Return what is kept of it."""
        from explorer.pictures import PictureError, thumbnail

        try:
            picture = self.picture()
        except PictureError as error:
            return Seen(b"", (0, 0), (), str(error))
        small = thumbnail(picture.image, _THUMBNAIL_SIDE)
        return Seen(small, picture.original_size, picture.notes, "")


def _ask(opened: Opened, asked: Asked, opening: Opening) -> Said | str:
    """Return what a network says about a picture, or why it says nothing."""
    steps, answer = opened.network.steps, opened.answer
    if steps is None or answer is None:
        return opened.network.error
    key = (asked.key, steps.fit, opening.file.identity)
    return _said.get(key, lambda: _answer(answer, opening))


def _answer(answer: "Callable[[Image.Image], Prediction]", opening: Opening) -> Said | str:
    from explorer.pictures import PictureError
    from explorer.prediction import PredictionError

    try:
        found = answer(opening.picture().image)
    except (PictureError, PredictionError) as error:
        return str(error)
    return Said(found.top, found.probabilities, found.preprocess_ms, found.forward_ms)


def steps(file: File, wanted: Sequence[Preprocessing]) -> Work[tuple[tuple[StepShown, ...], ...]]:
    """Show a picture on its way into networks, once for each preprocessing."""

    def work(context: JobContext) -> tuple[tuple[StepShown, ...], ...]:
        from explorer.preprocessing import preprocess_in_steps

        image = Opening(file).picture().image
        found = []
        for each in wanted:
            context.check()
            found.append(
                tuple(
                    StepShown(step.name, _png(_to_be_seen(step.image)), step.text)
                    for step in preprocess_in_steps(image, each)
                )
            )
        return tuple(found)

    return work


def _to_be_seen(image: "Image.Image") -> "Image.Image":
    """Return a picture that is neither large to send nor blurred by being enlarged."""
    from PIL import Image

    longest = max(image.size)
    if longest > _STEP_SIDE:
        image = image.copy()
        image.thumbnail((_STEP_SIDE, _STEP_SIDE))
    elif times := _STEP_SIDE // 2 // longest:
        size = image.width * times, image.height * times
        image = image.resize(size, Image.Resampling.NEAREST)
    return image


def _png(image: "Image.Image") -> bytes:
    content = BytesIO()
    image.save(content, "PNG")
    return content.getvalue()
