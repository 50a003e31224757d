"""What goes wrong when a network is asked to explain itself."""


class ExplanationError(ValueError):
    """Why something about a network cannot be shown, in one sentence."""
