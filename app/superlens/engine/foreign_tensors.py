"""What a foreign file of weights holds, as named float32 arrays: the part that runs in a child.

Nothing but tensors ever comes out of a pickle here (`weights_only`), and there is no second try.
Called through `engine.foreign_weights`, which gives it a process, a time and a memory of its own.
"""

import hashlib
import io
import json
import pickle
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from superlens.core.errors import ErrorInfo, InvalidInput, UnreadableFile, describe_error
from superlens.io.system_errors import reading

TENSORS_FILE = "tensors.safetensors"
"""What a child writes into the folder it is given when all went well."""
SHA256_KEY = "sha256"
"""In its header: the hash of the foreign file."""

MOST_BYTES = 2 << 30
"""Of all tensors together once they are float32: twice a file of half precision at its limit."""
MOST_AXES = 4
_DEEPEST = 6
_MOST_TENSORS = 100_000
_COUNTER = "num_batches_tracked"
"""Batch norm layers count their batches in a whole number that no restored pixel depends on."""

_DAMAGES = (
    pickle.UnpicklingError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    RuntimeError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
    EOFError,
    OSError,
    ArithmeticError,
)
"""What readers of damaged or doctored files raise: anything may stand where anything is expected.
(`NotImplementedError` and `RecursionError` are runtime errors.)"""

Arrays = dict[str, NDArray[np.float32]]


def answer(path: str, folder: str, connection: Any) -> None:
    """Read a foreign file in a process of its own.

    Args:
        path: the file.
        folder: where `TENSORS_FILE` goes.
        connection: takes one message: empty when all went well, else an `ErrorInfo` as JSON.
    """
    try:
        with reading(Path(path)):
            data = Path(path).read_bytes()
        arrays = tensors_of(data, Path(path).name)
        _write(Path(folder) / TENSORS_FILE, arrays, hashlib.sha256(data).hexdigest())
    except InvalidInput as error:
        connection.send_bytes(json.dumps(asdict(describe_error(error))).encode())
    except MemoryError:
        connection.send_bytes(json.dumps(asdict(too_much_memory(Path(path).name))).encode())
    else:
        connection.send_bytes(b"")


def too_much_memory(name: str) -> ErrorInfo:
    """Give the error for a file that unfolds to more than it should."""
    return describe_error(
        UnreadableFile(
            f"{name} needs far more memory than its size explains, and was not read further",
            "Use it only if you trust who made it, and ask for it as .safetensors",
        )
    )


def tensors_of(data: bytes, name: str) -> Arrays:
    """Give all tensors of a `.pth` (zip or older) or `.safetensors` file, in this very process.

    Args:
        data: the whole file.
        name: what the file is called in an error.

    Returns:
        Name to float32 array of at most four axes, all values finite, sorted by name. Names of
        nested tables are joined by `/`, such as `params_ema/conv_first.weight`. Numbers and texts
        that lie among the tensors are left out, and so are batch counters.

    Raises:
        UnreadableFile: empty, cut off, or not a file of weights.
        InvalidInput: it holds programs or objects, or tensors that cannot be weights.
    """
    if not data:
        raise UnreadableFile(f"{name} is empty", "Download or copy it again")
    loaded = _from_safetensors(data, name) if _is_safetensors(data) else _from_pickle(data, name)
    found = list(_tensors(loaded, name))
    if not found:
        raise InvalidInput(
            f"{name} holds no named tensors", "Choose a file that holds the state of a network"
        )
    total = 4 * sum(int(tensor.numel()) for _, tensor in found)
    if total > MOST_BYTES:
        raise InvalidInput(
            f"The tensors of {name} take {total / 2**30:.1f} GiB, more than the "
            f"{MOST_BYTES / 2**30:.0f} GiB that are read",
            "Choose a smaller network",
        )
    return {key: _array(tensor, key, name) for key, tensor in sorted(found, key=lambda it: it[0])}


def _is_safetensors(data: bytes) -> bool:
    if len(data) < 10 or data[8:9] != b"{":
        return False
    return struct.unpack("<Q", data[:8])[0] <= len(data) - 8


def _from_safetensors(data: bytes, name: str) -> Any:
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        return load(data)
    except (SafetensorError, *_DAMAGES) as error:
        raise _damaged(name, error) from error


def _from_pickle(data: bytes, name: str) -> Any:
    import torch

    _refuse_bomb(data, name)
    stream = io.BytesIO(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of what is refused here anyway
            return torch.load(stream, map_location="cpu", weights_only=True, mmap=False)
    except pickle.UnpicklingError as error:
        if "GLOBAL" in str(error) or "unrecognized function" in str(error):
            raise _more_than_numbers(name, error) from error
        raise _damaged(name, error) from error
    except _DAMAGES as error:
        if "torchscript" in str(error).lower():
            raise _more_than_numbers(name, error) from error
        raise _damaged(name, error) from error


def _refuse_bomb(data: bytes, name: str) -> None:
    """Refuse an archive that unpacks to far more than tensors of its size would."""
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except _DAMAGES as error:
        raise _damaged(name, error) from error
    # Files of weights are stored, not compressed.
    if unpacked > 2 * len(data):
        raise InvalidInput(
            f"{name} of {len(data) / 2**20:.1f} MiB would unpack to {unpacked / 2**20:.1f} MiB: "
            "files of weights are never compressed so",
            "Use it only if you trust who made it, and ask for it as .safetensors",
        )


def _damaged(name: str, error: BaseException) -> UnreadableFile:
    return UnreadableFile(
        f"{name} is damaged, or is not a file of weights",
        "Download or copy it again; .pth files of PyTorch and .safetensors are read",
        f"{type(error).__name__}: {error}"[:2000],
    )


def _more_than_numbers(name: str, error: BaseException) -> InvalidInput:
    return InvalidInput(
        f"{name} holds programs or objects beside the numbers: to open it would be to run what "
        "its maker put inside, so it was not opened",
        "Ask for the file as .safetensors, or for a .pth that holds the state dictionary alone",
        f"{type(error).__name__}: {error}"[:2000],
    )


def _tensors(loaded: Any, name: str, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    import torch

    if not isinstance(loaded, Mapping):
        return
    if depth > _DEEPEST:
        raise InvalidInput(f"{name} nests its tables more than {_DEEPEST} deep")
    table = cast("Mapping[Any, Any]", loaded)
    if len(table) > _MOST_TENSORS:
        raise InvalidInput(f"{name} holds {len(table)} entries in one table")
    for key, value in table.items():
        inner = f"{prefix}{key}"
        if isinstance(value, torch.Tensor):
            if not inner.endswith(_COUNTER):
                yield inner, value
        else:
            yield from _tensors(value, name, f"{inner}/", depth + 1)


def _array(tensor: Any, key: str, name: str) -> NDArray[np.float32]:
    import torch

    reason = _fault(tensor)
    if reason:
        raise InvalidInput(
            f"The tensor {key} of {name} {reason}",
            "Choose a file that holds the weights of a network and nothing else",
        )
    array = tensor.detach().to(torch.float32).contiguous().numpy()
    if not np.isfinite(array).all():
        raise InvalidInput(
            f"The tensor {key} of {name} holds values that are not finite numbers",
            "Use an earlier checkpoint of that training",
        )
    return array


def _fault(tensor: Any) -> str:
    import torch

    if tensor.layout is not torch.strided or tensor.device.type != "cpu":
        return "is not a plain table of numbers"
    if not tensor.is_floating_point():
        return f"is of type {tensor.dtype}".replace("torch.", "") + ", not of real numbers"
    if tensor.ndim > MOST_AXES:
        return f"has {tensor.ndim} axes, more than {MOST_AXES}"
    return ""


def _write(path: Path, arrays: Arrays, sha256: str) -> None:
    from safetensors.numpy import save

    path.write_bytes(save(arrays, metadata={SHA256_KEY: sha256}))
