"""The first weights of a training: random ones, or those of the model that it starts from."""

from dataclasses import asdict

import torch

from superlens.core.errors import InvalidInput
from superlens.core.method import Run, Weights
from superlens.methods.resrgan.generator import Architecture, Generator

PART = "generator"


def first_network(architecture: Architecture, run: Run) -> tuple[Generator, bool]:
    """Give a generator with its first weights.

    Args:
        architecture: what the recipe asks for.
        run: has the seed of random weights, and the model to start from if there is one.

    Returns:
        The network, and whether its weights are random.

    Raises:
        InvalidInput: the model to start from is of another shape than the recipe asks for.
    """
    network = Generator(architecture)
    base = run.base()
    if base is None:
        network.initialise(torch.Generator().manual_seed(run.seed))
        return network, True
    _check(architecture, base)
    tensors = {name: torch.from_numpy(value).float() for name, value in base.parts[PART].items()}
    network.load_state_dict(tensors)
    return network, False


def _check(architecture: Architecture, base: Weights) -> None:
    wanted = asdict(architecture)
    known = {name: base.architecture.get(name) for name in wanted}
    differing = [name for name in wanted if wanted[name] != known[name]]
    if PART not in base.parts or set(known.values()) == {None}:
        raise InvalidInput(
            "The model to start from is not a RESRGAN model", "Choose a RESRGAN model as the base"
        )
    if differing:
        theirs = ", ".join(f"{name} {known[name]}" for name in differing)
        ours = ", ".join(f"{name} {wanted[name]}" for name in differing)
        raise InvalidInput(
            f"The model to start from has {theirs}; the recipe asks for {ours}",
            "Set the recipe to the shape of the model, or choose another one to start from",
        )
