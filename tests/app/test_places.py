"""Controls that belong to the address stay where they are, whatever the tray holds.

The browser draws a control that moves in its new place before it takes it out of the old one, and
with that forgets that it belongs to the address.
"""

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block, Node

from tests.app.driving import PAGES, settled

# With one and several, published and not, with trained weights and without, plain and residual.
_TRAYS = (
    ("resnet20-cifar",),
    ("resnet32-cifar",),
    ("plain20-cifar", "resnet20-cifar"),
    ("resnet20-cifar,width=24", "resnet20-cifar,ordering=v2"),
    ("lenet5", "resnet20-cifar,image_size=48", "plain20-cifar", "resnet20-cifar"),
)


def places(node: Node, place: tuple[int, ...] = ()) -> dict[str, tuple[int, ...]]:
    """Return the path of every control beneath a node by its name in the address."""
    if isinstance(node, Block):
        return {
            name: path
            for number, child in node.children.items()
            for name, path in places(child, (*place, number)).items()
        }
    name = getattr(node.proto, "query_param_key", "")
    # A network's own controls stand behind those of the networks before it that can answer.
    return {name: place} if name and not name.endswith(("-B", "-C", "-D")) else {}


@pytest.mark.parametrize(
    ("page", "view", "choice", "values"),
    [
        ("explore", {}, "breakdown", ["parameters"]),
        ("compare", {}, "breakdown", ["parameters"]),
        ("gradients", {"probe": "norms"}, "quantity", ["output", "relative"]),
        ("gradients", {"probe": "pathways"}, "pathways", ["share", "masked"]),
        ("gradients", {"probe": "activations"}, "signal", ["unit-variance", "ratio"]),
        ("gradients", {"probe": "depth", "deepest": "32"}, "depth-own", [True, False]),
        ("gradients", {"probe": "training"}, "training-quantity", ["gradient_norms"]),
        ("gradients", {"probe": "shattered"}, "scalar", ["direction"]),
        ("gradients", {"probe": "paths"}, "path-weights", ["untrained", "trained"]),
        ("train", {}, "train-view", ["live", "own"]),
        ("predict", {"view": "answers"}, "untrained", [False, True]),
        ("predict", {"view": "explain"}, "explain", ["where", "features", "field"]),
        ("predict", {"view": "lesions"}, "untrained", [False]),
        ("landscape", {}, "log", [True, False]),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else None,
)
def test_a_control_of_the_address_keeps_its_place(
    app: AppTest, page: str, view: dict[str, str], choice: str, values: list[object]
) -> None:
    app.run()
    app.switch_page(str(PAGES / f"{page}.py"))
    found: dict[str, dict[tuple[int, ...], object]] = {}
    for tray in _TRAYS:
        app.session_state["tray"] = list(tray)
        app.session_state["edited"] = len(tray) - 1
        for value in values:
            for key, chosen in {**view, choice: value}.items():
                app.session_state[key] = chosen
            settled(app.run())
            for name, place in places(app.main).items():
                found.setdefault(name, {}).setdefault(place, (tray, value))
    assert choice in found
    assert not {name: at for name, at in found.items() if len(at) > 1}
