"""The picture and the block microscope, without a browser."""

from tests.app.driving import PAGES, settled


def shown(app):
    return [element.value for kind in ("markdown", "text") for element in app.get(kind)]


def test_the_picture_follows_the_variant_and_the_microscope_its_choices(app):
    app.query_params["v"] = "resnet18"
    app.run()
    settled(app.switch_page(str(PAGES / "picture.py")).run())
    assert len(app.get("image")) == 2
    assert any("conv5_x: 2 units, output 512 × 7 × 7" in code for code in shown(app))
    assert "`y = ReLU(x + BN(conv(ReLU(BN(conv(x))))))`" in shown(app)

    settled(app.selectbox(key="microscope-stage").set_value("conv4_x").run())
    projected = "`y = ReLU(h(x) + BN(conv(ReLU(BN(conv(x)))))), with h(x) = BN(conv(x))`"
    assert projected in shown(app)

    settled(app.text_input(key="choice-text").set_value("resnet1202-cifar").run())
    assert app.selectbox(key="microscope-stage").options == ["stage1", "stage2", "stage3"]
    settled(app.selectbox(key="microscope-stage").set_value("stage2").run())
    assert app.selectbox(key="microscope-unit").options == [
        "unit 1 (zero padding skip)",
        "units 2 to 200, all 199 alike (identity skip)",
    ]
    choice = app.selectbox(key="microscope-unit")
    settled(choice.set_value(choice.options[1]).run())
    assert "`y = ReLU(x + BN(conv(ReLU(BN(conv(x))))))`" in shown(app)
    assert any("original of 2015" in text for text in shown(app))
