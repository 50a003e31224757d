"""Scores counted by hand, and classes read from names of files and folders."""

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer import torchvision_weights
from explorer.data import bundled_pictures
from explorer.prediction import predict
from explorer.scores import Outcome, Scores, class_of, score
from explorer.weights import find

KERAS = find("resnet50-keras")
TORCHVISION = torchvision_weights.entries()[0].categories
CIFAR = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
CAT, DOG, FROG = 3, 5, 6


def test_a_score_counted_by_hand() -> None:
    found = score(
        [
            Outcome(CAT, (CAT, DOG)),
            Outcome(CAT, (CAT, FROG)),
            Outcome(CAT, (DOG, CAT)),
            Outcome(CAT, (FROG, DOG)),
            Outcome(DOG, (DOG, CAT)),
            Outcome(DOG, (0, 1)),
        ]
    )
    assert found == Scores(
        pictures=6,
        right=3,
        right_in_top=4,
        classes=(CAT, DOG),
        answered=(CAT, DOG, 0, FROG),
        confusion=((2, 1, 0, 1), (0, 1, 1, 0)),
    )
    assert found.accuracy_percent == 50


@given(
    st.lists(
        st.builds(Outcome, st.integers(0, 4), st.lists(st.integers(0, 6), min_size=1).map(tuple)),
        min_size=1,
    )
)
def test_a_confusion_matrix_adds_up(outcomes: list[Outcome]) -> None:
    found = score(outcomes)
    assert sum(map(sum, found.confusion)) == found.pictures == len(outcomes)
    assert sum(row[n] for n, row in enumerate(found.confusion)) == found.right
    for index, row in zip(found.classes, found.confusion, strict=True):
        assert sum(row) == sum(each.truth == index for each in outcomes)
        assert len(row) == len(found.answered)
    assert found.right <= found.right_in_top <= found.pictures
    assert len(set(found.answered)) == len(found.answered)
    low, high = found.accuracy_interval_percent
    assert 0 <= low <= found.accuracy_percent <= high <= 100


@pytest.mark.parametrize(("right", "pictures"), [(17, 20), (1, 3), (50, 1000), (7, 7), (0, 4)])
def test_the_interval_ends_where_the_accuracy_is_two_deviations_off(
    right: int, pictures: int
) -> None:
    """Wilson's ends p solve |share - p| = 1.96 sqrt(p (1 - p) / n)."""
    outcomes = [Outcome(0, (int(n >= right),)) for n in range(pictures)]
    share = right / pictures
    for end in (value / 100 for value in score(outcomes).accuracy_interval_percent):
        expected = 1.959964 * sqrt(max(0, end * (1 - end)) / pictures)
        assert abs(share - end) == pytest.approx(expected, abs=1e-9)


def test_nothing_to_score_is_told() -> None:
    for outcomes in ([], [Outcome(1, ())]):
        with pytest.raises(ValueError, match="at least one picture"):
            score(outcomes)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("cat_01.jpg", "cat"),
        ("CAT.JPEG", "cat"),
        ("cat", "cat"),
        ("cat (2).png", "cat"),
        ("0003_cat.png", "cat"),
        ("12-cat-7.png", "cat"),
        ("cat12.jpg", None),
        ("cats.jpg", None),
        ("catamaran.jpg", None),
        ("my cat.jpg", None),
        ("cat/IMG_2041.jpg", "cat"),
        ("test/cat/dog.jpg", "cat"),
        ("photos\\cat\\1.jpg", "cat"),
        ("holiday/dog_1.jpg", "dog"),
        ("cat/holiday/1.jpg", None),
        ("IMG_2041.jpg", None),
        ("01.jpg", None),
        ("", None),
        ("...", None),
        ("n02123045_1.jpg", None),
    ],
)
def test_names_that_say_one_of_ten_classes(name: str, label: str | None) -> None:
    assert class_of(name, CIFAR) == (None if label is None else CIFAR.index(label))


@pytest.mark.parametrize(
    "categories", [KERAS.categories, TORCHVISION], ids=["Keras", "torchvision"]
)
@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("tabby/01.jpg", 281),
        ("golden_retriever-12.png", 207),
        ("003 Egyptian cat (2).jpg", 285),
        ("yellow lady's slipper.jpg", 986),
        ("black-and-tan_coonhound_4.jpg", 165),
        ("n02123045_1234.JPEG", 281),
        ("N02123045.jpg", 281),
        ("n01440764_tench.JPEG", 0),
        ("ILSVRC2012_val_00000293_n02510455.JPEG", 388),
        ("train/n07920052/n07920052_1.JPEG", 967),
        ("n15075141/1.jpg", 999),
        ("n99999999.jpg", None),
        ("n021230451.jpg", None),
        ("maillot.jpg", 638),
        ("Cardigan_1.jpg", 264),
        ("cardigan_1.jpg", 474),
        ("CARDIGAN_1.jpg", None),
        ("maillot_tank_suit_3.jpg", 639),
    ],
)
def test_names_that_say_one_of_imagenets_classes(
    categories: tuple[str, ...], name: str, index: int | None
) -> None:
    assert class_of(name, categories) == index


def test_every_label_is_read_back_from_its_own_name() -> None:
    for index, label in enumerate(KERAS.categories):
        assert class_of(f"{label}_{index}.jpg", KERAS.categories) == index
        assert class_of(f"{label.replace(' ', '_')}/x.jpg", KERAS.categories) == index


def test_labels_that_no_name_tells_apart_say_nothing() -> None:
    assert class_of("crane.jpg", ("crane", "crane", "dog")) is None
    assert class_of("CRANE.jpg", ("crane", "Crane", "dog")) is None
    assert class_of("dog.jpg", ("crane", "crane", "dog")) == 2
    assert class_of("class_3_12.jpg", [f"class {n}" for n in range(5)]) == 3


@given(st.text(), st.lists(st.text(), max_size=4))
def test_any_name_gives_a_class_or_none(name: str, categories: list[str]) -> None:
    found = class_of(name, categories)
    assert found is None or 0 <= found < len(categories)


def test_answers_about_named_photographs_are_scored() -> None:
    named = [picture for picture in bundled_pictures() if picture.expected]
    outcomes = []
    for picture in named:
        answers = tuple(label.index for label in predict(picture.read().image, KERAS).top)
        truth = class_of(f"{picture.expected[0]}/{picture.path.name}", KERAS.categories)
        assert truth is not None
        outcomes.append(Outcome(truth, answers))
    found = score(outcomes)
    assert found.pictures == len(named)
    assert found.right_in_top == sum(each.truth in each.answers for each in outcomes) >= 3
