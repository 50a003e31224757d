"""Gradients and signals of a network, measured; each probe is a module of its own."""

from explorer.gradients.activations import ActivationProfile, probe_activations
from explorer.gradients.norms import GradientProfile, LayerGradient, UnitGradient, probe
from explorer.gradients.pathways import PathwayProfile, probe_pathways
from explorer.probing import MAX_SEED, ProbeSettings

__all__ = [
    "MAX_SEED",
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
