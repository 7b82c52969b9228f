"""A training recipe of the pairs that the pair doctor found good."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from superlens.core.errors import InvalidInput
from superlens.core.jobs import FrameFile, PairFile, Recipe, TargetStatistics
from superlens.core.parameters import ParameterValue
from superlens.prepare.pair_doctor.records import PairReport


@dataclass(frozen=True, slots=True)
class RecipeIdentity:
    """What a recipe says besides its pairs."""

    model_id: str
    title: str
    method: str
    params: Mapping[str, ParameterValue] = field(default_factory=dict[str, ParameterValue])
    seed: int = 0
    target_statistics: TargetStatistics | None = None


def common_folder(pairs: tuple[PairFile, ...]) -> Path:
    """Give the deepest folder that holds all files of some pairs with absolute paths.

    Raises:
        InvalidInput: there are no pairs, or they lie on different drives.
    """
    files = [name for pair in pairs for name in _names(pair)]
    try:
        return Path(os.path.commonpath([Path(name).parent for name in files]))
    except ValueError as error:
        raise InvalidInput(
            "The files of the pairs have no folder in common", "Copy them into one folder"
        ) from error


def recipe_of(report: PairReport, data: Path, identity: RecipeIdentity) -> Recipe:
    """Give a recipe that trains on the good pairs of a report.

    Args:
        report: with absolute paths and hashes.
        data: folder that the names in the recipe are relative to.
        identity: what the model is to be called and trained by.

    Raises:
        InvalidInput: no pair is good, or one lies outside the folder.
    """
    good = report.good_pairs
    if not good:
        raise InvalidInput(
            "None of the pairs can be trained on", report.advice[0] if report.advice else ""
        )
    left_out = len(report.findings) - len(good)
    return Recipe(
        identity.model_id,
        identity.title,
        identity.method,
        report.scale,
        dict(identity.params),
        identity.seed,
        pairs=tuple(_relative(pair, data) for pair in good),
        description=f"{len(good)} pairs of {report.good_fields} fields, examined"
        + (f"; {left_out} left out" if left_out else ""),
        target_statistics=identity.target_statistics,
    )


def _relative(pair: PairFile, data: Path) -> PairFile:
    def named(name: str) -> str:
        try:
            return Path(name).relative_to(data).as_posix()
        except ValueError as error:
            raise InvalidInput(
                f"{name!r} is not in the data folder {str(data)!r}", "Choose a folder above it"
            ) from error

    others = tuple(FrameFile(named(other.name), other.sha256) for other in pair.low_others)
    return replace(pair, low=named(pair.low), high=named(pair.high), low_others=others)


def _names(pair: PairFile) -> tuple[str, ...]:
    return (pair.low, pair.high, *(other.name for other in pair.low_others))
