"""The perceptual term of the adversarial phase: VGG19 where it is installed, else own features.

The features of the own discriminator need no foreign weights; their term is scaled so that it pulls
at the picture as hard as the L1 term does when the phase begins.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from superlens.core.errors import InvalidInput
from superlens.core.method import Run, Weights
from superlens.methods.resrgan.parameters import PerceptualTerm, ResrganTrainParams

VGG19 = "vgg19"
LAYER_WEIGHTS = {
    "conv1_2": 0.1,
    "conv2_2": 0.1,
    "conv3_4": 1.0,
    "conv4_4": 1.0,
    "conv5_4": 1.0,
}
"""Layers of VGG19, before their activation, and how much each counts."""


class FeatureNetwork(Protocol):
    """A network that gives named maps of pictures (N, 1, y, x) of about 0 to 1."""

    def __call__(self, images: Tensor, /) -> Mapping[str, Tensor]: ...


class VggLoss:
    """Distance of two pictures in the features of VGG19 trained on ImageNet.

    Source: Wang et al., Real-ESRGAN, ICCV workshops 2021, doi:10.1109/ICCVW54120.2021.00217;
    section 4.1: mean absolute differences, weighted by layer.
    """

    def __init__(self, network: FeatureNetwork) -> None:
        self._network = network

    def __call__(self, restored: Tensor, truth: Tensor) -> Tensor:
        """Compare (N, 1, y, x) pictures; gradients reach the restored ones alone."""
        with torch.no_grad():
            wanted = self._network(truth)
        found = self._network(restored)
        parts = [
            weight * functional.l1_loss(found[name].float(), wanted[name].float())
            for name, weight in LAYER_WEIGHTS.items()
        ]
        return torch.stack(parts).sum()


def vgg_loss(params: ResrganTrainParams, run: Run) -> VggLoss | None:
    """Give the VGG19 term if it was asked for and can be had, and note what is used instead.

    Raises:
        InvalidInput: VGG19 was asked for by name, and its weights are not installed.
    """
    if params.perceptual in (PerceptualTerm.OFF, PerceptualTerm.FEATURE_MATCHING):
        return None
    weights = run.feature_weights(VGG19)
    if weights is not None:
        run.note("Perceptual term: VGG19 (ImageNet), from the installed weights")
        return VggLoss(_loaded(weights, run.device))
    if params.perceptual is PerceptualTerm.VGG19:
        raise InvalidInput(
            "The recipe asks for the perceptual loss of VGG19, whose weights are not installed",
            "Import the file of weights vgg19-dcbb9e9d.pth among the feature networks, or set "
            "`perceptual` to `feature_matching`",
        )
    run.note(
        "Perceptual term: feature matching (own discriminator), because the weights of VGG19 are "
        "not installed; presets trained like this carry the suffix -noVGG"
    )
    return None


def balance(restored: Tensor, pixel: Tensor, term: Tensor) -> float:
    """Give the factor by which a term pulls at the restored pictures as hard as the pixel loss.

    Args:
        restored: the pictures that both losses were computed from.
        pixel: the pixel loss.
        term: the loss to be scaled.

    Returns:
        |d pixel / d restored| / |d term / d restored|; 1 where the term does not pull at all.
    """
    (pull,) = torch.autograd.grad(pixel, restored, retain_graph=True)
    (other,) = torch.autograd.grad(term, restored, retain_graph=True)
    strength = float(other.norm())
    return float(pull.norm()) / strength if strength > 0 else 1.0


def _loaded(weights: Weights, device: str) -> nn.Module:
    from superlens.quality.deep.vgg19 import load_vgg19

    load: Callable[[Weights], nn.Module] = load_vgg19
    return load(weights).to(device).requires_grad_(False).eval()
