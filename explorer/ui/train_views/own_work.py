"""The long work of fine-tuning on one's own pictures, as functions for the job queue."""

from typing import TYPE_CHECKING

from explorer.training.head_settings import HeadSettings
from explorer.ui.jobs import JobContext
from explorer.ui.tasks import Kept, Work
from explorer.ui.train_views.own_sources import Chosen

if TYPE_CHECKING:
    from explorer.training.features import Extracted
    from explorer.training.fine_tuning import FineTuned

_examples: "Kept[Extracted]" = Kept(6)


def features(chosen: Chosen) -> "Work[Extracted]":
    """Show each picture once to the base; what is public is shown once for all visitors."""

    def work(context: JobContext) -> "Extracted":
        from explorer.training.features import extract

        def compute() -> "Extracted":
            return extract(chosen.arrange(), context.report)

        try:
            return _examples.get(chosen.identity, compute) if chosen.public else compute()
        except ValueError as error:
            raise ValueError(f"{error}.") from None

    return work


def head(extracted: "Extracted", settings: HeadSettings) -> "Work[FineTuned]":
    """Train a head."""

    def work(context: JobContext) -> "FineTuned":
        from explorer.training.fine_tuning import fine_tune

        return fine_tune(extracted, settings, context.check)

    return work


def write(tuned: "FineTuned") -> bytes:
    """Return the network as a file; it runs while a browser waits for its download."""
    from explorer.training.tuned_file import write_file
    from explorer.ui.tasks import sending

    with sending:
        return write_file(tuned)
