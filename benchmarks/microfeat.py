"""Makes and tries MicroFeat, our feature network: `benchmarks/microfeat.py train | fit | gate`.

Training is self-supervised, on simulated specimens alone: the network is shown pictures damaged in
known amounts (blur, noise, checkerboard, line jitter, invented filaments) and learns to tell kind
and amount, and which specimen it sees. Its last layer is then fitted in closed form: the directions
in which damage stands out most from the variety of sound pictures (Fisher's discriminants); `fit`
does that anew for a network that is there.

The gate tries the network on specimens that it was not trained on, and on real pictures where they
are at hand; a network that fails is not shipped.
"""

import argparse
import os
import shlex
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from superlens import __version__
from superlens.core.method import Weights
from superlens.engine.versions import software_versions
from superlens.io.codec import write_json
from superlens.io.feature_library import (
    FeatureCard,
    feature_cards,
    find_feature_network,
    save_features,
)
from superlens.io.locations import resources_dir
from superlens.phantom.catalogue import SPECIMENS
from superlens.phantom.pairs import training_generator, training_pair
from superlens.prepare.pair_doctor.looks import BLANK_RATIO, structure_ratio
from superlens.prepare.pairs import read_picture
from superlens.quality.deep.feature_gate import GateResult, try_features
from superlens.quality.deep.microfeat import (
    DIMENSIONS,
    PATCH_PX,
    WIDTHS,
    MicroFeat,
    features,
    load_microfeat,
    patches_of,
)
from superlens.quality.deep.probes import PROBES, Probe

Array = NDArray[np.float32]

CARD_ID = "microfeat-v1"
RESULTS = Path(__file__).resolve().parent / "results" / "microfeat_gate.json"
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
REAL = Path("paired") / "hagen_lowsnr_highsnr"
REAL_FIELDS = 64
"""As many as there are simulated ones, evenly chosen."""

TRAINING_SEED, FIT_SEED, GATE_SEED = 7, 8, 4242
TRAINING_FIELDS, FIT_FIELDS, GATE_FIELDS = 800, 64, 64
DAMAGE_SEED = 0
"""Of what is done to the pictures that the last layer is fitted to."""
FIELD_LOW_PX = 128
"""Side of a simulated field in low-resolution pixels; its picture is twice as wide."""
PHOTONS = (100.0, 30_000.0)
BACKGROUND = (0.005, 0.1)
CROP_PX = 128
CROPS, PATCHES_PER_CROP = 12, 3
"""A training step sees the product of both."""
LEARNING_RATE = 3e-3
ABSENT = -0.25
"""Target of a kind of damage that is absent; present ones go from 0 to 1 with the logarithm."""
RECOGNITION_WEIGHT = 0.1
FIT_RIDGE = 0.3
"""Over the variance of each response: with less, finely balanced differences of responses count
that real pictures, whose noise is of another kind, scatter."""
WEAK_DAMAGE_POWER = 0.6
"""How much more damage weighs that stands out little."""
SPECIMEN_WEIGHT = 0.03
"""Of the directions that tell specimens apart, over those of damage."""
LEAST_WEIGHT = 1e-4
"""Of directions that tell nothing."""
# Lines are read one after the other by a scanner before its noise comes in.
ORDER = ("filaments", "blur", "line_jitter", "noise", "checkerboard")
SHARES = (1 / 6, 1 / 6, 1 / 3, 1 / 6, 1 / 6)
"""How often each is done: line jitter, the least that there is to see, twice as often."""


def main() -> int:
    """Train, or try what is installed; the exit status is 1 where the gate stays shut."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("task", choices=("train", "fit", "gate"))
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--out", type=Path, default=None, help="where the weights or numbers go")
    parser.add_argument(
        "--weights", type=Path, default=None, help="folder of the network to fit or try"
    )
    given = os.environ.get("SUPERLENS_SHARED_DATA", str(DATA))
    parser.add_argument("--data", type=Path, default=Path(given), help="folder of real images")
    options = parser.parse_args()
    torch.set_num_threads(1)
    folder = options.out or resources_dir() / "features"
    if options.task == "train":
        train(options.steps, folder)
        return 0
    if options.task == "fit":
        fit(options.weights, folder)
        return 0
    return gate(options.weights, options.data, options.out or RESULTS)


def train(steps: int, folder: Path) -> None:
    """Train the network and write it."""
    torch.manual_seed(TRAINING_SEED)
    network = MicroFeat()
    started = time.monotonic()
    pictures, labels = simulated(TRAINING_FIELDS, TRAINING_SEED)
    print(f"{len(pictures)} fields after {time.monotonic() - started:.0f} s", flush=True)
    _learn(network, pictures, labels, steps)
    _fit_projection(network, *simulated(FIT_FIELDS, FIT_SEED))
    _save(network, folder, f"{steps} steps on a CPU, seed {TRAINING_SEED}")


def fit(weights: Path | None, folder: Path) -> None:
    """Fit the last layer of a network that is there, and write it."""
    network, card = _network(weights)
    _fit_projection(network, *simulated(FIT_FIELDS, FIT_SEED))
    made_with = card.made_with.partition(", ")[2].partition(", ")[2]
    _save(network, folder, f"{made_with}; last layer fitted anew")


def _save(network: MicroFeat, folder: Path, made_with: str) -> None:
    tensors = {name: value.numpy() for name, value in network.state_dict().items()}
    card = FeatureCard(
        CARD_ID,
        "MicroFeat v1",
        "",
        "",
        architecture={"widths": ",".join(map(str, WIDTHS)), "dimensions": DIMENSIONS},
        licence="BSD-3-Clause",
        made_with=f"Superlens {__version__}, torch {torch.__version__}, {made_with}",
        description="64 features of 64 x 64 pixel patches of standardised single-channel pictures; "
        "trained on simulated specimens alone",
    )
    written = save_features(folder, card, tensors)
    print(f"{written.id}: sha256 {written.sha256[:12]}")


def gate(weights: Path | None, data: Path, out: Path) -> int:
    """Try the network, print and write what was found."""
    network, card = _network(weights)
    tried = {"simulated": simulated(GATE_FIELDS, GATE_SEED)[0]}
    real = _real_fields(data)
    if real:
        tried["real"] = real
    results: dict[str, GateResult] = {}
    for name, fields in tried.items():
        results[name] = try_features(lambda field: features(network, patches_of(field)), fields)
        _print(name, results[name])
        # Written after each set, because the second takes as long as the first.
        write_json(out, _document(card, results))
    passed = results["simulated"].passed
    print(f"{'passed' if passed else 'FAILED'}: written to {out.name}")
    return 0 if passed else 1


def _document(card: FeatureCard, results: dict[str, GateResult]) -> dict[str, object]:
    return {
        "command": shlex.join(["python", "benchmarks/microfeat.py", *sys.argv[1:]]),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": asdict(software_versions()),
        "network": {"id": card.id, "sha256": card.sha256, "made_with": card.made_with},
        "decides": "simulated",
        "passed": results["simulated"].passed,
        "results": {name: asdict(result) for name, result in results.items()},
    }


def simulated(count: int, seed: int) -> tuple[list[Array], NDArray[np.int64]]:
    """Give pictures of simulated specimens, at high but not perfect quality, and their kinds."""
    pictures: list[Array] = []
    for number in range(count):
        rng = training_generator(seed, number)
        maker = SPECIMENS[number % len(SPECIMENS)]
        sharp = training_pair(maker.id, 2, FIELD_LOW_PX, rng).high
        low, high = np.percentile(sharp, (0.1, 99.9))
        light = np.clip((sharp - low) / max(float(high - low), 1e-6), 0, None)
        photons = np.exp(rng.uniform(*np.log(PHOTONS)))
        expected = (light + rng.uniform(*BACKGROUND)) * photons
        pictures.append((rng.poisson(expected) / photons).astype(np.float32))
    return pictures, np.arange(count) % len(SPECIMENS)


def _learn(
    network: MicroFeat, pictures: list[Array], labels: NDArray[np.int64], steps: int
) -> None:
    responses = 2 * sum(WIDTHS)
    heads = nn.Sequential(
        nn.BatchNorm1d(responses),
        nn.Linear(responses, DIMENSIONS),
        nn.Linear(DIMENSIONS, len(PROBES) + len(SPECIMENS)),
    )
    learnt = [*network.entry.parameters(), *network.inner.parameters(), *heads.parameters()]
    optimiser = torch.optim.Adam(learnt, LEARNING_RATE, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, steps, pct_start=0.1)
    rng = np.random.default_rng(TRAINING_SEED)
    mean: NDArray[np.float64] | None = None
    started = time.monotonic()
    for step in range(steps):
        x, amounts, kinds = _batch(pictures, labels, rng)
        answer = heads(network.energies(x))
        errors = (answer[:, : len(PROBES)] - amounts).square().mean(0)
        confusion = nn.functional.cross_entropy(answer[:, len(PROBES) :], kinds)
        loss = errors.sum() + RECOGNITION_WEIGHT * confusion
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(learnt, 1.0)
        optimiser.step()
        schedule.step()
        now = np.array([*errors.tolist(), confusion.item()])
        mean = now if mean is None else 0.95 * mean + 0.05 * now
        if step % 50 == 0 or step == steps - 1:
            print(step, f"{time.monotonic() - started:.0f} s", np.round(mean, 3), flush=True)


def _batch(
    pictures: list[Array], labels: NDArray[np.int64], rng: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    patches: list[Array] = []
    amounts: list[list[float]] = []
    kinds: list[int] = []
    for _ in range(CROPS):
        number = int(rng.integers(len(pictures)))
        picture = pictures[number] if rng.random() < 0.5 else pictures[number].T
        y, x = rng.integers(0, np.array(picture.shape) - CROP_PX + 1)
        damaged, amount = _damaged(picture[y : y + CROP_PX, x : x + CROP_PX], rng)
        cut = patches_of(damaged)
        patches.append(cut[rng.choice(len(cut), PATCHES_PER_CROP, replace=False)])
        amounts += [amount] * PATCHES_PER_CROP
        kinds += [int(labels[number])] * PATCHES_PER_CROP
    stack = torch.from_numpy(np.concatenate(patches)[:, None])
    return stack, torch.tensor(amounts), torch.tensor(kinds)


def _damaged(picture: Array, rng: np.random.Generator) -> tuple[Array, list[float]]:
    """Do none, one or two kinds of damage in amounts from a third of the first step on."""
    amounts = [ABSENT] * len(PROBES)
    probes = {probe.id: (number, probe) for number, probe in enumerate(PROBES)}
    count = rng.choice(3, p=(0.15, 0.6, 0.25))
    chosen = rng.choice(ORDER, count, replace=False, p=SHARES)
    for name in sorted(chosen, key=ORDER.index):
        number, probe = probes[str(name)]
        ends = np.log((probe.steps[0] / 3.0, probe.steps[-1] * 1.5))
        share = float(rng.random())
        amount = float(np.exp(ends[0] + share * (ends[1] - ends[0])))
        picture = probe.damage(picture, amount, rng)
        amounts[number] = share
    return picture, amounts


def _fit_projection(network: MicroFeat, pictures: list[Array], labels: NDArray[np.int64]) -> None:
    """Set the last layer to the directions in which the smallest damage stands out most.

    Lengths are measured in units of the variety of pictures, sound ones and damaged ones alike:
    responses that damage scatters more than it shifts would make much blur look like little. Kinds
    and amounts of damage that stand out little weigh more, so that none hides another.
    """
    from scipy import linalg

    sound = _energies(network, pictures)
    shifts: list[NDArray[np.float64]] = []
    spread = np.zeros((sound.shape[1],) * 2)
    steps = [(probe, step) for probe in PROBES for step in probe.steps]
    for probe, step in steps:
        damaged = _damaged_energies(network, pictures, probe, step)
        shifts.append(damaged.mean(0) - sound.mean(0))
        spread += np.cov(damaged.T)
    within = (np.cov(sound.T) + spread / len(shifts)) / 2.0
    within += FIT_RIDGE * np.diag(np.diag(within)) + 1e-6 * np.eye(len(within))
    between = _scatter(shifts, within, WEAK_DAMAGE_POWER)
    kinds = np.repeat(labels, len(sound) // len(pictures))
    means = [sound[kinds == kind].mean(0) - sound.mean(0) for kind in np.unique(kinds)]
    between += SPECIMEN_WEIGHT * _scatter(means, within, 0.0)
    found, directions = linalg.eigh(between, within)
    found, directions = found[::-1][:DIMENSIONS], directions[:, ::-1][:, :DIMENSIONS]
    matrix = (directions * np.sqrt(np.maximum(found, LEAST_WEIGHT))).T
    with torch.no_grad():
        network.project.weight.copy_(torch.from_numpy(matrix))
        network.project.bias.copy_(torch.from_numpy(-matrix @ sound.mean(0)))


def _damaged_energies(
    network: MicroFeat, pictures: list[Array], probe: Probe, step: float
) -> NDArray[np.float64]:
    rngs = [np.random.default_rng((DAMAGE_SEED, number)) for number in range(len(pictures))]
    damaged = [probe.damage(p, step, rng) for p, rng in zip(pictures, rngs, strict=True)]
    return _energies(network, damaged)


def _scatter(
    shifts: list[NDArray[np.float64]], within: NDArray[np.float64], power: float
) -> NDArray[np.float64]:
    """Give the weighted mean scatter of shifts that were all brought to length 1.

    Lengths are in units of `within`; the weight is the square of the length to the power -`power`.
    """
    total, weights = np.zeros_like(within), 0.0
    for shift in shifts:
        square = float(shift @ np.linalg.solve(within, shift))
        total += np.outer(shift, shift) / square ** (1.0 + power)
        weights += square**-power
    return total / weights


def _energies(network: MicroFeat, pictures: list[Array]) -> NDArray[np.float64]:
    with torch.inference_mode():
        found = [network.energies(torch.from_numpy(patches_of(p)[:, None])) for p in pictures]
    return torch.cat(found).numpy().astype(np.float64)


def _network(folder: Path | None) -> tuple[MicroFeat, FeatureCard]:
    if folder is not None:
        from safetensors.numpy import load_file

        from superlens.io.codec import read_json

        card = read_json(FeatureCard, folder / f"{CARD_ID}.json")
        tensors = load_file(folder / f"{CARD_ID}.safetensors")
        parts = {name: value.astype(np.float32) for name, value in tensors.items()}
        return load_microfeat(Weights({"network": parts}, card.architecture)), card
    weights, cards = find_feature_network("microfeat"), feature_cards("microfeat")
    assert weights is not None, "there is no MicroFeat to try: train it first"
    assert cards is not None
    return load_microfeat(weights), cards["network"]


def _real_fields(data: Path) -> list[Array]:
    """Give long exposures of the real pairs: some of their squares of 256 pixels.

    Squares that show nothing but noise are left out: no line jitter can be seen in them.
    """
    side = 4 * PATCH_PX
    found: list[Array] = []
    for path in sorted((data / REAL).glob("*_highsnr.tif")):
        picture = read_picture(path)
        for top in range(0, picture.shape[0] - side + 1, side):
            lefts = range(0, picture.shape[1] - side + 1, side)
            squares = (picture[top : top + side, left : left + side] for left in lefts)
            found += [square for square in squares if structure_ratio(square) >= BLANK_RATIO]
    evenly = np.linspace(0, len(found), REAL_FIELDS, endpoint=False).astype(int)
    return [found[index] for index in np.unique(evenly)] if found else []


def _print(name: str, result: GateResult) -> None:
    print(
        f"{name}: {result.patches} patches of {result.fields} fields; floor {result.floor:.4g}, "
        f"brightness {result.affine:.2g}"
    )
    for probe in result.probes:
        steps = "  ".join(
            f"{step:g}: {distance / result.floor:.2f}"
            for step, distance in zip(probe.steps, probe.distances, strict=True)
        )
        print(f"  {'ok  ' if probe.passed else 'MISS'} {probe.title:<20} x floor  {steps}")


if __name__ == "__main__":
    sys.exit(main())
