"""Probe 6: the norms of every layer's weight gradient while networks train."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from explorer.figures.history import LossCurve, Panel, layers_by_steps, losses
from explorer.spec import as_fields
from explorer.training.recipe import Recipe
from explorer.ui import charts, state, tasks, waiting
from explorer.ui.choice import one_of
from explorer.ui.glossary import GLOSSARY
from explorer.ui.laboratory import choices, lines, training_work
from explorer.ui.laboratory.lines import Line
from explorer.ui.laboratory.sentences import about
from explorer.words import change

if TYPE_CHECKING:
    from explorer.training.gradient_history import GradientHistory

_LINKED: dict[str, Any] = {"bind": "query-params", "persist_state": "session"}
_INPUT = {"dims": 2, "image_size": 32, "in_channels": 3, "classes": 10}
_QUANTITIES = {"gradient_norms": "|dL/dW|", "relative": "|dL/dW| / |W|"}
_FORMULA = r"""
Before step $t$ changes the weights $W$ of a layer, $\lVert\partial L_t/\partial W\rVert_2$ is taken
from the very gradient that changes them; $L_t$ is the mean cross-entropy of that step's batch. The
step itself, with momentum $\mu$, weight decay $\lambda$ and rate $\eta$, is

$$v\leftarrow\mu v+\partial L_t/\partial W+\lambda W,\qquad W\leftarrow W-\eta\,v.$$

- At initialisation the gradient of a **plain network with batch normalisation** grows towards the
  picture; after a first step its range over the layers becomes far smaller, and very deep networks
  may then show the opposite (Yang et al. 2019, arXiv:1902.08129, Figure 3).
- He et al. 2015 (arXiv:1512.03385, Section 4.1) report healthy gradient norms in plain networks
  with batch normalisation, and do not put their higher training error down to vanishing gradients.
"""


def draw(variants: tuple[state.Shown, ...]) -> None:
    """Draw layers by steps for each network, and the losses beneath."""
    st.markdown(
        "The networks learn from the same batches of CIFAR-10's bundled pictures. At every step, "
        "the norm of the gradient of every layer's weights is recorded."
    )
    chosen = lines.choose(variants)
    recipe, seed = _recipe()
    quantity = _quantity()
    shown = lines.changed(chosen, _INPUT)
    if not shown or not _fits(shown, recipe.batch):
        return
    _say_what_changed(chosen, shown)
    specs = tuple(line.spec for line in shown)
    networks = "1 network" if len(specs) == 1 else f"{len(specs)} networks"
    waiting.show(
        "over-training",
        (specs, recipe, seed),
        training_work.histories(specs, recipe, seed),
        lambda found: _draw_histories(shown, found, quantity),
        "Training",
        ask=f"Train {networks} for {recipe.steps(1)} steps",
        streams=True,
    )
    with st.expander("The formula, and what the papers say"):
        st.markdown(_FORMULA)


def _recipe() -> tuple[Recipe, int]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        steps = _number("Steps", 1, 500, 60, "training-steps")
        batch = _number("Batch", 2, choices.MAX_BATCH, 32, "batch-training", GLOSSARY["batch"])
        seed = choices.seed()
        with st.popover("More choices", icon=":material/tune:"):
            rate = _number("Learning rate", 0.0, 10.0, 0.01, "training-rate")
            momentum = _number("Momentum", 0.0, 0.99, 0.9, "training-momentum")
    recipe = Recipe(
        name="laboratory",
        iterations=int(steps),
        batch=int(batch),
        learning_rate=rate,
        momentum=momentum,
        schedule="step",
        milestones=(),
    )
    return recipe, seed


def _number(
    label: str, least: float, most: float, usual: float, key: str, explanation: str = ""
) -> float:
    return float(
        st.number_input(
            label,
            least,
            most,
            usual,
            key=key,
            format=None if isinstance(usual, int) else "%.4g",
            help=explanation or GLOSSARY[key],
            width=150,
            **_LINKED,
        )
    )


def _quantity() -> str:
    return one_of(
        "Quantity",
        list(_QUANTITIES),
        "gradient_norms",
        "training-quantity",
        GLOSSARY["training-quantity"],
        _QUANTITIES.__getitem__,
    )


def _fits(shown: Sequence[Line], batch: int) -> bool:
    need = training_work.needed_bytes([line.spec for line in shown], batch)
    if need > tasks.MAX_PROBE_BYTES:
        st.error(
            f"Together they need up to {need / 1e9:.1f} GB: more than the "
            f"{tasks.MAX_PROBE_BYTES / 1e9:.0f} GB one measurement may take here. Choose a smaller "
            "batch, or fewer or smaller networks."
        )
    return need <= tasks.MAX_PROBE_BYTES


def _say_what_changed(chosen: Sequence[Line], shown: Sequence[Line]) -> None:
    before = {line.name: line.spec for line in chosen}
    for line in shown:
        old, new = as_fields(before[line.name]), as_fields(line.spec)
        changed = [f"{field}={value}" for field, value in new.items() if value != old[field]]
        if changed:
            st.caption(f"{line.name} is changed to take CIFAR-10: {', '.join(changed)}.")


def _draw_histories(
    shown: Sequence[Line], histories: "Sequence[GradientHistory]", quantity: str
) -> None:
    found = list(zip(shown, histories, strict=True))
    recipe, seed = histories[0].recipe, histories[0].seed
    steps = recipe.steps(1)
    st.markdown("\n".join(_finding(*each) for each in found))
    charts.draw(
        layers_by_steps([_panel(*each, quantity) for each in found], steps, _QUANTITIES[quantity]),
        "gradients-over-training",
        f"Gradient of every layer's weights, {_QUANTITIES[quantity]}, step by step",
        "Each row is a layer, the first on top; each column a step. Even colour from top to bottom "
        "means that all layers get a gradient of one size.",
        lambda: _records(histories),
        table=True,
    )
    charts.draw(
        losses(
            [LossCurve(line.name, line.colour, line.dash, h.losses) for line, h in found], steps
        ),
        "loss-over-training",
        "Loss of each step's batch, before the step",
        "Lower is better. Every batch is another one, so the lines are rough.",
        lambda: _losses(histories),
    )
    stride = training_work.every(steps)
    st.caption(
        f"CIFAR-10, the bundled 2,000 training pictures, cropped and mirrored at random; batches "
        f"of {recipe.batch}, seed {seed}, the same for all; stochastic gradient descent at rate "
        f"{recipe.learning_rate:g}, momentum {recipe.momentum:g}, weight decay "
        f"{recipe.weight_decay:g}; He's normal initialisation (fan-in); training mode."
        + (f" Every {stride} steps are drawn." if stride > 1 else "")
    )


def _panel(line: Line, history: "GradientHistory", quantity: str) -> Panel:
    return Panel(
        line.name,
        history.layers,
        tuple(moment.step for moment in history.moments),
        tuple(getattr(moment, quantity) for moment in history.moments),
    )


def _finding(line: Line, history: "GradientHistory") -> str:
    first, last = history.moments[0], history.moments[-1]
    ends = f"({history.layers[history.last]}) to the first ({history.layers[history.first]})"
    said = (
        f"from the last convolution {ends}, the weights' gradient "
        f"**{change(history.growth(first))}** at step {first.step}"
    )
    if last is not first:
        said += f" and **{change(history.growth(last))}** at step {last.step}"
    losses = f"{history.losses[0]:.3g} to {history.losses[-1]:.3g}"
    said += f"; the batch's loss goes from {losses}."
    if history.stopped:
        said += f" **The training ended early**: {history.stopped}."
    return about(line, said)


def _records(histories: "Sequence[GradientHistory]") -> list[dict[str, object]]:
    return [
        {
            "variant": str(history.spec),
            "seed": history.seed,
            "batch": history.recipe.batch,
            "learning_rate": history.recipe.learning_rate,
            "momentum": history.recipe.momentum,
            "step": moment.step,
            "layer": layer,
            "weight_gradient_norm": gradient,
            "weight_norm": weight,
        }
        for history in histories
        for moment in history.moments
        for layer, gradient, weight in zip(
            history.layers, moment.gradient_norms, moment.weight_norms, strict=True
        )
    ]


def _losses(histories: "Sequence[GradientHistory]") -> list[dict[str, object]]:
    return [
        {"variant": str(history.spec), "seed": history.seed, "step": step, "loss": loss}
        for history in histories
        for step, loss in enumerate(history.losses)
    ]
