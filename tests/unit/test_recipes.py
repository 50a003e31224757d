"""Recipes: their schedules, their text form, and what cannot be followed."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from explorer.spec import parse
from explorer.training import recipe as recipes
from explorer.training import schedules
from explorer.training.recipe import RECIPES, Recipe, RecipeError

SPEC = parse("resnet20-cifar")
PLAIN = Recipe(name="test", epochs=3, batch=8)


@pytest.mark.parametrize(
    ("recipe", "steps", "expected"),
    [
        (
            RECIPES["he2015"],
            64_000,
            {0: 0.1, 31_999: 0.1, 32_000: 0.01, 47_999: 0.01, 48_000: 0.001, 63_999: 0.001},
        ),
        (
            replace(RECIPES["he2015"], warmup_iterations=400),
            64_000,
            {0: 0.01, 399: 0.01, 400: 0.1, 32_000: 0.01},
        ),
        (PLAIN, 100, {0: 0.1, 50: 0.05, 25: 0.05 * (1 + math.sqrt(0.5))}),
        # The rise ends at 0.3 * 100 - 1 = 29; half way up and half way down are means of the ends.
        (
            replace(PLAIN, schedule="one_cycle"),
            100,
            {0: 0.004, 29: 0.1, 64: 0.050_000_2, 99: 0.000_000_4},
        ),
    ],
)
def test_schedules_by_hand(recipe: Recipe, steps: int, expected: dict[int, float]) -> None:
    for iteration, rate in expected.items():
        assert recipe.rate(iteration, steps) == pytest.approx(rate, rel=1e-12)


def test_schedules_equal_torchs() -> None:
    steps = 137
    parameter = [nn.Parameter(torch.zeros(1))]

    def rates(make: Any) -> list[float]:
        optimizer = torch.optim.SGD(parameter, lr=0.1)
        scheduler = make(optimizer)
        found = []
        for _ in range(steps):
            found.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step() if len(found) < steps else None
        return found

    schedulers = torch.optim.lr_scheduler
    expected = {
        "one_cycle": rates(lambda o: schedulers.OneCycleLR(o, 0.1, total_steps=steps)),
        "cosine": rates(lambda o: schedulers.CosineAnnealingLR(o, steps)),
        "step": rates(lambda o: schedulers.MultiStepLR(o, [69, 103])),  # of 68.5 and 102.75
    }
    for name, wanted in expected.items():
        recipe = replace(PLAIN, schedule=name)
        found = [recipe.rate(iteration, steps) for iteration in range(steps)]
        assert found == pytest.approx(wanted, rel=1e-9, abs=1e-12), name


def test_the_papers_recipe_is_the_printed_one() -> None:
    recipe = RECIPES["he2015"]
    assert (recipe.iterations, recipe.batch, recipe.learning_rate) == (64_000, 128, 0.1)
    assert (recipe.momentum, recipe.weight_decay, recipe.nesterov) == (0.9, 1e-4, False)
    assert (recipe.crop_padding, recipe.flip, recipe.label_smoothing) == (4, True, 0)
    assert recipe.normalisation == "per_pixel_mean"
    assert recipes.find("he2015", parse("resnet56-cifar")).warmup_iterations == 0
    deep = recipes.find("he2015", parse("resnet110-cifar"))
    assert (deep.warmup_iterations, deep.warmup_rate) == (400, 0.01)
    assert recipes.find("short", parse("resnet110-cifar")) == RECIPES["short"]


@given(
    st.lists(st.floats(0.01, 10) | st.just(math.nan), max_size=40),
    st.integers(0, 4),
)
def test_the_plateau_equals_torchs(losses: list[float], patience: int) -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=patience, eps=0)
    recipe = replace(PLAIN, schedule="plateau", plateau_patience=patience)
    for end in range(len(losses) + 1):
        expected = optimizer.param_groups[0]["lr"]
        assert recipe.rate(end, 1_000, losses[:end]) == pytest.approx(expected, rel=1e-9)
        scheduler.step(losses[end]) if end < len(losses) else None


@pytest.mark.parametrize(
    ("losses", "waited"),
    [([], 0), ([3.0], 0), ([3.0, 2.0], 0), ([2.0, 2.0], 1), ([1.0, 3.0, 2.0], 2), ([math.nan], 0)],
)
def test_waiting_counts_from_the_first_lowest_loss(losses: list[float], waited: int) -> None:
    assert schedules.waiting(losses) == waited
    patient = replace(PLAIN, patience=2, validation=0.1)
    assert patient.gives_up(losses) == (waited >= 2)
    assert not PLAIN.gives_up(losses)


def test_a_text_form_reads_back_as_what_it_says() -> None:
    text = "short,batch=64,bfloat16=false,milestones=0.3-0.6-0.9,schedule=step,weight_decay=0.001"
    recipe = recipes.find(text, SPEC)
    expected = replace(
        RECIPES["short"],
        name=text,
        batch=64,
        bfloat16=False,
        milestones=(0.3, 0.6, 0.9),
        schedule="step",
        weight_decay=1e-3,
    )
    assert recipe == expected
    assert recipes.find(" short , weight_decay = 0.001, batch=64 ", SPEC).name == (
        "short,batch=64,weight_decay=0.001"
    )


@pytest.mark.parametrize(
    "changes",
    [
        [{"batch": 64, "flip": False}],
        [{"optimizer": "adam"}],
        [{"learning_rate": 1.0}, {"optimizer": "adam"}],
        [{"patience": 4}],
        [{"epochs": 5}, {"iterations": 70}],
        [{"epochs": 5}, {"epochs": 6}],
        [{"milestones": (0.25, 0.75), "rotation": 7.5}],
    ],
    ids=str,
)
@pytest.mark.parametrize("name", RECIPES)
def test_a_varied_recipe_is_the_one_its_name_says(name: str, changes: list[dict[str, Any]]) -> None:
    for spec in (SPEC, parse("resnet110-cifar")):  # the latter warms up with he2015
        recipe = recipes.find(name, spec)
        for change in changes:
            recipe = recipe.vary(change)
        assert recipes.find(recipe.name, spec) == recipe


def test_settings_bring_along_what_they_cannot_do_without() -> None:
    adam = recipes.find("short,optimizer=adam", SPEC)
    assert (adam.nesterov, adam.learning_rate, adam.weight_decay) == (False, 0.001, 5e-4)
    assert recipes.find("short,optimizer=adam,learning_rate=0.1", SPEC).learning_rate == 0.1
    assert recipes.find("short,patience=4", SPEC).validation == 0.1
    assert recipes.find("short,patience=4,validation=0.2", SPEC).validation == 0.2
    assert recipes.find("he2015,epochs=3", SPEC).iterations is None
    assert recipes.find("short,iterations=3", SPEC).epochs is None


def test_what_pictures_ask_for_gives_way_to_what_somebody_chose() -> None:
    asked = {"flip": False, "crop_padding": 1}
    recipe = recipes.find("short,flip=true", SPEC).suited(asked)
    assert (recipe.flip, recipe.crop_padding) == (True, 1)
    assert recipe.name == "short,crop_padding=1,flip=true"
    assert RECIPES["short"].suited({}) == RECIPES["short"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("short,bach=64", "no setting 'bach'; the nearest: batch"),
        ("short,name=x", "no setting 'name'"),
        ("short,batch", "'batch' is not of the form field=value"),
        ("short,batch=", "'batch=' is not of the form"),
        ("short,,", "'' is not of the form"),
        ("short,batch=64,batch=32", "batch is given twice"),
        ("short,batch=6.4", "batch='6.4': a whole number"),
        ("short,batch=-1", "batch='-1': a whole number"),
        ("short,flip=perhaps", "flip='perhaps': true or false"),
        ("short,momentum=high", "momentum='high': a number"),
        ("short,learning_rate=nan", "learning_rate=nan: from 0.0 to 100.0"),
        ("short,milestones=30-60", "milestones are shares"),
        ("short,milestones=-", "milestones='': a number"),
        ("short,epochs=2,iterations=9", "either epochs or iterations"),
        ("", "no recipe ''; there are short, he2015"),
    ],
)
def test_a_text_that_says_nothing_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(RecipeError, match=sentence):
        recipes.find(text, SPEC)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"epochs": 0}, "epochs=0: from 1"),
        ({"batch": 0}, "batch=0"),
        ({"learning_rate": math.nan}, "learning_rate=nan"),
        ({"momentum": 1.0}, "momentum"),
        ({"iterations": 5}, "either epochs or iterations"),
        ({"epochs": None}, "either epochs or iterations"),
        ({"schedule": "steps"}, "no schedule 'steps'; there are step, cosine, one_cycle"),
        ({"optimizer": "rmsprop"}, "no optimizer 'rmsprop'; there are sgd, adam"),
        ({"patience": 3}, "patience watches the loss on a held-out part"),
        ({"patience": 0}, "patience=0: from 1"),
        ({"validation": 0.6}, "validation=0.6: from 0.0 to 0.5"),
        ({"milestones": (0.5, 30.0)}, "milestones are shares"),
        ({"nesterov": True, "optimizer": "adam"}, "needs sgd"),
        ({"normalisation": "none"}, "no normalisation 'none'"),
        ({"momentum": 0.0, "nesterov": True}, "Nesterov"),
    ],
)
def test_a_recipe_nobody_can_follow_is_refused(settings: Any, sentence: str) -> None:
    with pytest.raises(RecipeError, match=sentence):
        replace(PLAIN, **settings)


def test_an_unknown_recipe_lists_the_known_ones() -> None:
    with pytest.raises(RecipeError, match="no recipe 'long'; there are short, he2015"):
        recipes.find("long", SPEC)
