"""The quantity whose place in the network a chart shows, chosen once for all pages."""

from explorer.ui.choice import one_of

QUANTITIES = {
    "parameters": "Parameters",
    "macs": "MACs (multiply-accumulates of one picture)",
    "output_bytes": "Activations (bytes, float32, one picture)",
}
_SHORT = {"parameters": "Parameters", "macs": "MACs", "output_bytes": "Activations"}


def choose() -> str:
    """Draw the choice of a quantity and return its name in `QUANTITIES`."""
    return one_of(
        "Quantity",
        list(QUANTITIES),
        "parameters",
        "breakdown",
        words=_SHORT.__getitem__,
        titled=False,
    )
