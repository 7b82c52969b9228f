"""States of training as files."""

import numpy as np
import pytest

from superlens.core.errors import InvalidInput
from superlens.engine.checkpoints import load_checkpoint, save_checkpoint

STATE = {
    "step": 12,
    "rate": 0.1,
    "name": "half",
    "live": {"a.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array(3, np.int64)},
    "nested": {"deeper": {"c": np.ones(2, np.float64)}, "flag": True},
}


def test_state_comes_back_bit_for_bit(tmp_path):
    save_checkpoint(tmp_path / "s.safetensors", STATE, "me")

    found = load_checkpoint(tmp_path / "s.safetensors", "me")

    assert found is not None
    assert (found["step"], found["rate"], found["name"]) == (12, 0.1, "half")
    assert found["nested"]["flag"] is True
    for name, value in STATE["live"].items():
        assert found["live"][name].dtype == value.dtype
        assert np.array_equal(found["live"][name], value)
    assert np.array_equal(found["nested"]["deeper"]["c"], np.ones(2))


def test_newer_state_replaces_the_older(tmp_path):
    save_checkpoint(tmp_path / "s.safetensors", {"step": 1}, "me")
    save_checkpoint(tmp_path / "s.safetensors", {"step": 2}, "me")

    assert load_checkpoint(tmp_path / "s.safetensors", "me") == {"step": 2}
    assert [path.name for path in tmp_path.iterdir()] == ["s.safetensors"]


def test_nothing_saved_gives_none(tmp_path):
    assert load_checkpoint(tmp_path / "s.safetensors", "me") is None


def test_state_of_something_else_is_refused(tmp_path):
    save_checkpoint(tmp_path / "s.safetensors", STATE, "me")

    with pytest.raises(InvalidInput, match="another recipe"):
        load_checkpoint(tmp_path / "s.safetensors", "you")


@pytest.mark.parametrize("damage", [b"", b"not a checkpoint", None])
def test_damaged_state_is_refused(tmp_path, damage):
    path = tmp_path / "s.safetensors"
    save_checkpoint(path, STATE, "me")
    path.write_bytes(path.read_bytes()[:-20] if damage is None else damage)

    with pytest.raises(InvalidInput, match="damaged"):
        load_checkpoint(path, "me")
