"""The list of files that Explore offers, without a browser."""

import threading

import pytest
import torch
from safetensors.torch import load
from streamlit.testing.v1 import AppTest

from explorer.export.origin import Origin
from explorer.export.targets import TARGETS, find
from explorer.network import build
from explorer.spec import parse
from explorer.ui import tasks
from tests.app.driving import LONG_S, settled


def open_list(app: AppTest, text: str) -> AppTest:
    app.query_params["v"] = text
    app.run()
    app.session_state["export"] = True
    return settled(app.run())


def offered(app: AppTest) -> list[str]:
    keys = (str(button.key) for button in app.get("download_button"))
    return [key.removeprefix("export-") for key in keys if key.startswith("export-")]


def test_nothing_is_drawn_before_the_list_is_opened(app: AppTest) -> None:
    app.query_params["v"] = "resnet20-cifar"
    assert offered(settled(app.run())) == []


def test_the_list_offers_every_target(app: AppTest) -> None:
    open_list(app, "resnet32-cifar")
    assert set(offered(app)) == set(TARGETS)
    settled(app.number_input(key="export-seed").set_value(3).run())
    assert set(offered(app)) == set(TARGETS)


def test_trained_weights_are_offered_where_there_are_any(app: AppTest) -> None:
    open_list(app, "resnet50,stride_at=1x1")
    toggle = app.toggle(key="export-trained")
    assert "resnet50-keras" in toggle.label and toggle.value
    assert not [each for each in app.number_input if each.key == "export-seed"]
    settled(toggle.set_value(False).run())
    assert app.number_input(key="export-seed").value == 0


def test_a_network_too_large_to_be_sent_says_so(app: AppTest) -> None:
    open_list(app, "resnet50,width=1024")
    assert set(offered(app)) == {name for name in TARGETS if not TARGETS[name].has_weights}
    assert any("python -m explorer export" in info.value for info in app.info)


def test_files_with_weights_are_made_one_at_a_time_and_texts_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spec, made = parse("resnet20-cifar"), []
    let, begun = threading.Event(), threading.Event()

    def slow(spec: object, origin: Origin) -> bytes:
        begun.set()
        assert let.wait(LONG_S)
        made.append(origin.seed)
        return b""

    threads = [
        threading.Thread(
            target=tasks.export_file,
            args=(spec, find("onnx")._replace(write=slow), Origin(seed)),
        )
        for seed in (0, 1)
    ]
    threads[0].start()
    assert begun.wait(LONG_S)
    threads[1].start()
    assert b"layer1.0.conv1" in tasks.export_file(spec, find("csv"), Origin())
    assert made == []
    let.set()
    for thread in threads:
        thread.join(LONG_S)
    assert made == [0, 1]


def test_files_made_by_many_at_once_hold_the_right_weights() -> None:
    spec, files = parse("resnet20-cifar"), {}

    def make(seed: int) -> None:
        files[seed] = tasks.export_file(spec, find("safetensors"), Origin(seed))

    threads = [threading.Thread(target=make, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG_S)
    for seed, content in files.items():
        wanted = build(spec, seed).state_dict()
        assert all(torch.equal(tensor, wanted[name]) for name, tensor in load(content).items())
