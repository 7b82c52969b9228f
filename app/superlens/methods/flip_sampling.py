"""What the samples of methods with a single answer mean; torch-free, for their specs."""

from superlens.core.method import SampleKind, Sampling

POSES = 8
"""Flips and rotations of a square."""

FLIP_SAMPLING = Sampling(
    kind=SampleKind.FLIP_ENSEMBLE,
    label="Disagreement over flips and rotations",
    meaning=(
        "Where the network answers differently when the image is flipped or turned; it does "
        "not say how far the answer is from the truth, and a shared mistake does not show."
    ),
    default=POSES,
    limit=POSES,
)
