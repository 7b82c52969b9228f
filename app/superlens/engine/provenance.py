"""What a super-resolved picture says of itself, in whatever file it lies. Torch-free."""

from dataclasses import dataclass
from pathlib import PurePath

from superlens import __version__
from superlens.io.image_metadata import Facts


@dataclass(frozen=True, slots=True)
class Making:
    """What made the pictures of a restoration."""

    model_id: str
    model_sha256: str
    method: str
    scale: int
    seed: int
    samples: int
    input_path: str
    input_sha256: str
    version: str = __version__
    """Of the Superlens that did it."""

    @property
    def statement(self) -> str:
        """The sentence that every picture carries."""
        return (
            f"computationally super-resolved by Superlens {self.version}, "
            f"model {self.model_id} ({self.model_sha256[:12]}), {self.scale}x"
        )

    def facts(self, role: str) -> Facts:
        """Give all of it as names and values, for the picture of some role.

        The name of the input goes along, its folder does not: pictures are passed on.
        """
        return (
            ("Statement", self.statement),
            ("Picture", role),
            ("Software", f"Superlens {self.version}"),
            ("Model", self.model_id),
            ("Model SHA-256", self.model_sha256),
            ("Method", self.method),
            ("Scale", str(self.scale)),
            ("Samples", str(self.samples)),
            ("Seed", str(self.seed)),
            ("Input", PurePath(self.input_path.replace("\\", "/")).name),
            ("Input SHA-256", self.input_sha256),
        )


def describe_picture(role: str, number: str, spread_label: str, statement: str) -> str:
    """Give the description of one of the pictures of a restoration.

    Args:
        role: `mean`, `spread`, `residual` or `sample`.
        number: of a sample.
        spread_label: what the spread is; empty where the model has none.
        statement: of the `Making`.
    """
    match role:
        case "mean":
            return f"Image, {statement}"
        case "spread":
            return f"Spread: {spread_label}, {statement}"
        case "residual":
            return f"Residual in sigmas of the expected noise of an image {statement}"
        case _:
            return f"Sample {number}, {statement}"
