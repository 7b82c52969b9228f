"""Distances between sets of pictures, in the features of whatever networks are installed.

Names come from `quality.deep.labels` alone. Torch is imported where a network is loaded.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from superlens.core.evaluation import Better, Estimate, FeatureSet, Measure
from superlens.core.method import Array
from superlens.io.feature_library import (
    INCEPTION,
    LPIPS,
    MICROFEAT,
    feature_cards,
    find_feature_network,
)
from superlens.quality.deep.labels import Extractor, FeatureLabels, FeatureNetworkId, label_of
from superlens.quality.fidelity import Mode, in_mode
from superlens.quality.frechet import (
    KernelDistance,
    frechet_distance,
    frechet_floor,
    frechet_warning,
    kernel_distance,
)

Float = NDArray[np.float64]
Embed = Callable[[Array], Float]
"""A picture (Y, X) to the features of its patches (N, D)."""

_INCEPTION_PATCH_PX = 128
_Z90 = 1.6449
_LARGEST_JACKKNIFE = 256
"""Dimensions up to which the distance is computed anew without each field."""
_MOST_JACKKNIFED_FIELDS = 200


@dataclass(frozen=True, slots=True)
class FeatureTool:
    """A loaded feature network that compares sets of pictures."""

    extractor: Extractor
    labels: FeatureLabels
    embed: Embed
    """Of a prediction and its truth in the same brightness (see `matched`)."""
    input_px: int
    resize: str
    channels: int
    key: str
    """Begins the ids of its measures."""


@dataclass(frozen=True, slots=True)
class PairTool:
    """A loaded feature network that compares two pictures."""

    measure: Measure
    compare: Callable[[Array, Array], float | None]
    """Prediction and truth, in the same brightness, to a distance."""
    extractor: Extractor


@dataclass(slots=True)
class FeatureStore:
    """The features of all pictures judged so far."""

    features: dict[str, list[Float]] = field(default_factory=dict[str, list[Float]])
    """By method; `TRUTH` holds those of the truths."""
    fields: list[str] = field(default_factory=list[str])
    """The field of each picture, in the order of the lists."""


TRUTH = "truth"


def load_tools(device: str) -> tuple[tuple[FeatureTool, ...], tuple[PairTool, ...]]:
    """Load every feature network that is installed and may be named.

    Args:
        device: torch device.

    Raises:
        CorruptModel: the files of one are damaged.
    """
    sets = [tool for tool in (_microfeat(device), _inception(device)) if tool is not None]
    pairs = [tool for tool in (_lpips(device),) if tool is not None]
    return tuple(sets), tuple(pairs)


def matched(picture: Array, truth: Array) -> tuple[Array, Array]:
    """Bring both pictures to the truth's percentiles 0.1 and 99.9 as 0 and 1, after the fit."""
    p, g, _ = in_mode(picture, truth, Mode.CARE)
    return p.astype(np.float32), g.astype(np.float32)


def remember(
    store: FeatureStore, tool: FeatureTool, pictures: Mapping[str, Array], field_id: str
) -> dict[str, float]:
    """Add the features of one truth and of what each method made of it.

    Args:
        store: of this tool.
        tool: the feature network.
        pictures: by method, in the same brightness as the truth, which is there as `TRUTH`.
        field_id: the field of view of all of them.

    Returns:
        The mean distance between patches of the same place, by method; empty where the network
        gives none, or the pictures are smaller than a patch.
    """
    truth = tool.embed(pictures[TRUTH])
    if not len(truth):
        return {}
    store.fields.append(field_id)
    store.features.setdefault(TRUTH, []).append(truth)
    apart: dict[str, float] = {}
    for method, picture in pictures.items():
        if method == TRUTH:
            continue
        ours = tool.embed(picture)
        store.features.setdefault(method, []).append(ours)
        if tool.labels.distance is not None:
            apart[method] = float(np.linalg.norm(ours - truth, axis=1).mean())
    return apart


def set_measures(tool: FeatureTool) -> tuple[Measure, ...]:
    """Give the measures of a tool."""
    dimensions = f"features of {tool.extractor.network.value}"
    found: list[Measure] = []
    if tool.labels.distance is not None:
        meaning = f"Mean distance to the truth, patch by patch, in {dimensions}."
        found.append(Measure(f"{tool.key}_pd", tool.labels.distance, "", Better.LOWER, meaning, 3))
    if tool.labels.frechet is not None:
        meaning = f"Fréchet distance to the truths in {dimensions}; see its floor."
        found.append(Measure(f"{tool.key}_fd", tool.labels.frechet, "", Better.LOWER, meaning, 3))
    if tool.labels.kernel is not None:
        meaning = f"Kernel distance to the truths in {dimensions}, times 1000."
        title = f"{tool.labels.kernel} × 10³"
        found.append(Measure(f"{tool.key}_kd", title, "", Better.LOWER, meaning, 3))
    return tuple(found)


def set_estimates(
    tool: FeatureTool, store: FeatureStore, seed: int
) -> dict[str, dict[str, Estimate]]:
    """Give the distances of every method to the truths: method, measure, estimate."""
    truth = np.concatenate(store.features[TRUTH])
    found: dict[str, dict[str, Estimate]] = {}
    for method, rows in store.features.items():
        if method == TRUTH:
            continue
        ours = np.concatenate(rows)
        kernel = kernel_distance(ours, truth, seed=seed)
        count, fields = len(ours), len(set(store.fields))
        count, fields = len(ours), len(set(store.fields))
        found[method] = {
            f"{tool.key}_fd": _frechet(store, method, (ours, truth)),
            f"{tool.key}_kd": Estimate(
                1000.0 * kernel.value, n=count, fields=fields, subsets=_subsets(kernel)
            ),
        }
    return found


def _subsets(kernel: KernelDistance) -> tuple[float, float] | None:
    if kernel.mean is None or kernel.std is None:
        return None
    return 1000.0 * kernel.mean, 1000.0 * kernel.std


def feature_set(tool: FeatureTool, store: FeatureStore, seed: int) -> FeatureSet:
    """Say what stands behind the distances of a tool."""
    truth = np.concatenate(store.features[TRUTH])
    can_halve = len(truth) >= 4
    order = np.random.default_rng(seed).permutation(len(truth))
    half = len(truth) // 2
    halves = truth[order[:half]], truth[order[half : 2 * half]]
    warning = frechet_warning(len(truth), truth.shape[1])
    remarks = [text for text in (tool.labels.remark, warning) if text]
    labels = [text for text in (tool.labels.frechet, tool.labels.kernel) if text is not None]
    return FeatureSet(
        labels=tuple(labels),
        id=tool.extractor.network.value,
        sha256=tool.extractor.sha256,
        input_px=tool.input_px,
        resize=tool.resize,
        channels=tool.channels,
        dimensions=truth.shape[1],
        images=len(store.fields),
        patches=len(truth),
        fields=len(set(store.fields)),
        floor=frechet_floor(truth, seed) if can_halve else None,
        kernel_floor=1000.0 * kernel_distance(*halves).value if can_halve else None,
        remark="; ".join(remarks),
    )


def _frechet(store: FeatureStore, method: str, sets: tuple[Float, Float]) -> Estimate:
    """Give the distance and its interval by leaving out one field after the other."""
    value = frechet_distance(*sets)
    fields = sorted(set(store.fields))
    count, kept = len(sets[0]), len(fields)
    is_cheap = sets[0].shape[1] <= _LARGEST_JACKKNIFE and kept <= _MOST_JACKKNIFED_FIELDS
    if kept < 3 or not is_cheap:
        return Estimate(value, n=count, fields=kept)
    without = np.array([_distance_without(store, method, one) for one in fields])
    sem = float(np.sqrt((kept - 1) / kept * ((without - without.mean()) ** 2).sum()))
    lo, hi = max(value - _Z90 * sem, 0.0), value + _Z90 * sem
    return Estimate(value, sem, lo, hi, count, kept)


def _distance_without(store: FeatureStore, method: str, left_out: str) -> float:
    def kept(name: str) -> Float:
        pairs = zip(store.features[name], store.fields, strict=True)
        return np.concatenate([rows for rows, one in pairs if one != left_out])

    return frechet_distance(kept(method), kept(TRUTH))


def _microfeat(device: str) -> FeatureTool | None:
    weights, cards = find_feature_network(MICROFEAT), feature_cards(MICROFEAT)
    if weights is None or cards is None:
        return None
    from superlens.quality.deep.microfeat import PATCH_PX, features, load_microfeat, patches_of

    card = cards["network"]
    extractor = Extractor(FeatureNetworkId.MICROFEAT, card.source_sha256, shipped=card.shipped)
    network = load_microfeat(weights).to(device)
    return FeatureTool(
        extractor,
        label_of(extractor),
        lambda picture: features(network, patches_of(picture)),
        PATCH_PX,
        "none",
        1,
        "micro",
    )


def _inception(device: str) -> FeatureTool | None:
    weights, cards = find_feature_network(INCEPTION), feature_cards(INCEPTION)
    if weights is None or cards is None:
        return None
    from superlens.quality.deep.inception import SIDE_PX, load_inception
    from superlens.quality.deep.microfeat import cut, features

    extractor = Extractor(FeatureNetworkId.INCEPTION, cards["network"].source_sha256)
    network = load_inception(weights).to(device)

    def embed(picture: Array) -> Float:
        eight_bit = np.rint(np.clip(picture, 0.0, 1.0) * 255.0)
        return features(network, cut(eight_bit, _INCEPTION_PATCH_PX), batch=8)

    return FeatureTool(
        extractor,
        label_of(extractor),
        embed,
        _INCEPTION_PATCH_PX,
        f"bilinear to {SIDE_PX} px as TensorFlow 1 does, after the fit, 8 bit",
        3,
        "inception",
    )


def _lpips(device: str) -> PairTool | None:
    weights, cards = find_feature_network(LPIPS), feature_cards(LPIPS)
    if weights is None or cards is None:
        return None
    extractor = Extractor(
        FeatureNetworkId.ALEXNET, cards["backbone"].source_sha256, cards["heads"].source_sha256
    )
    label = label_of(extractor).distance
    if label is None:
        return None
    from superlens.quality.deep.alexnet import SMALLEST_SIDE, load_lpips, lpips

    network = load_lpips(weights).to(device)
    meaning = "Distance in features of AlexNet, weighted as people see it, after the fit."
    return PairTool(
        Measure("lpips", label, "", Better.LOWER, meaning, 4),
        lambda picture, truth: (
            lpips(network, picture, truth) if min(truth.shape) >= SMALLEST_SIDE else None
        ),
        extractor,
    )
