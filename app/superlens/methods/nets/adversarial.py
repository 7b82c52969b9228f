"""Losses of generator and discriminator against each other, and of pictures by their features.

Logits are of any shape; every loss is a mean over all of them. Above 0 means real.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def vanilla_generator_loss(fake: Tensor) -> Tensor:
    """Give -log D(fake): how far the discriminator is from taking the fakes for real.

    Source: Goodfellow et al., NeurIPS 2014, arXiv:1406.2661; section 3.
    """
    return _cross_entropy(fake, real=True)


def vanilla_discriminator_loss(logits: Tensor, *, real: bool) -> Tensor:
    """Give the discriminator's loss on real or on fake pictures; the two are added, not halved."""
    return _cross_entropy(logits, real=real)


def relativistic_generator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Give how far the fakes are from looking more real than the average real picture.

    Source: Wang et al., ESRGAN, ECCV workshops 2018, doi:10.1007/978-3-030-11021-5_5; Eq. (2),
    halved as in its code; means are taken as given.
    """
    seems_fake = _cross_entropy(real - fake.detach().mean(), real=False)
    seems_real = _cross_entropy(fake - real.detach().mean(), real=True)
    return 0.5 * (seems_fake + seems_real)


def relativistic_discriminator_loss(logits: Tensor, others: Tensor, *, real: bool) -> Tensor:
    """Give the discriminator's loss on pictures compared with the average of the other kind.

    Source: as `relativistic_generator_loss`; Eq. (1), halved.
    """
    return 0.5 * _cross_entropy(logits - others.detach().mean(), real=real)


def feature_matching_loss(fake: Sequence[Tensor], real: Sequence[Tensor]) -> Tensor:
    """Give the mean absolute difference of feature maps, averaged over the maps.

    Source: Wang et al., pix2pixHD, CVPR 2018, doi:10.1109/CVPR.2018.00917; Eq. (4).
    """
    apart = [
        functional.l1_loss(one.float(), other.detach().float())
        for one, other in zip(fake, real, strict=True)
    ]
    return torch.stack(apart).mean()


def _cross_entropy(logits: Tensor, *, real: bool) -> Tensor:
    logits = logits.float()
    target = torch.ones_like(logits) if real else torch.zeros_like(logits)
    return functional.binary_cross_entropy_with_logits(logits, target)
