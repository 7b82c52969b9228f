"""The published parameters of NIQE among the user's feature files: taken from a file, and found.

Torch-free. Nothing is ever fetched.
"""

import hashlib
from pathlib import Path

import numpy as np

from superlens.core.errors import CorruptModel, InvalidInput, MissingFile, UnreadableFile
from superlens.core.method import Array
from superlens.io.feature_library import (
    NATURAL_NIQE,
    FeatureCard,
    find_feature_network,
    save_features,
)
from superlens.io.locations import user_features_dir
from superlens.io.system_errors import reading
from superlens.prepare.pairs import read_picture
from superlens.quality.natural_niqe import MOST_BYTES, natural_niqe, require_published
from superlens.quality.niqe import FEATURES, NATURAL, NiqeModel

PARAMETER_SUFFIXES = (".npz", ".mat")
"""Of files that may hold parameters of NIQE."""


def import_niqe_parameters(path: Path) -> FeatureCard:
    """Copy the published parameters of NIQE into the user's features folder.

    Args:
        path: `niqe_pris_params.npz` of BasicSR, or `modelparameters.mat` of the authors.

    Returns:
        The card as written.

    Raises:
        MissingFile: there is no such file.
        InvalidInput: it holds no such parameters, or others than the published ones.
    """
    if not path.is_file():
        raise MissingFile(f"The file {path.name!r} is not there", "Check its name")
    if path.stat().st_size > MOST_BYTES:
        raise UnreadableFile(
            f"{path.name} is too large to hold NIQE parameters",
            "Give niqe_pris_params.npz, which has 12 kB",
        )
    with reading(path):
        content = path.read_bytes()
    model = natural_niqe(content)
    require_published(model, _camera())
    card = FeatureCard(
        NATURAL_NIQE,
        "NIQE parameters of natural photographs",
        "",
        hashlib.sha256(content).hexdigest(),
        path.name,
        licence="that of its authors; kept on this computer alone",
    )
    tensors = {"mean": model.mean, "covariance": model.covariance}
    return save_features(user_features_dir(), card, tensors)


def natural_niqe_model() -> NiqeModel | None:
    """Give the published parameters, or None where the user has not imported them.

    Raises:
        CorruptModel: their files are damaged.
    """
    weights = find_feature_network(NATURAL_NIQE)
    if weights is None:
        return None
    tensors = weights.parts["parameters"]
    mean, covariance = tensors.get("mean"), tensors.get("covariance")
    if mean is None or covariance is None or covariance.shape != (FEATURES, FEATURES):
        raise CorruptModel("The NIQE parameters are damaged", "Import their file again")
    return NiqeModel(np.asarray(mean), np.asarray(covariance), NATURAL)


def _camera() -> Array:
    """Give the photograph that comes with scikit-image."""
    import skimage

    path = Path(skimage.__file__).parent / "data" / "camera.png"
    if not path.is_file():
        raise InvalidInput(
            "The photograph that NIQE parameters are tried on is not installed",
            "Install Superlens again",
        )
    return read_picture(path)
