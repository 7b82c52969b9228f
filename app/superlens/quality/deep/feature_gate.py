"""The gate that a feature network has to pass before numbers are made with it.

It must notice known damage, more of it more strongly, and must not notice brightness. Distances
are squared Fréchet distances between features of sound pictures and of the same pictures damaged;
what two halves of the sound pictures are apart is the floor.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from superlens.quality.deep.probes import PROBES, Probe
from superlens.quality.frechet import frechet_distance, frechet_floor

Array = NDArray[np.float32]
Embed = Callable[[Array], NDArray[np.float64]]
"""A picture (Y, X) to the features of its patches (N, D)."""

FIRST_STEP_OVER_FLOOR = 3.0
LARGEST_AFFINE_SHARE = 1e-3
"""Of the floor: how far apart pictures may be that differ in gain and offset alone."""
_GAIN, _OFFSET = 37.5, 412.0


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What the network made of one kind of damage."""

    id: str
    title: str
    unit: str
    steps: tuple[float, ...]
    distances: tuple[float, ...]
    first_over_floor: float
    is_monotone: bool
    """Whether every step is farther away than the one before it."""
    passed: bool


@dataclass(frozen=True, slots=True)
class GateResult:
    """What the gate found."""

    floor: float
    affine: float
    """Distance of the same pictures with another gain and offset."""
    patches: int
    fields: int
    dimensions: int
    probes: tuple[ProbeResult, ...]
    passed: bool


def try_features(
    embed: Embed,
    fields: Sequence[Array],
    seed: int = 0,
    probes: Sequence[Probe] = PROBES,
    tick: Callable[[str], None] = lambda text: None,
) -> GateResult:
    """Try a feature network.

    Args:
        embed: the network with whatever it does to pictures before.
        fields: sound pictures that it was not trained on, (Y, X) each.
        seed: of the damage and of the halves.
        probes: the damage.
        tick: told what is being done.
    """
    tick("sound pictures")
    sound = _embedded(embed, fields)
    floor = frechet_floor(sound, seed)
    tick("brightness")
    brighter = [field * np.float32(_GAIN) + np.float32(_OFFSET) for field in fields]
    affine = frechet_distance(sound, _embedded(embed, brighter))
    results: list[ProbeResult] = []
    for probe in probes:
        distances: list[float] = []
        for step in probe.steps:
            tick(f"{probe.title} {step:g} {probe.unit}")
            # The same specks at every step, only stronger.
            rngs = [np.random.default_rng((seed, number)) for number in range(len(fields))]
            damaged = [
                probe.damage(field, step, rng) for field, rng in zip(fields, rngs, strict=True)
            ]
            distances.append(frechet_distance(sound, _embedded(embed, damaged)))
        results.append(_result(probe, tuple(distances), floor))
    return GateResult(
        floor=floor,
        affine=affine,
        patches=len(sound),
        fields=len(fields),
        dimensions=sound.shape[1],
        probes=tuple(results),
        passed=affine <= LARGEST_AFFINE_SHARE * floor and all(one.passed for one in results),
    )


def _embedded(embed: Embed, fields: Sequence[Array]) -> NDArray[np.float64]:
    return np.concatenate([embed(field) for field in fields])


def _result(probe: Probe, distances: tuple[float, ...], floor: float) -> ProbeResult:
    over = distances[0] / floor if floor > 0 else float("inf")
    is_monotone = all(later > earlier for earlier, later in pairwise((0.0, *distances)))
    return ProbeResult(
        probe.id,
        probe.title,
        probe.unit,
        probe.steps,
        distances,
        over,
        is_monotone,
        is_monotone and over > FIRST_STEP_OVER_FLOOR,
    )
