"""A fine-tuned network as a file that the app, the command line and plain PyTorch read again."""

from safetensors.torch import save
from torch import Tensor

from explorer import __version__, weights
from explorer.cards import FileCard, write_file_card
from explorer.checkpoints import CARD
from explorer.training.fine_tuning import FineTuned


def write_file(tuned: FineTuned) -> bytes:
    """Return a safetensors file of the whole network, with its classes and preprocessing.

    Tensors that float16 holds exactly are stored so, which are nearly all of a bundled base.
    """
    entry = weights.find(tuned.base)
    card = card_of(tuned)
    about = {
        "format": "pt",
        "variant": card.architecture,
        "weights": f"{tuned.base} with a last layer of its own",
        "source": entry.source,
        "licence": entry.licence,
        "written_by": f"ResNet Explorer {__version__}",
        CARD: write_file_card(card),
    }
    tensors = tuned.network().state_dict()
    return save({name: _smallest(tensor) for name, tensor in tensors.items()}, about)


def card_of(tuned: FineTuned) -> FileCard:
    """Return what the file says about itself."""
    return FileCard(str(tuned.spec), tuned.classes, tuned.preprocessing, about(tuned))


def about(tuned: FineTuned) -> str:
    """Say how a network came about and what it is worth."""
    settings = tuned.settings
    return (
        f"Fine-tuned on {tuned.name}: the last layer learned from {tuned.train_pictures} pictures, "
        f"all others are {tuned.base}'s. {tuned.scores.right} of {tuned.scores.pictures} pictures "
        f"held out named rightly (seed {settings.seed}, weight decay {settings.weight_decay:g})"
    )


def _smallest(tensor: Tensor) -> Tensor:
    if not tensor.is_floating_point():
        return tensor
    half = tensor.half()
    return half if half.to(tensor.dtype).equal(tensor) else tensor


def how_to(tuned: FineTuned, file: str) -> str:
    """Return a program in plain PyTorch that asks the network about a picture.

    Args:
        tuned: the network.
        file: what its file is called.
    """
    return _PROGRAM.format(spec=tuned.spec, file=file)


_PROGRAM = """\
# The network's code: python -m explorer export {spec} --to pytorch -o net.py
import json

import numpy
import torch
from net import ResNet
from PIL import Image
from safetensors import safe_open

with safe_open("{file}", "pt") as file:
    card = json.loads(file.metadata()["card"])
    weights = {{name: file.get_tensor(name) for name in file.keys()}}

network = ResNet().eval()
network.load_state_dict(weights)

steps = card["preprocessing"]
picture = Image.open("picture.jpg").convert("RGB")
size = [steps["resize"] * side // min(picture.size) for side in picture.size]
left, top = [round((side - steps["crop"]) / 2) for side in size]
picture = picture.resize(size, Image.Resampling.BILINEAR)
picture = picture.crop((left, top, left + steps["crop"], top + steps["crop"]))
values = torch.from_numpy(numpy.array(picture)).permute(2, 0, 1) / steps["divisor"]
if steps["channels"] == "BGR":
    values = values.flip(0)
mean, std = (torch.tensor(steps[name]).view(-1, 1, 1) for name in ("mean", "std"))

with torch.inference_mode():
    probabilities = network(((values - mean) / std)[None]).softmax(1)[0]
for label, probability in zip(card["categories"], probabilities.tolist()):
    print(f"{{probability:6.1%}}  {{label}}")
"""
