"""The command line: words in any order, files of all sorts, and variables of the environment."""

import io
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.__main__ import main
from tests.fuzz.corpus import pets, pictures, texts
from tests.fuzz.guard import MEGABYTE, cases, harmless, sentence

FILES = {
    "cat.png": pictures()["PNG"],
    "bomb.png": pictures()["bomb"],
    "pets.zip": pets(),
    "net.json": b'{"fields": {"stages": [1, 1]}}',
    "odd.json": b"\xff\xfe{",
    "mine.pt": b"PK\x03\x04",
    "weights.safetensors": b"\xff" * 9,
    "empty": b"",
}
COMMANDS = ("describe", "compare", "export", "gradients", "predict", "fetch", "convert")
LIMIT = 1500 * MEGABYTE
"""The largest of the bundled networks, twice, with its weights being read."""
FLAGS = (
    "--json",
    "--csv",
    "--to",
    "onnx",
    "latex",
    "pytorch",
    "safetensors",
    "--seed",
    "--batch",
    "--top",
    "--weights",
    "--fit",
    "--probe",
    "--loss",
    "--mode",
    "pad",
    "0",
    "-1",
    "2",
    "99999999999999999999",
    "nan",
    "",
)
TINY = "resnet20-cifar,depth=8,width=2,image_size=8"
NO_FLAG = texts(20).filter(lambda text: not text.startswith("-"))
WORDS = st.sampled_from((*FLAGS, *FILES, TINY, "lenet5", "nowhere/x", "/dev/null", "/")) | NO_FLAG
WHERE_TO = st.tuples(st.just("-o"), st.sampled_from(("out", "nowhere/x", "/dev/null", ".", "/")))
TRAIN = st.tuples(
    st.sampled_from(("--recipe", "--epochs", "--seed", "--evaluate-every", "--batch")),
    st.sampled_from(FLAGS[-6:]) | NO_FLAG,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("commands") / "inside"
    made.mkdir()
    return made


def asked(arguments: list[str], folder: Path) -> int:
    """The status of a command, which says in a line what was wrong, if anything was."""
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    told = io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(io.StringIO()),
        redirect_stderr(told),
        harmless(LIMIT, writes=True),
    ):
        patch.chdir(folder)
        try:
            status = main(arguments)
        except SystemExit as stopped:  # argparse's way
            status = int(stopped.code or 0)
    if status == 2:
        sentence(told.getvalue().splitlines()[-1], 900)
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    return status


@cases(40)
@given(st.sampled_from(COMMANDS), st.lists(WORDS | WHERE_TO, max_size=6))
def test_words_in_any_order_do_something_or_are_explained(
    folder: Path, command: str, words: list[str | tuple[str, str]]
) -> None:
    flat = [each for word in words for each in ((word,) if isinstance(word, str) else word)]
    assert asked([command, *flat], folder) in (0, 1, 2)


@cases(15)
@given(st.lists(TRAIN, max_size=5), st.sampled_from(("folder:.", "cifar10:.", ".", "x")) | WORDS)
def test_a_training_that_cannot_be_is_explained(
    folder: Path, words: list[tuple[str, str]], data: str
) -> None:
    flat = [each for word in words for each in word]
    assert asked(["train", TINY, "--data", data, *flat], folder) == 2


@pytest.mark.parametrize(
    "name", ["TORCH_HOME", "XDG_CACHE_HOME", "EXPLORER_LESSONS", "EXPLORER_CLUSTER"]
)
@pytest.mark.parametrize("value", ["", "/dev/null", "/nowhere", "\n", "~", "x" * 5000])
def test_variables_of_any_value_leave_the_command_line_alive(
    name: str, value: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert asked(["describe", TINY], folder) == 0
    assert asked(["predict", "--weights", "list"], folder) == 0
