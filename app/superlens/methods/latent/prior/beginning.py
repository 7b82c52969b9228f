"""What a training of a prior begins with: random first weights, or those of a trained prior."""

import torch

from superlens.core.errors import InvalidInput
from superlens.core.method import Run, Weights
from superlens.methods.latent.crops import Crops
from superlens.methods.latent.prior.discriminator import Discriminator
from superlens.methods.latent.prior.drawing import Phase, drawing
from superlens.methods.latent.prior.duel import JUDGE_PART, PART
from superlens.methods.latent.prior.generator import Architecture, Generator
from superlens.methods.latent.prior.parameters import PriorTrainParams


def first_networks(
    crops: Crops, params: PriorTrainParams, run: Run
) -> tuple[Generator, Discriminator]:
    """Give both networks with their first weights.

    Raises:
        InvalidInput: the prior to start from is of another shape than the recipe and the crops ask
            for.
        InvalidParameter: no prior can be built for such crops.
    """
    architecture = Architecture(
        side=crops.side,
        channels=crops.channels,
        base_width=params.base_width,
        widest=params.widest,
        w_dim=params.style_width,
        mapping_layers=params.mapping_layers,
    )
    draw = drawing(run.seed, 0, Phase.START)
    network, judge = Generator(architecture), Discriminator(architecture, params.group)
    network.initialise(draw)
    judge.initialise(draw)
    base = run.base()
    if base is not None:
        _check(base, architecture)
        _fill(network, base, PART)
        if JUDGE_PART in base.parts:
            _fill(judge, base, JUDGE_PART)
        else:
            run.note(
                "The prior to start from comes without its discriminator: a new one is trained, "
                "and the first pictures will be worse than those of the prior"
            )
    return network, judge


def _check(base: Weights, wanted: Architecture) -> None:
    if PART not in base.parts:
        raise InvalidInput("The model to start from is not a latent prior", "Choose another base")
    differing = [
        name for name, value in wanted.plain().items() if base.architecture.get(name) != value
    ]
    if differing:
        theirs = ", ".join(f"{name} {base.architecture.get(name)}" for name in differing)
        ours = ", ".join(f"{name} {wanted.plain()[name]}" for name in differing)
        raise InvalidInput(
            f"The prior to start from has {theirs}; the recipe and the crops ask for {ours}",
            "Set the recipe to the shape of the prior, or cut the crops as it was trained on",
        )


def _fill(network: Generator | Discriminator, base: Weights, part: str) -> None:
    tensors = {name: torch.from_numpy(value).float() for name, value in base.parts[part].items()}
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise InvalidInput(
            f"The {part} of the prior to start from does not fit its card",
            "Install it again",
            str(error),
        ) from error
