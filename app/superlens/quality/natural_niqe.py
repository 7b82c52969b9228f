"""The published parameters of NIQE, learnt from natural photographs: read, and made sure of.

They come in a file of the user, of BasicSR (`.npz`) or of the authors (MATLAB, `.mat`). The name
NIQE is earned by the numbers in it: a known photograph has to get its known values. Qt-free,
torch-free, no files.
"""

import io
import zipfile
import zlib
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from superlens.core.errors import InvalidInput, UnreadableFile
from superlens.quality.niqe import FEATURES, NATURAL, NiqeModel, niqe

Float = NDArray[np.float64]

MOST_BYTES = 1 << 16
"""Of a file of parameters; the published ones have 12 kB."""
PUBLISHED_FIGURES: tuple[tuple[float, float], ...] = ((0.0, 3.0962), (1.0, 5.3702), (2.0, 8.0489))
"""Widths of a Gaussian blur in pixels, and what the photograph `camera` of scikit-image gets."""

_TOLERANCE = 0.05
"""Rounding moves the third decimal; parameters of other photographs move the first."""
_MATLAB = b"MATLAB 5.0"
_ADVICE = "Give niqe_pris_params.npz of BasicSR or modelparameters.mat of NIQE's authors"


def natural_niqe(content: bytes) -> NiqeModel:
    """Read the published parameters from the content of a user's file.

    Pictures then have to come in 0 to 255. Nothing in the file is executed, and no more of it is
    unpacked than parameters need.

    Args:
        content: of `niqe_pris_params.npz` or of `modelparameters.mat`.

    Raises:
        UnreadableFile: it is not such a file. Whether its numbers are the published ones, only
            `require_published` tells.
    """
    if len(content) > MOST_BYTES:
        raise UnreadableFile("The file is too large to hold NIQE parameters", _ADVICE)
    mean, covariance = _matlab(content) if content.startswith(_MATLAB) else _archive(content)
    if mean.shape != (FEATURES,) or covariance.shape != (FEATURES, FEATURES):
        raise UnreadableFile(
            f"The NIQE parameters have the shapes {mean.shape} and {covariance.shape}", _ADVICE
        )
    if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        raise UnreadableFile("The NIQE parameters are not finite", _ADVICE)
    return NiqeModel(mean, covariance, NATURAL)


def require_published(model: NiqeModel, camera: ArrayLike) -> None:
    """Make sure that parameters give the known values of a known photograph.

    Args:
        model: as read by `natural_niqe`.
        camera: the photograph `camera` of scikit-image, (512, 512) in 0 to 255.

    Raises:
        InvalidInput: they do not, so what they give may not be called NIQE.
    """
    from scipy import ndimage

    picture = np.asarray(camera, np.float64)
    for sigma, expected in PUBLISHED_FIGURES:
        found = niqe(ndimage.gaussian_filter(picture, sigma) if sigma else picture, model)
        if found is None or abs(found - expected) > _TOLERANCE:
            given = "no value" if found is None else f"{found:.2f}"
            raise InvalidInput(
                "The file holds parameters of NIQE, but not the published ones: they give the "
                f"photograph that Superlens tries them on {given} instead of {expected:.2f}",
                _ADVICE,
            )


def _archive(content: bytes) -> tuple[Float, Float]:
    names = ("mu_pris_param", "cov_pris_param")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as listed:
            unpacked = max((entry.file_size for entry in listed.infolist()), default=0)
        if unpacked > MOST_BYTES:
            raise UnreadableFile("The file is too large to hold NIQE parameters", _ADVICE)
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return _plain(archive[names[0]], archive[names[1]])
    except (ValueError, KeyError, OSError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise UnreadableFile("The file holds no NIQE parameters", _ADVICE, str(error)) from error


def _matlab(content: bytes) -> tuple[Float, Float]:
    from scipy import io as scipy_io
    from scipy.io.matlab import MatReadError

    names = ("mu_prisparam", "cov_prisparam")
    try:
        found = scipy_io.loadmat(io.BytesIO(content), variable_names=names)
        return _plain(found[names[0]], found[names[1]])
    except (
        *(ValueError, KeyError, OSError, EOFError, TypeError, IndexError, NotImplementedError),
        *(MatReadError, zlib.error),
    ) as error:
        raise UnreadableFile("The file holds no NIQE parameters", _ADVICE, str(error)) from error


def _plain(mean: Any, covariance: Any) -> tuple[Float, Float]:
    return np.asarray(mean, np.float64).ravel(), np.asarray(covariance, np.float64)
