"""The feature network that ships: its file, its gate, and a small part of the gate anew."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from superlens.io.feature_library import feature_cards, find_feature_network
from superlens.io.locations import resources_dir
from superlens.phantom.pairs import benchmark_field
from superlens.quality.deep.feature_gate import try_features
from superlens.quality.deep.microfeat import features, load_microfeat, patches_of
from superlens.quality.deep.probes import PROBES, Probe

RESULTS = Path(__file__).resolve().parents[3] / "benchmarks" / "results" / "microfeat_gate.json"
LARGEST_BYTES = 2 << 20


@pytest.fixture(scope="module")
def network():
    weights = find_feature_network("microfeat")
    assert weights is not None
    return load_microfeat(weights)


def test_file_is_small_and_the_one_that_passed_the_gate():
    path = resources_dir() / "features" / "microfeat-v1.safetensors"
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    gate = json.loads(RESULTS.read_text(encoding="utf-8"))

    cards = feature_cards("microfeat")
    assert cards is not None
    assert cards["network"].shipped
    assert cards["network"].sha256 == sha256
    assert path.stat().st_size < LARGEST_BYTES
    assert gate["network"]["sha256"] == sha256
    assert gate["passed"]
    assert [probe["id"] for probe in gate["results"]["simulated"]["probes"]] == [
        probe.id for probe in PROBES
    ]


def test_network_has_the_size_that_was_wanted(network):
    assert 150_000 < sum(p.numel() for p in network.parameters()) < 600_000


@pytest.mark.parametrize("name", ["blur", "noise", "line_jitter"])
def test_ends_of_the_gate_hold_on_other_fields(network, name):
    probe = next(one for one in PROBES if one.id == name)
    ends = Probe(probe.id, probe.title, probe.unit, (probe.steps[0], probe.steps[-1]), probe.damage)
    # A dim picture's noise would hide the smallest steps from anybody.
    fields = [
        benchmark_field(structure, 2000.0, 5, size=96).high
        + np.random.default_rng(7).normal(0, 2.0, (192, 192)).astype(np.float32)
        for structure in ("filaments", "nuclei")
    ]

    result = try_features(
        lambda field: features(network, patches_of(field)), fields, probes=(ends,)
    )

    assert result.probes[0].is_monotone
    assert result.affine < 1e-3 * result.probes[0].distances[0]
