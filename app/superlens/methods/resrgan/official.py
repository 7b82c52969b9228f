"""Published RRDB checkpoints, by names and arrays: recognised, renamed, made to take one channel.

Torch-free, file-free: `engine.foreign_weights` reads the files.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import InvalidInput
from superlens.core.jobs import Fold
from superlens.core.method import Weights
from superlens.core.parameters import ParameterValue

PART = "generator"
_TABLES = ("params_ema", "params", "state_dict", "model")
"""Where published files keep their numbers, best first: averaged before live."""
_PREFIXES = ("module.", "netG.", "generator.")
_LUMA = (0.299, 0.587, 0.114)
_RGB = 3
_UNSHUFFLE = {1: 1, 4: 2, 16: 4}
"""Input channels per output channel to pixel-unshuffle factor."""
_TAIL = 4
"""How much the tail of the network enlarges."""

_BLOCK = r"\.(?P<n>\d+)\.(?:rdb|RDB)(?P<k>[123])\.conv(?P<j>[1-5])"
_OURS = re.compile(rf"^body{_BLOCK}\.(?P<kind>weight|bias)$")
_RENAMED = (
    (_OURS, None),
    (re.compile(rf"^RRDB_trunk{_BLOCK}\.(?P<kind>weight|bias)$"), None),
    (re.compile(rf"^model\.1\.sub{_BLOCK}\.0\.(?P<kind>weight|bias)$"), None),
    (re.compile(r"^(?:trunk_conv|model\.1\.sub\.\d+)\.(?P<kind>weight|bias)$"), "conv_body"),
    (re.compile(r"^(?:upconv1|model\.3)\.(?P<kind>weight|bias)$"), "conv_up1"),
    (re.compile(r"^(?:upconv2|model\.6)\.(?P<kind>weight|bias)$"), "conv_up2"),
    (re.compile(r"^(?:HRconv|model\.8)\.(?P<kind>weight|bias)$"), "conv_hr"),
    (re.compile(r"^model\.0\.(?P<kind>weight|bias)$"), "conv_first"),
    (re.compile(r"^model\.10\.(?P<kind>weight|bias)$"), "conv_last"),
)
"""The three namings to the newest one; None: a layer of a dense block."""

_ADVICE = (
    "Choose the generator of Real-ESRGAN, Real-ESRNet or ESRGAN: an RRDB network that makes x1, x2 "
    "or x4"
)

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """One checkpoint as its makers published it."""

    name: str
    title: str
    licence: str = "BSD-3-Clause"


PUBLISHED = {
    "4fa0d38905f75ac06eb49a7951b426670021be3018265fd191d2125df9d682f1": PublishedFile(
        "RealESRGAN_x4plus.pth", "Real-ESRGAN x4plus"
    ),
    "49fafd45f8fd7aa8d31ab2a22d14d91b536c34494a5cfe31eb5d89c2fa266abb": PublishedFile(
        "RealESRGAN_x2plus.pth", "Real-ESRGAN x2plus"
    ),
    "f872d837d3c90ed2e05227bed711af5671a6fd1c9f7d7e91c911a61f155e99da": PublishedFile(
        "RealESRGAN_x4plus_anime_6B.pth", "Real-ESRGAN x4plus anime 6B"
    ),
}
"""SHA-256 of a file to what it is, for files whose hash is widely known."""


@dataclass(frozen=True, slots=True)
class OfficialGenerator:
    """A published generator in our own naming, with one channel."""

    weights: Weights
    channels: int
    """Of the file: 3 were folded, 1 is as it was."""
    table: str
    """Where the file kept the numbers, such as `params_ema`; empty for the file itself."""


def read_official(tensors: Mapping[str, NDArray[Any]], name: str, fold: Fold) -> OfficialGenerator:
    """Give the generator that the tensors of a file are.

    Args:
        tensors: as `engine.foreign_weights.read_foreign_tensors` gives them.
        name: what the file is called in an error.
        fold: how three colours become one channel; of no effect on a file with one.

    Raises:
        InvalidInput: it is another network, or one whose parts do not fit together; says which.
    """
    table, chosen = _chosen_table(tensors)
    bare = _without_prefix(chosen)
    _refuse_others(bare, name)
    renamed = {_renamed(key): array for key, array in bare.items()}
    if len(renamed) < len(bare):
        raise InvalidInput(f"{name} names some layers of an RRDB network twice", _ADVICE)
    shape = _architecture(renamed, name)
    _require_exact(renamed, shape, name)
    weights = _folded(renamed, shape, fold) if shape.channels == _RGB else renamed
    plain: dict[str, ParameterValue] = {
        "scale": _TAIL // shape.unshuffle,
        "channels": 1,
        "blocks": shape.blocks,
        "features": shape.features,
        "growth": shape.growth,
    }
    return OfficialGenerator(Weights({PART: weights}, plain), shape.channels, table)


@dataclass(frozen=True, slots=True)
class _Shape:
    channels: int
    unshuffle: int
    blocks: int
    features: int
    growth: int


def _chosen_table(tensors: Mapping[str, NDArray[Any]]) -> tuple[str, Arrays]:
    for table in _TABLES:
        inside = {
            key.removeprefix(f"{table}/"): array
            for key, array in tensors.items()
            if key.startswith(f"{table}/")
        }
        if inside:
            deeper, found = _chosen_table(inside)
            return "/".join(filter(None, (table, deeper))), found
    return "", dict(tensors)


def _without_prefix(tensors: Arrays) -> Arrays:
    for prefix in _PREFIXES:
        if tensors and all(key.startswith(prefix) for key in tensors):
            return _without_prefix({key.removeprefix(prefix): a for key, a in tensors.items()})
    return tensors


def _refuse_others(tensors: Arrays, name: str) -> None:
    known = _stranger(tensors)
    if known:
        raise InvalidInput(f"{name} {known}", _ADVICE)


def _stranger(tensors: Arrays) -> str:
    """Say what network it is if it is a known one that is not a generator of ours, else ''."""
    if any("conv1x1" in key for key in tensors):
        return "is an ESRGAN+ network: its dense blocks have 1 x 1 convolutions that ours have not"
    if _has_any(tensors, ("conv9.weight", "conv9.weight_orig", "conv1.weight_orig")):
        return "is a discriminator (netD): it judges images and cannot make any"
    if _is_compact(tensors):
        return (
            "is a compact network (SRVGG, as realesr-general and animevideo), which is built "
            "otherwise than RRDB networks"
        )
    if _has_any(tensors, ("features.0.weight",)):
        return "is a network that recognises images (VGG, AlexNet): it cannot make any"
    return ""


def _has_any(tensors: Arrays, names: Iterable[str]) -> bool:
    return any(name in tensors for name in names)


def _is_compact(tensors: Arrays) -> bool:
    first, slope = tensors.get("body.0.weight"), tensors.get("body.1.weight")
    return first is not None and slope is not None and first.ndim == 4 and slope.ndim == 1


def _renamed(key: str) -> str:
    for pattern, layer in _RENAMED:
        found = pattern.match(key)
        if found is None:
            continue
        if layer is None:
            part = "body.{n}.rdb{k}.conv{j}.{kind}"
            return part.format(**found.groupdict())
        return f"{layer}.{found['kind']}"
    return key


def _architecture(tensors: Arrays, name: str) -> _Shape:
    needed = ("conv_first", "body.0.rdb1.conv1", "conv_last")
    found = [tensors.get(f"{layer}.weight") for layer in needed]
    if any(array is None or array.ndim != 4 for array in found):
        some = ", ".join(list(tensors)[:3])
        raise InvalidInput(
            f"{name} is not an RRDB network; its layers are called {some}, ...", _ADVICE
        )
    if "conv_up2.weight" not in tensors:
        raise InvalidInput(
            f"{name} is an RRDB network whose tail enlarges other than four times", _ADVICE
        )
    first, inner, last = (array for array in found if array is not None)
    channels, taken = int(last.shape[0]), int(first.shape[1])
    unshuffle = _UNSHUFFLE.get(taken // channels) if taken % channels == 0 else None
    if channels not in (1, _RGB) or unshuffle is None:
        raise InvalidInput(
            f"{name} takes {taken} channels and gives {channels}; expected is 1 or 3, with 1, 4 or "
            "16 times as many taken",
            _ADVICE,
        )
    blocks = len({found["n"] for found in map(_OURS.match, tensors) if found})
    return _Shape(channels, unshuffle, blocks, int(first.shape[0]), int(inner.shape[0]))


def _require_exact(tensors: Arrays, shape: _Shape, name: str) -> None:
    expected = _expected(shape)
    for key, size in expected.items():
        if key not in tensors:
            raise InvalidInput(f"{name} lacks the tensor {key} of an RRDB network", _ADVICE)
        if tensors[key].shape != size:
            raise InvalidInput(
                f"The tensor {key} of {name} has the shape {tensors[key].shape}, and an RRDB "
                f"network of its size has {size}",
                _ADVICE,
            )
    surplus = [key for key in tensors if key not in expected]
    if surplus:
        raise InvalidInput(
            f"{name} has {len(surplus)} tensors that an RRDB network has not, such as {surplus[0]}",
            _ADVICE,
        )


def _expected(shape: _Shape) -> dict[str, tuple[int, ...]]:
    """Give name and shape of every tensor of an RRDB network."""
    wide, growth = shape.features, shape.growth
    layers = {"conv_first": (wide, shape.channels * shape.unshuffle**2)}
    for block in range(shape.blocks):
        for dense in (1, 2, 3):
            for conv in range(1, 6):
                out = growth if conv < 5 else wide
                layers[f"body.{block}.rdb{dense}.conv{conv}"] = (out, wide + (conv - 1) * growth)
    for layer in ("conv_body", "conv_up1", "conv_up2", "conv_hr"):
        layers[layer] = (wide, wide)
    layers["conv_last"] = (shape.channels, wide)
    expected: dict[str, tuple[int, ...]] = {}
    for layer, (out, taken) in layers.items():
        expected[f"{layer}.weight"] = (out, taken, 3, 3)
        expected[f"{layer}.bias"] = (out,)
    return expected


def _folded(tensors: Arrays, shape: _Shape, fold: Fold) -> Arrays:
    """Give the network that answers a grey image as the colour network answers its triple.

    The first layer, which sees the same image three times, is summed over the colours; of the last
    one, which is linear, the weighted mean of the three answers is taken. Both are exact.
    """
    shares = np.asarray(_LUMA if fold is Fold.LUMA else (1 / _RGB,) * _RGB)
    first = tensors["conv_first.weight"].astype(np.float64)
    phases = shape.unshuffle**2
    apart = first.reshape(shape.features, _RGB, phases, 3, 3)  # channel c * r^2 + phase
    last, bias = tensors["conv_last.weight"], tensors["conv_last.bias"]
    return tensors | {
        "conv_first.weight": apart.sum(axis=1).astype(np.float32),
        "conv_last.weight": np.tensordot(shares, last, 1)[np.newaxis].astype(np.float32),
        "conv_last.bias": np.atleast_1d(shares @ bias).astype(np.float32),
    }
