"""What a number made with a feature network may be called: one rule, and the hashes it rests on.

Torch-free. The names FID, KID, LPIPS and VGG19 are earned by the published weights alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class FeatureNetworkId(StrEnum):
    """Permanent ids of the feature networks there can be."""

    MICROFEAT = "microfeat"
    VGG19 = "vgg19"
    ALEXNET = "alexnet"
    LPIPS_HEADS = "lpips_heads"
    INCEPTION = "inception"


PUBLISHED: Mapping[FeatureNetworkId, str] = MappingProxyType(
    {
        FeatureNetworkId.VGG19: "dcbb9e9d",
        FeatureNetworkId.ALEXNET: "7be5be79",
        FeatureNetworkId.LPIPS_HEADS: "df73285e",
        FeatureNetworkId.INCEPTION: "6726825d",
    }
)
"""How the SHA-256 of the published file of each network begins."""

_SHORT = 8


@dataclass(frozen=True, slots=True)
class Extractor:
    """A feature network, as far as the name of its numbers depends on it."""

    network: FeatureNetworkId
    sha256: str
    """Of the file that its weights came from."""
    heads_sha256: str = ""
    """LPIPS only: of the file with the linear heads."""
    shipped: bool = False
    """MicroFeat only: the weights are those that ship with the program."""
    version: int = 1
    """MicroFeat only."""


@dataclass(frozen=True, slots=True)
class FeatureLabels:
    """The names of what can be made with an extractor; None: it may not be made or shown."""

    loss: str | None = None
    """Of a training loss."""
    distance: str | None = None
    """Between two pictures of one field."""
    frechet: str | None = None
    """Between two sets of pictures, from means and covariances."""
    kernel: str | None = None
    """Between two sets of pictures, from a kernel."""
    remark: str = ""
    """What has to stand beside the number."""


def label_of(extractor: Extractor | None) -> FeatureLabels:
    """Give the names of the losses and metrics of an extractor.

    Args:
        extractor: None stands for no extractor: features of the own discriminator, a loss alone.
    """
    if extractor is None:
        return FeatureLabels(loss="Feature matching (D)")
    match extractor.network:
        case FeatureNetworkId.MICROFEAT:
            return _microfeat(extractor)
        case FeatureNetworkId.VGG19:
            is_known = is_published(extractor.network, extractor.sha256)
            return FeatureLabels(loss="Perceptual (VGG19-ImageNet)") if is_known else _NOTHING
        case FeatureNetworkId.ALEXNET | FeatureNetworkId.LPIPS_HEADS:
            return _lpips(extractor)
        case FeatureNetworkId.INCEPTION:
            return _inception(extractor)


def is_published(network: FeatureNetworkId, sha256: str) -> bool:
    """Say whether a hash is that of the published file of a network."""
    return network in PUBLISHED and sha256.startswith(PUBLISHED[network])


_NOTHING = FeatureLabels(remark="The weights are not the published ones")


def _microfeat(extractor: Extractor) -> FeatureLabels:
    if extractor.shipped:
        return FeatureLabels(f"Perceptual (MicroFeat-v{extractor.version})", "PD-µ", "FD-µ", "KD-µ")
    short = extractor.sha256[:_SHORT]
    return FeatureLabels(
        f"Perceptual (MicroFeat:{short})",
        f"PD-µ[{short}]",
        f"FD-µ[{short}]",
        f"KD-µ[{short}]",
        "Comparable only with numbers of the same feature network",
    )


def _lpips(extractor: Extractor) -> FeatureLabels:
    backbone = is_published(FeatureNetworkId.ALEXNET, extractor.sha256)
    heads = is_published(FeatureNetworkId.LPIPS_HEADS, extractor.heads_sha256)
    return FeatureLabels(distance="LPIPS v0.1 (alex)") if backbone and heads else _NOTHING


def _inception(extractor: Extractor) -> FeatureLabels:
    if is_published(FeatureNetworkId.INCEPTION, extractor.sha256):
        return FeatureLabels(frechet="FID", kernel="KID")
    name = f"inception-{extractor.sha256[:_SHORT]}"
    return FeatureLabels(frechet=f"FD[{name}]", kernel=f"KD[{name}]", remark="not FID")
