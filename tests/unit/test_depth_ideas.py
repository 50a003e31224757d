"""Initialisations and ways to train deep, stems and placements, against the papers' formulas."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.network import build
from explorer.spec import SpecError, parse

SMALL = "resnet20-cifar,stages=2-2-2,width=4,image_size=8"


def pictures(text: str, count: int = 4) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.randn(count, *parse(text).input_shape, generator=generator)


def activated_stem(module: nn.Module, x: Tensor) -> Tensor:
    return torch.relu(module.bn1(module.conv1(x)))


def test_fixup_scales_each_branch_by_the_number_of_branches() -> None:
    """Zhang et al. 2019: L^(-1 / (2m - 2)), the last layer of a branch and the classifier 0."""
    text = "resnet110-cifar,norm=none"
    fixed, plain = build(f"{text},init=fixup"), build(text)
    for name, weight in plain.named_parameters():
        ours = fixed.get_parameter(name)
        if name.startswith("fc.") or ".conv2." in name:
            assert not ours.any(), name
        elif ".conv1." in name:
            torch.testing.assert_close(ours, weight * 54 ** (-1 / 2))
        else:
            assert torch.equal(ours, weight), name


def test_fixup_with_bottlenecks_takes_a_quarter_power() -> None:
    text = "resnet50,norm=none,width=8,image_size=32,classes=10"
    fixed, plain = build(f"{text},init=fixup"), build(text)
    for conv in ("conv1", "conv2"):
        ours, theirs = (m.get_submodule(f"layer3.4.{conv}").weight for m in (fixed, plain))
        torch.testing.assert_close(ours, theirs * 16 ** (-1 / 4))


def test_a_fixed_up_network_starts_as_its_shortcuts() -> None:
    module = build(f"{SMALL},norm=none,init=fixup").eval()
    x = torch.relu(module.conv1(pictures(SMALL)))
    assert torch.equal(module.layer1(x), x)


@pytest.mark.parametrize("ordering", ["original", "full_preactivation"])
def test_a_learned_scale_weighs_the_branch_and_starts_at_zero(ordering: str) -> None:
    module = build(f"{SMALL},skip_init=true,ordering={ordering}").eval()
    unit = module.layer1[1]
    x = activated_stem(module, pictures(SMALL))
    assert torch.equal(unit(x), x)
    nn.init.constant_(unit.learned_scale.scale, 0.7)
    if ordering == "original":
        branch = unit.bn2(unit.conv2(F.relu(unit.bn1(unit.conv1(x)))))
        expected = F.relu(x + 0.7 * branch)
    else:
        branch = unit.conv2(F.relu(unit.bn2(unit.conv1(F.relu(unit.bn1(x))))))
        expected = x + 0.7 * branch
    torch.testing.assert_close(unit(x), expected)


def test_survival_falls_linearly_and_weighs_branches_at_test_time() -> None:
    """Huang et al. 2016, eq. 4 and 5: p_l = 1 - l / L (1 - p_L)."""
    module = build(f"{SMALL},survival=0.4").eval()
    told = [part.survival for part in module.modules() if hasattr(part, "survival")]
    assert told == pytest.approx([1 - 0.6 * n / 6 for n in range(1, 7)])
    unit = module.layer1[1]
    x = activated_stem(module, pictures(SMALL))
    branch = unit.bn2(unit.conv2(F.relu(unit.bn1(unit.conv1(x)))))
    torch.testing.assert_close(unit(x), F.relu(x + 0.8 * branch))


def test_training_drops_whole_branches_as_often_as_it_says() -> None:
    module = build("resnet20-cifar,stages=1-1,width=4,survival=0.3").train()
    unit = module.layer1[0]
    x = torch.rand(2, 4, 8, 8)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        dropped = [torch.equal(unit(x), x) for _ in range(400)]
    assert 0.27 < sum(dropped) / 400 < 0.43  # 0.35, four deviations either way


def test_a_dropout_shortcut_drops_in_training_only() -> None:
    module = build(f"{SMALL},shortcut=dropout,shortcut_dropout=0.5")
    unit = module.layer1[1]
    x = torch.rand(2, 4, 8, 8) + 0.1
    with torch.random.fork_rng():
        torch.manual_seed(0)
        carried = unit.downsample(x)
    assert set(torch.unique((carried / x).round(decimals=4)).tolist()) == {0.0, 2.0}
    assert torch.equal(unit.eval().downsample(x), x)


@pytest.mark.parametrize("bias", [-6.0, -7.0, 0.0])
def test_gates_start_at_their_bias(bias: float) -> None:
    module = build(f"{SMALL},shortcut=exclusive_gating,gate_bias={bias}")
    for unit in (*module.layer1, *module.layer2, *module.layer3):
        assert torch.equal(unit.gate[0].bias, torch.full_like(unit.gate[0].bias, bias))
        assert unit.gate[0].kernel_size == (1, 1)


def test_a_deep_stem_is_three_convolutions_and_a_pool() -> None:
    """ResNet-C of He et al. 2019, arXiv:1812.01187, Section 4.1."""
    text = "resnet18,stem=deep,width=8,image_size=64,classes=5"
    module = build(text).eval()
    x = pictures(text)
    stem = module.conv1
    y = F.relu(stem[1](F.conv2d(x, stem[0].weight, stride=2, padding=1)))
    y = F.relu(stem[4](F.conv2d(y, stem[3].weight, padding=1)))
    y = F.conv2d(y, stem[6].weight, padding=1)
    assert [len(stem[n].weight) for n in (0, 3, 6)] == [4, 4, 8]
    y = F.max_pool2d(F.relu(module.bn1(y)), 3, 2, 1)
    y = module.layer4(module.layer3(module.layer2(module.layer1(y))))
    torch.testing.assert_close(module(x), module.fc(y.mean(dim=(2, 3))))


def test_keras_v2_halves_in_the_last_unit_and_pools_its_shortcut() -> None:
    """keras.applications, `block2` and `stack2` of resnet.py."""
    text = "keras-resnet50v2,width=4,image_size=64,classes=5"
    module = build(text).eval()
    unit = module.layer2[3]
    x = torch.randn(2, 32, 8, 8, generator=torch.Generator().manual_seed(1))
    active = F.relu(unit.bn1(x))
    y = F.relu(unit.bn2(F.conv2d(active, unit.conv1.weight)))
    y = F.relu(unit.bn3(F.conv2d(y, unit.conv2.weight, stride=2, padding=1)))
    y = F.conv2d(y, unit.conv3.weight, unit.conv3.bias)
    torch.testing.assert_close(unit(x.clone()), y + x[:, :, ::2, ::2])
    first = module.layer2[0]
    x = x[:, :16]
    active = F.relu(first.bn1(x))
    carried = F.conv2d(active, first.downsample[0].weight, first.downsample[0].bias)
    y = F.relu(first.bn2(F.conv2d(active, first.conv1.weight)))
    y = F.relu(first.bn3(F.conv2d(y, first.conv2.weight, padding=1)))
    y = F.conv2d(y, first.conv3.weight, first.conv3.bias)
    torch.testing.assert_close(first(x.clone()), y + carried)


def test_keras_v2_normalises_first_in_its_first_unit() -> None:
    module = build("keras-resnet50v2")
    assert not hasattr(module, "bn1") and module.conv1.bias is not None
    assert module.layer1[0].bn1.num_features == 64
    assert module.conv1.bias.abs().max() == 0  # biases start at zero


def test_a_series_is_a_picture_of_one_row() -> None:
    """With the rows of each kernel but the middle one empty, Conv2d sees one row only."""
    text = "resnet18-1d,width=4,image_size=64"
    series = build(text).eval()
    picture = build(f"{text},dims=2").eval()
    own = series.state_dict()
    state = {}
    for name, weight in picture.state_dict().items():
        value = own[name]
        if weight.dim() == 4 and weight.shape[2] > 1:
            spread = torch.zeros_like(weight)
            spread[:, :, weight.shape[2] // 2] = value
            value = spread
        elif weight.dim() == 4:
            value = value[:, :, None]
        state[name] = value
    picture.load_state_dict(state)
    x = pictures(text)
    torch.testing.assert_close(picture(x[:, :, None]), series(x))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("resnet20-cifar,init=fixup", "takes the place of a normalisation"),
        ("plain20-cifar,survival=0.5", "passes nothing on"),
        ("plain20-cifar,skip_init=true", "passes nothing on"),
        ("resnet20-cifar,skip_init=true,zero_init=true", "never learns"),
        ("resnet20-cifar,norm=none,init=fixup,skip_init=true", "never learns"),
        ("resnet20-cifar,gate_bias=-3", "belongs to exclusive_gating"),
        ("resnet20-cifar,shortcut_scale=0.2", "belongs to constant_scaling"),
        ("resnet20-cifar,stem_activation=false", "only a pre-activation network"),
        ("resnet20-cifar,survival=0", "0.01 to 1"),
        ("resnet20-cifar,survival=nan", "0.01 to 1"),
        ("resnet20-cifar,shortcut=exclusive_gating,gate_bias=x", "a number"),
        ("resnet20-cifar,dims=3", "1 to 2"),
        ("resnet20-cifar,family=vgg", "no field 'family'"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(SpecError, match=reason):
        parse(text)


def test_the_convolution_shortcut_is_option_c() -> None:
    assert str(parse("resnet110-cifar,shortcut=conv")) == "resnet110-cifar,shortcut=C"
