"""What keeps the two networks in shape beside their losses, and how styles are mixed.

The losses themselves are `vanilla_generator_loss` and `vanilla_discriminator_loss` of
`methods.nets.adversarial`: softplus of plus or minus the logit.
"""

import math

import torch
from torch import Tensor

PATH_DECAY = 0.01


def r1_penalty(logits: Tensor, picture: Tensor) -> Tensor:
    """Give half the mean squared slope of the verdict on real pictures; to be weighted by gamma.

    Args:
        logits: (N,), computed from `picture`.
        picture: (N, C, y, x) with gradients wanted, as they were before any augmentation.

    Source: Mescheder, Geiger, Nowozin, ICML 2018, arXiv:1801.04406; Eq. (9).
    """
    (slope,) = torch.autograd.grad(logits.sum(), picture, create_graph=True)
    return 0.5 * slope.square().sum((1, 2, 3)).mean()


def path_lengths(picture: Tensor, w: Tensor, direction: Tensor) -> Tensor:
    """Give how far pictures move along a random direction per step of their styles.

    Args:
        picture: (N, C, y, x), computed from `w`.
        w: (N, L, d) with gradients wanted.
        direction: like `picture`, from N(0, 1).

    Returns:
        (N,): the root of the mean over layers of the squared slope.

    Source: Karras et al., CVPR 2020, arXiv:1912.04958; section 3.2.
    """
    pixels = math.sqrt(picture.shape[2] * picture.shape[3])
    (slope,) = torch.autograd.grad((picture * direction).sum() / pixels, w, create_graph=True)
    return slope.square().sum(2).mean(1).sqrt()


def path_penalty(lengths: Tensor, mean: Tensor) -> Tensor:
    """Give the mean squared distance of path lengths from their running mean."""
    return (lengths - mean).square().mean()


def followed_mean(mean: Tensor, lengths: Tensor) -> Tensor:
    """Give the running mean of path lengths after a batch of them."""
    return mean.lerp(lengths.detach().mean(), PATH_DECAY)


def mixed_styles(first: Tensor, second: Tensor, layers: int, cut: Tensor) -> Tensor:
    """Give early layers the first style and those from `cut` on the second one.

    Args:
        first: (N, d).
        second: (N, d).
        layers: style vectors of a picture.
        cut: (N,), 1 to `layers`; `layers` leaves the first style everywhere.

    Returns:
        (N, layers, d).
    """
    is_late = torch.arange(layers, device=cut.device)[None, :] >= cut[:, None]
    return torch.where(is_late[:, :, None], second[:, None, :], first[:, None, :])


def drawn_cuts(count: int, layers: int, share: float, generator: torch.Generator) -> Tensor:
    """Draw for each picture where its second style begins; a share of pictures has one."""
    cut = torch.randint(1, layers, (count,), generator=generator)
    return torch.where(torch.rand(count, generator=generator) < share, cut, layers)
