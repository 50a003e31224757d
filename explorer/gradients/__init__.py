"""Gradients and signals of a network, measured; each probe is a module of its own."""

from explorer.gradients.norms import GradientProfile, LayerGradient, UnitGradient, probe
from explorer.probing import MAX_SEED, ProbeSettings

__all__ = [
    "MAX_SEED",
    "GradientProfile",
    "LayerGradient",
    "ProbeSettings",
    "UnitGradient",
    "probe",
]
