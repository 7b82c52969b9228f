"""Records to JSON and back: types, enums and nesting are checked, the bad place is named.

The only user of msgspec. Unknown keys are ignored, so that a newer minor version can add some.
"""

import dataclasses
import functools
import math
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from superlens.core.errors import IncompatibleVersion, InvalidInput
from superlens.core.jobs import (
    EvaluateRequest,
    ExportRequest,
    ImportModelRequest,
    JobKind,
    JobRecord,
    JobRequest,
    MeasureRequest,
    PairCheckRequest,
    ReportRequest,
    RestoreRequest,
    ThumbnailRequest,
    TrainRequest,
)
from superlens.io.atomic import replace_file
from superlens.io.system_errors import reading

T = TypeVar("T")

_REQUEST_TYPES: dict[JobKind, type[JobRequest]] = {
    JobKind.RESTORE: RestoreRequest,
    JobKind.TRAIN: TrainRequest,
    JobKind.EVALUATE: EvaluateRequest,
    JobKind.MEASURE: MeasureRequest,
    JobKind.REPORT: ReportRequest,
    JobKind.THUMBNAIL: ThumbnailRequest,
    JobKind.IMPORT_MODEL: ImportModelRequest,
    JobKind.PAIR_CHECK: PairCheckRequest,
    JobKind.EXPORT: ExportRequest,
}


def encode(record: Any) -> bytes:
    """Give a record as indented JSON in UTF-8.

    Numbers that are not finite become null, because JSON has no name for them; `decode` turns null
    back into NaN where a plain float must stand.

    Raises:
        InvalidInput: it names a file whose name is no text.
    """
    return msgspec.json.format(encode_line(record), indent=2)


def encode_line(record: Any) -> bytes:
    """Give a record as JSON without line breaks, for a file that grows; errors as `encode`."""
    try:
        return msgspec.json.encode(record, enc_hook=_plain_scalar)
    except UnicodeEncodeError as error:  # bytes of a file name that no UTF-8 could hold
        name = str(error.object).encode("utf-8", "replace").decode()
        raise InvalidInput(
            f"The name {name} cannot be saved: it is no text", "Rename it"
        ) from error


def decode(cls: type[T], data: bytes, source: str = "") -> T:
    """Give the record that some JSON holds.

    Args:
        cls: a dataclass of `core`.
        data: JSON in UTF-8.
        source: what the data is called in an error, such as a file name.

    Raises:
        InvalidInput: not JSON, or a value of the wrong type; the message names its place.
        IncompatibleVersion: its `format` is newer than this version reads.
    """
    quick = _decoded_at_once(cls, data)
    if quick is not None:
        return quick
    name = source or "The document"
    return _from_plain(cls, _parse(data, name), name)


def decode_request(data: bytes, source: str = "") -> JobRequest:
    """Give the job request that some JSON holds, by its `kind`.

    A `job.json` of a run folder is taken too: it holds the request under `request`.

    Raises:
        InvalidInput: not JSON, no known kind, or a value of the wrong type.
        IncompatibleVersion: written by a newer Superlens.
    """
    name = source or "The document"
    plain = _parse(data, name)
    inner = _member(plain, "request")
    return _request_from_plain(plain if inner is None else inner, name)


def read_json(cls: type[T], path: Path) -> T:
    """Read a record from a JSON file.

    Raises:
        MissingFile: there is no such file.
        UnreadableFile: the system refuses to read it.
        InvalidInput: as `decode`.
        IncompatibleVersion: as `decode`.
    """
    return decode(cls, _content(path), path.name)


def write_json(path: Path, record: Any) -> None:
    """Write a record as a JSON file, whole or not at all."""
    with replace_file(path) as part:
        part.write_bytes(encode(record) + b"\n")


def read_request(path: Path) -> JobRequest:
    """Read a job request, or that of a finished run from its `job.json`; errors as `read_json`."""
    return decode_request(_content(path), path.name)


def write_request(path: Path, request: JobRequest) -> None:
    """Write a job request as a JSON file, whole or not at all."""
    write_json(path, request)


def _plain_scalar(value: Any) -> Any:
    # NumPy scalars come out of measurements; they know their plain twin.
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no place in a document")


def _decoded_at_once(cls: type[T], data: bytes) -> T | None:
    """Give a record that needs no second look, ten times as fast; None where it needs one."""
    decoder = _decoder_of(cls)
    try:
        return None if decoder is None else decoder.decode(data)
    except (msgspec.DecodeError, RecursionError):  # null for a float, or truly wrong
        return None


@functools.cache
def _decoder_of(cls: type[T]) -> "msgspec.json.Decoder[T] | None":
    has_format = any(item.name == "format" for item in dataclasses.fields(typing.cast("Any", cls)))
    return None if has_format or cls is JobRecord else msgspec.json.Decoder(cls)


def _content(path: Path) -> bytes:
    with reading(path):
        return path.read_bytes()


def _parse(data: bytes, name: str) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidInput(
            f"{name} is not valid JSON ({error})", "Choose a file that Superlens wrote"
        ) from error


def _member(plain: Any, key: str) -> Any:
    return typing.cast("dict[str, Any]", plain).get(key) if isinstance(plain, dict) else None


def _request_from_plain(plain: Any, name: str) -> JobRequest:
    kind = _member(plain, "kind")
    cls = _REQUEST_TYPES.get(typing.cast("JobKind", kind)) if isinstance(kind, str) else None
    if cls is None:
        known = ", ".join(_REQUEST_TYPES)
        raise InvalidInput(
            f"{name} is not a job request: its kind is {kind!r}", f"Known kinds are {known}"
        )
    return _from_plain(cls, plain, name)


def _from_plain(cls: type[T], plain: Any, name: str) -> T:
    _refuse_newer(cls, plain, name)
    if cls is JobRecord:
        return typing.cast("T", _job_record(plain, name))
    try:
        return msgspec.convert(_with_nan(cls, plain), cls)
    except msgspec.ValidationError as error:
        message = str(error).replace("`", "").replace("$.", "").replace(" - at ", " at ")
        raise InvalidInput(
            f"{name} is not a valid {cls.__name__}: {message}",
            "Correct it there, or choose a file that Superlens wrote",
        ) from error


def _refuse_newer(cls: type, plain: Any, name: str) -> None:
    known = next((item.default for item in dataclasses.fields(cls) if item.name == "format"), None)
    found = _member(plain, "format")
    if isinstance(known, int) and isinstance(found, int) and found > known:
        raise IncompatibleVersion(
            f"{name} has format {found}, and this version reads up to {known}",
            "Open it with a newer Superlens",
        )


def _job_record(plain: Any, name: str) -> JobRecord:
    # msgspec takes no union of dataclasses: the request is decoded by its kind.
    rest = _from_plain(_JobWithoutRequest, plain, name)
    values = {
        item.name: getattr(rest, item.name) for item in dataclasses.fields(_JobWithoutRequest)
    }
    return JobRecord(request=_request_from_plain(_member(plain, "request"), name), **values)


def _without_request() -> type[Any]:
    hints = typing.get_type_hints(JobRecord)
    kept = [
        (item.name, hints[item.name], dataclasses.field(default=item.default))
        for item in dataclasses.fields(JobRecord)
        if item.name != "request"
    ]
    return dataclasses.make_dataclass("JobRecord", kept, frozen=True)


_JobWithoutRequest: type[Any] = _without_request()


def _with_nan(hint: Any, plain: Any) -> Any:
    """Put NaN wherever null stands for a float that cannot be absent."""
    if plain is None:
        return math.nan if hint is float else None
    hint = _without_none(hint)
    if isinstance(plain, dict):
        named = typing.cast("dict[str, Any]", plain)
        hints = _value_hints(hint, named)
        return {key: _with_nan(hints.get(key), value) for key, value in named.items()}
    if isinstance(plain, list) and typing.get_origin(hint) is tuple:
        items = typing.cast("list[Any]", plain)
        return [_with_nan(_item_hint(hint, index), item) for index, item in enumerate(items)]
    return typing.cast("Any", plain)


def _item_hint(hint: Any, index: int) -> Any:
    arguments = typing.get_args(hint)
    if arguments[-1] is Ellipsis:
        return arguments[0]
    return arguments[index] if index < len(arguments) else None


def _without_none(hint: Any) -> Any:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return next(item for item in typing.get_args(hint) if item is not type(None))
    return hint


@functools.cache
def _hints_of(cls: Any) -> dict[str, Any]:
    # A plate has thousands of fields of one type.
    return typing.get_type_hints(cls)


def _value_hints(hint: Any, named: dict[str, Any]) -> dict[str, Any]:
    if dataclasses.is_dataclass(hint):
        return _hints_of(hint)
    if typing.get_origin(hint) is dict:
        return dict.fromkeys(named, typing.get_args(hint)[1])
    return {}
