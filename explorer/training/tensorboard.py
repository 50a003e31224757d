"""The curve of a run as TensorBoard shows it; needs the package tensorboard."""

from collections.abc import Sequence
from pathlib import Path

from explorer.cards import CurvePoint
from explorer.training.loop import TrainingError

FOLDER = "tensorboard"
_TAGS = {
    "learning_rate": "learning_rate",
    "train_loss": "loss/train",
    "validation_loss": "loss/validation",
    "test_loss": "loss/test",
    "train_error_percent": "error_percent/train",
    "validation_error_percent": "error_percent/validation",
    "test_error_percent": "error_percent/test",
}


class EventFile:
    """Writes each epoch's numbers to a folder `tensorboard` within the run's.

    Args:
        folder: the run's.
        curve: epochs that are over; they are written first, in the place of what is there.
    Raises:
        TrainingError: if the package is not installed.
    """

    def __init__(self, folder: Path, curve: Sequence[CurvePoint] = ()) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise TrainingError(
                "--tensorboard needs a package that is not installed: pip install tensorboard"
            ) from None
        self._writer = SummaryWriter(folder / FOLDER, purge_step=0)
        for point in curve:
            self.epoch(point)

    def epoch(self, point: CurvePoint) -> None:
        """Write what one epoch came to."""
        for field, tag in _TAGS.items():
            value = getattr(point, field)
            if value is not None:
                self._writer.add_scalar(tag, value, point.epoch)
        self._writer.flush()

    def close(self) -> None:
        """End the file."""
        self._writer.close()
