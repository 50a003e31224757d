"""Networks made deeper by units that change nothing: equal outputs, and where they end."""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from explorer.deepening import DeepeningError, deepen
from explorer.identity_units import exact_in_training
from explorer.network import build
from explorer.spec import parse

SMALL = "resnet20-cifar,depth=8,width=4,image_size=8"
EXACT = (
    SMALL,
    f"{SMALL},ordering=full_preactivation",
    f"{SMALL},ordering=relu_only_preactivation",
    f"{SMALL},ordering=relu_before_addition",
    f"{SMALL},shortcut=B",
    f"{SMALL},se_ratio=2",
    f"{SMALL},zero_init=true",
    f"{SMALL},norm=none",
    f"{SMALL},norm=none,skip_init=true",
    f"{SMALL},norm=none,init=fixup,bias=all",
    f"{SMALL},norm=group",
    "resnet164-cifar,depth=29,width=4,image_size=8",
    "resnet164v2-cifar,depth=29,width=4,image_size=8",
    "plain20-cifar,depth=8,width=4,image_size=8,norm=none",
)
IN_EVAL_MODE = (
    "plain20-cifar,depth=8,width=4,image_size=8",
    f"{SMALL},ordering=bn_after_addition",
)
PICTURES = torch.randn(16, 3, 8, 8, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(16) % 10


def trained(text, steps=5):
    """A network whose weights and statistics have left where they began."""
    module = build(text, seed=1)
    optimizer = torch.optim.SGD(module.parameters(), 0.05)
    for _ in range(steps):
        optimizer.zero_grad()
        cross_entropy(module(PICTURES), LABELS).backward()
        optimizer.step()
    return module


@pytest.mark.parametrize("text", EXACT)
def test_a_deeper_network_gives_exactly_the_same(text):
    spec, module = parse(text), trained(text)
    for units in (spec.stages[0] + 1, spec.stages[0] + 7, 18):
        found = deepen(module, spec, (units,) * 3)
        assert found.in_training
        assert found.spec.stages == (units,) * 3
        assert len(found.inserted) == 3 * (units - spec.stages[0])
        with torch.no_grad():
            for training in (True, False):
                ours, theirs = found.module.train(training), module.train(training)
                assert torch.equal(ours(PICTURES), theirs(PICTURES))


@pytest.mark.parametrize("text", IN_EVAL_MODE)
def test_where_a_batch_is_normalised_on_the_way_it_holds_in_eval_mode_alone(text):
    spec, module = parse(text), trained(text)
    assert not exact_in_training(spec)
    found = deepen(module, spec, (9, 9, 9))
    with torch.no_grad():
        torch.testing.assert_close(
            found.module.eval()(PICTURES), module.eval()(PICTURES), rtol=1e-4, atol=1e-5
        )
        outputs = found.module.train()(PICTURES), module.train()(PICTURES)
    assert (outputs[0] - outputs[1]).abs().max() > 0.1


@pytest.mark.parametrize("text", [SMALL, f"{SMALL},norm=none,skip_init=true", IN_EVAL_MODE[0]])
def test_what_was_inserted_learns(text):
    found = deepen(trained(text), parse(text), (2, 2, 2))
    before = {name: tensor.clone() for name, tensor in found.module.state_dict().items()}
    optimizer = torch.optim.SGD(found.module.parameters(), 0.05)
    for _ in range(2):  # the first moves the zeros, the second what is in front of them
        optimizer.zero_grad()
        cross_entropy(found.module(PICTURES), LABELS).backward()
        optimizer.step()
    for unit in found.inserted:
        for name, weights in found.module.get_submodule(unit).named_parameters():
            assert not torch.equal(weights, before[f"{unit}.{name}"]), (unit, name)


def test_the_shallow_network_stays_as_it_is():
    module = trained(SMALL).eval()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    found = deepen(module, parse(SMALL), (1, 2, 1))
    assert found.inserted == ("layer2.1",)
    assert not found.module.training
    for weights in found.module.parameters():
        nn.init.ones_(weights)
    assert all(torch.equal(before[name], tensor) for name, tensor in module.state_dict().items())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{SMALL},shortcut=C", "shortcuts are not the identity"),
        (f"{SMALL},shortcut=constant_scaling", "shortcuts are not the identity"),
        (f"{SMALL},shortcut=shortcut_only_gating", "shortcuts are not the identity"),
        (f"{SMALL},survival=0.5", "stochastic depth weighs the old ones"),
        (f"{SMALL},ordering=bn_after_addition,norm=group", "standardises each picture"),
        ("plain20-cifar,norm=group", "standardises each picture"),
        ("plain20-cifar,se_ratio=4", "no way around it"),
        ("plain164-cifar", "fewer channels than it takes"),
        ("keras-resnet50v2", "none can follow it"),
        ("vgg16", "no units that keep the shape"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(text, words):
    with pytest.raises(DeepeningError, match=words):
        deepen(nn.Identity(), parse(text), (30, 30, 30))


@pytest.mark.parametrize("stages", [(0, 1, 1), (2, 2), (2, 2, 2, 2)])
def test_no_stage_loses_units(stages):
    with pytest.raises(DeepeningError, match="at least the 1-1-1"):
        deepen(build(SMALL), parse(SMALL), stages)
