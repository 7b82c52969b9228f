import pytest
from torch import nn, zeros

from superlens.core.errors import JobCancelled
from superlens.engine.interruption import interruptible
from superlens.engine.networks import NetworkCache


def network():
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.Sequential(nn.ReLU(), nn.Conv2d(2, 1, 3)))


@pytest.mark.parametrize(
    "wrapped",
    [lambda net: net, lambda net: {"a": net}, lambda net: (net, 5)],
    ids=["bare", "dict", "tuple"],
)
def test_every_layer_asks_while_the_block_runs_and_not_after(wrapped):
    asked = []
    net = network()

    with interruptible(wrapped(net), lambda: asked.append(1)):
        net(zeros(1, 1, 8, 8))
    net(zeros(1, 1, 8, 8))

    assert len(asked) == 3


def test_network_in_an_attribute_is_found():
    class Holder:
        def __init__(self):
            self.net = network()
            self.name = "x"

    asked, holder = [], Holder()

    with interruptible(holder, lambda: asked.append(1)):
        holder.net(zeros(1, 1, 8, 8))

    assert len(asked) == 3


def test_cancel_stops_a_network_between_two_layers():
    calls = []

    def check():
        calls.append(1)
        if len(calls) == 2:
            raise JobCancelled

    with pytest.raises(JobCancelled), interruptible(net := network(), check):
        net(zeros(1, 1, 8, 8))

    assert len(calls) == 2


def test_network_used_last_stays_loaded():
    cache, loaded = NetworkCache(), []

    def load(name):
        return lambda: loaded.append(name) or name

    assert cache.get("a", load("a")) == cache.get("a", load("a")) == "a"
    assert cache.get("b", load("b")) == "b"
    cache.get("a", load("a"))
    cache.clear()
    cache.get("a", load("a"))

    assert loaded == ["a", "b", "a", "a"]
