"""Takes a feature network of others from a user's file: recognised by its hash, kept as tensors.

Torch-free: the file is read by a child process. Nothing is ever fetched.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import InvalidInput
from superlens.engine.foreign_weights import read_foreign_file
from superlens.engine.niqe_parameters import PARAMETER_SUFFIXES, import_niqe_parameters
from superlens.io.feature_library import FeatureCard, save_features
from superlens.io.locations import user_features_dir
from superlens.quality.deep.labels import PUBLISHED, FeatureNetworkId, is_published

Tensors = dict[str, NDArray[Any]]

_NESTS = ("state_dict/", "model/", "params/")
_PREFIXES = ("module.", "base.")


@dataclass(frozen=True, slots=True)
class _Kind:
    """A file that can be imported."""

    id: FeatureNetworkId
    title: str
    published_name: str
    key: str
    """One tensor that only this network has, with its number of axes and first two sizes."""
    shape: tuple[int, ...]
    wanted: str
    """Regular expression of the tensors that are kept."""
    is_exact: bool
    """Whether any other weights of this architecture are refused."""


_KINDS: tuple[_Kind, ...] = (
    _Kind(
        FeatureNetworkId.VGG19,
        "VGG19 (ImageNet)",
        "vgg19-dcbb9e9d.pth",
        "features.34.weight",
        (512, 512, 3, 3),
        r"features\.\d+\.(weight|bias)",
        True,
    ),
    _Kind(
        FeatureNetworkId.ALEXNET,
        "AlexNet (ImageNet)",
        "alexnet-owt-7be5be79.pth",
        "features.0.weight",
        (64, 3, 11, 11),
        r"features\.\d+\.(weight|bias)",
        True,
    ),
    _Kind(
        FeatureNetworkId.LPIPS_HEADS,
        "Heads of LPIPS v0.1 for AlexNet",
        "alex.pth",
        "lin2.model.1.weight",
        (1, 384, 1, 1),
        r"lin\d\.model\.1\.weight",
        True,
    ),
    _Kind(
        FeatureNetworkId.INCEPTION,
        "Inception-v3 for FID",
        "pt_inception-2015-12-05-6726825d.pth",
        "Mixed_7c.branch3x3dbl_3b.conv.weight",
        (384, 384, 3, 1),
        r"(Conv2d|Mixed)_.*",
        False,
    ),
)


def import_features(path: Path, check: Callable[[], None] = lambda: None) -> FeatureCard:
    """Copy a feature network from a user's file into the user's features folder.

    Args:
        path: a `.pth` or `.safetensors` file: VGG19, AlexNet, the heads of LPIPS, or Inception;
            or the parameters of NIQE (see `engine.niqe_parameters`).
        check: called many times a second; may raise to stop.

    Returns:
        The card as written.

    Raises:
        MissingFile: there is no such file.
        InvalidInput: it is no such network, or not the published one; or see
            `engine.foreign_weights`.
    """
    if path.suffix.lower() in PARAMETER_SUFFIXES:
        return import_niqe_parameters(path)
    foreign = read_foreign_file(path, check)
    tensors = _plain(foreign.tensors)
    kind = _recognised(tensors, path.name)
    published = is_published(kind.id, foreign.sha256)
    if kind.is_exact and not published:
        raise InvalidInput(
            f"{path.name} has the layers of {kind.title}, but not the published numbers: its "
            f"SHA-256 begins with {foreign.sha256[:8]} and not with {PUBLISHED[kind.id]}",
            f"Give the file {kind.published_name} as its authors published it",
        )
    kept = {name: value for name, value in tensors.items() if re.fullmatch(kind.wanted, name)}
    card = FeatureCard(
        kind.id.value,
        kind.title if published else f"Inception-v3 of another origin ({foreign.sha256[:8]})",
        "",
        foreign.sha256,
        path.name,
        licence="that of its authors; kept on this computer alone",
    )
    return save_features(user_features_dir(), card, kept)


def _recognised(tensors: Mapping[str, NDArray[Any]], name: str) -> _Kind:
    for kind in _KINDS:
        if kind.key in tensors and tensors[kind.key].shape == kind.shape:
            return kind
    known = ", ".join((*(kind.published_name for kind in _KINDS), "niqe_pris_params.npz"))
    raise InvalidInput(
        f"{name} is none of the feature networks that Superlens knows",
        f"It takes {known}",
    )


def _plain(tensors: Mapping[str, NDArray[np.float32]]) -> Tensors:
    """Give the tensors without the names of tables and wrappers around them."""
    found: Tensors = {}
    for name, value in tensors.items():
        plain = name
        for nest in (*_NESTS, *_PREFIXES):
            plain = plain.removeprefix(nest)
        found[plain] = value
    return found
