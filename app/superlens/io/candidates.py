"""The candidates that a training keeps: models one may choose instead of the finished one.

Each is a whole model in `candidates/<name>/`; `candidates.json` lists them with their scores.
"""

import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from superlens.core.cards import ModelCard
from superlens.core.method import Weights
from superlens.io.atomic import rename_over
from superlens.io.codec import read_json, write_json
from superlens.io.system_errors import writing
from superlens.io.weights import save_model

CANDIDATES_FOLDER = "candidates"
CANDIDATES_FILE = "candidates.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One state of a network that was worth keeping."""

    name: str
    """Also the name of its folder in `candidates/`."""
    scores: dict[str, float] = field(default_factory=dict[str, float])
    """Name of a validation measure to its value; NaN where it is not defined."""


@dataclass(frozen=True, slots=True)
class CandidateList:
    """`candidates.json`."""

    candidates: tuple[Candidate, ...] = ()
    """In the order in which they were first kept."""
    format: int = 1


def read_candidates(folder: Path) -> tuple[Candidate, ...]:
    """Give the candidates that a training kept, or none.

    Args:
        folder: of the run, or of a further set in it.

    Raises:
        InvalidInput: the list is damaged.
    """
    path = folder / CANDIDATES_FILE
    return read_json(CandidateList, path).candidates if path.is_file() else ()


def keep_candidate(
    folder: Path, card: ModelCard, weights: Weights, candidate: Candidate
) -> tuple[Candidate, ...]:
    """Write a candidate, in place of one of the same name.

    A crash at any moment leaves every listed candidate whole.

    Args:
        folder: of the run, or of a further set in it.
        card: its hashes are filled when it is written.
        weights: kept in full precision.
        candidate: its name and scores.

    Returns:
        All that are kept now.

    Raises:
        ValueError: a name that cannot be the name of a folder.
        DiskFull: there is no room.
    """
    if not _NAME.fullmatch(candidate.name):
        raise ValueError(f"{candidate.name!r} cannot be the name of a candidate")
    target = folder / CANDIDATES_FOLDER / candidate.name
    fresh = target.with_name(f"{candidate.name}.new")
    with writing(target):
        shutil.rmtree(fresh, ignore_errors=True)
        save_model(fresh, card, weights, half=False)
        shutil.rmtree(target, ignore_errors=True)
        rename_over(fresh, target)
    known = read_candidates(folder)
    if any(one.name == candidate.name for one in known):
        listed = tuple(candidate if one.name == candidate.name else one for one in known)
    else:
        listed = (*known, candidate)
    return _listed(folder, listed)


def forget_candidate(folder: Path, name: str) -> tuple[Candidate, ...]:
    """Remove a candidate, if there is one of that name; give those that are left."""
    known = read_candidates(folder)
    left = tuple(one for one in known if one.name != name)
    if left != known:
        _listed(folder, left)
        shutil.rmtree(folder / CANDIDATES_FOLDER / name, ignore_errors=True)
    return left


def _listed(folder: Path, candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    write_json(folder / CANDIDATES_FILE, CandidateList(candidates))
    return candidates
