"""Averages, schedules and symmetries."""

import numpy as np
import pytest
import torch
from torch import nn

from superlens.methods.nets import dihedral
from superlens.methods.nets.ema import Ema
from superlens.methods.nets.schedule import CosineSchedule


class _One(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.zeros(3, dtype=torch.float64))


def test_average_of_constant_weights_follows_the_closed_form():
    network = _One()
    ema = Ema(network, 0.999, ramp=False)
    nn.init.ones_(network.value)

    for step in range(250):
        ema.update(network, step)

    assert torch.allclose(ema.average["value"], torch.full((3,), 1 - 0.999**250).double())


def test_ramp_forgets_the_first_weights_of_a_short_run():
    network = _One()
    ema = Ema(network, 0.999)
    nn.init.ones_(network.value)

    for step in range(50):
        ema.update(network, step)

    # Without a ramp 95 % of the average would still be the first weights.
    assert float(ema.average["value"][0]) > 0.999


def test_average_is_written_into_a_network_and_read_back():
    network, other = _One(), _One()
    ema = Ema(network, 0.5)
    ema.restore({"value": torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)})

    ema.copy_to(other)

    assert other.value.tolist() == [1.0, 2.0, 3.0]


def test_learning_rate_rises_then_falls_to_the_floor():
    schedule = CosineSchedule(peak=1e-3, floor=1e-7, steps=1000, warmup=100)

    rates = [schedule.rate(step) for step in range(1000)]

    assert rates[0] == pytest.approx(1e-3 / 101)
    assert rates[100] == pytest.approx(1e-3)
    assert max(rates) == rates[100]
    assert rates[-1] == pytest.approx(1e-7)
    half = 100 + 899 / 2
    assert schedule.rate(int(half)) == pytest.approx(0.5e-3, rel=0.01)
    assert np.all(np.diff(rates[100:]) < 0)


@pytest.mark.parametrize("member", range(dihedral.MEMBERS))
def test_inverse_undoes_each_pose(member):
    image = torch.rand(2, 1, 5, 7)

    assert torch.equal(dihedral.inverse(dihedral.transform(image, member), member), image)


def test_eight_poses_are_all_different_and_the_first_is_the_image():
    image = torch.rand(4, 4)

    poses = [dihedral.transform(image, member) for member in range(dihedral.MEMBERS)]

    assert torch.equal(poses[0], image)
    assert not any(torch.equal(poses[i], poses[j]) for i in range(8) for j in range(i))
