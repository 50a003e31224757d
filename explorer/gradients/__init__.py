"""Gradients and signals of a network, measured; each probe is a module of its own."""

from collections.abc import Callable

from explorer.gradients.activations import ActivationProfile, probe_activations
from explorer.gradients.norms import GradientProfile, LayerGradient, UnitGradient, probe
from explorer.gradients.pathways import PathwayProfile, probe_pathways
from explorer.probing import MAX_SEED, ProbeSettings, Profile

PROBES: dict[str, Callable[..., Profile]] = {
    "norms": probe,
    "pathways": probe_pathways,
    "activations": probe_activations,
}
"""The probes of one batch, by name."""

__all__ = [
    "MAX_SEED",
    "PROBES",
    "ActivationProfile",
    "GradientProfile",
    "LayerGradient",
    "PathwayProfile",
    "ProbeSettings",
    "UnitGradient",
    "probe",
    "probe_activations",
    "probe_pathways",
]
