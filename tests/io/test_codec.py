import dataclasses
import math
import types
import typing
from enum import StrEnum

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from superlens.core import assay, cards, jobs, records, units
from superlens.core.errors import (
    ErrorInfo,
    IncompatibleVersion,
    InvalidInput,
    MissingFile,
    UnreadableFile,
)
from superlens.core.jobs import (
    InputImage,
    JobKind,
    JobRecord,
    JobRequest,
    RestoreRequest,
    ThumbnailRequest,
)
from superlens.core.records import ModelRef, Number, ResultRecord
from superlens.io.codec import (
    decode,
    decode_request,
    encode,
    read_json,
    read_request,
    write_json,
    write_request,
)

SAVED_RECORDS = (
    *typing.get_args(JobRequest),
    assay.ObjectRow,
    assay.WellInfo,
    assay.WellNumber,
    cards.ModelCard,
    ErrorInfo,
    jobs.JobRecord,
    jobs.Recipe,
    records.ImageInfo,
    records.ImageRecord,
    records.ResultRecord,
    records.Versions,
    units.PixelSizes,
)
RESTORE = RestoreRequest(InputImage("in.tif"), ModelRef("m", "s"), "out", {"a": 1.0, "b": None})
TEXTS = st.text(st.sampled_from('aZ09 /\\"\n\t\x00éµ漢😀'), max_size=6)
"""Letters that JSON must escape or encode; the whole of Unicode takes seconds to set up."""


def values_of(hint: object) -> st.SearchStrategy[object]:
    """Give values of a type as records use it; finite, and whole numbers of 64 bits."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return st.one_of([values_of(item) for item in arguments])
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(values_of(arguments[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*[values_of(item) for item in arguments])
    if origin is dict:
        return st.dictionaries(TEXTS, values_of(arguments[1]), max_size=2)
    if dataclasses.is_dataclass(hint):
        return records_of(typing.cast("type", hint))
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return st.sampled_from(list(hint))
    return {
        str: TEXTS,
        int: st.integers(-(2**63), 2**63 - 1),
        float: st.floats(allow_nan=False, allow_infinity=False),
        bool: st.booleans(),
        type(None): st.none(),
    }[typing.cast("type", hint)]


def records_of(cls: type) -> st.SearchStrategy[object]:
    fixed = {item.name: item.default for item in dataclasses.fields(cls)}
    hints = typing.get_type_hints(cls)
    # The kind of a request and its version belong to its class, not to its content.
    free = {
        name: st.just(fixed[name])
        if hint is JobKind or (name, hint) == ("format", int)
        else values_of(hint)
        for name, hint in hints.items()
    }
    return st.builds(cls, **free)


@pytest.mark.parametrize("cls", SAVED_RECORDS, ids=lambda cls: cls.__name__)
@settings(max_examples=8, deadline=None, database=None)
@given(data=st.data())
def test_every_saved_record_comes_back_equal(cls: type, data: st.DataObject) -> None:
    record = data.draw(records_of(cls))

    assert decode(cls, encode(record)) == record


@pytest.mark.parametrize("cls", typing.get_args(JobRequest), ids=lambda cls: cls.__name__)
@settings(max_examples=4, deadline=None, database=None)
@given(data=st.data())
def test_every_request_comes_back_by_its_kind(cls: type, data: st.DataObject) -> None:
    request = data.draw(records_of(cls))

    assert decode_request(encode(request)) == request


def test_json_is_indented_text_for_people() -> None:
    assert b'\n  "kind": "restore"' in encode(RESTORE)


def test_not_a_number_survives_where_a_float_must_stand() -> None:
    result = ResultRecord("j", "measure", "f", numbers=(Number("ratio", math.nan, None, math.nan),))

    (number,) = decode(ResultRecord, encode(result)).numbers

    assert math.isnan(number.value)
    assert number.lo is None
    assert number.hi is None


def test_not_a_number_survives_in_a_table_of_values() -> None:
    row = assay.ObjectRow("A01", "1", 3, {"area": math.nan, "ratio": 2.5})

    values = decode(assay.ObjectRow, encode(row)).values

    assert math.isnan(values["area"])
    assert values["ratio"] == 2.5


def test_infinite_numbers_come_back_as_not_a_number() -> None:
    assert math.isnan(decode(Number, encode(Number("n", math.inf))).value)


def test_numpy_scalars_become_plain_numbers() -> None:
    number = Number("n", np.float32(0.5), lo=np.float64(0.25))  # type: ignore[arg-type]

    assert decode(Number, encode(number)) == Number("n", 0.5, lo=0.25)


def test_objects_without_a_plain_form_are_refused() -> None:
    with pytest.raises(TypeError, match="object has no place"):
        encode({"a": object()})


def test_unknown_keys_are_ignored() -> None:
    assert decode(Number, b'{"name": "n", "value": 1, "colour": "red"}') == Number("n", 1.0)


def test_whole_numbers_are_taken_for_floats() -> None:
    assert isinstance(decode(Number, b'{"name": "n", "value": 1}').value, float)


def test_wrong_type_is_named_by_its_place() -> None:
    data = encode(RESTORE).replace(b'"in.tif"', b"7")

    with pytest.raises(InvalidInput) as caught:
        decode_request(data, "job.json")

    assert "job.json" in caught.value.title
    assert "input.path" in caught.value.title


def test_missing_field_is_named() -> None:
    with pytest.raises(InvalidInput, match="out"):
        decode(RestoreRequest, b'{"input": {"path": "a"}, "model": {"id": "m", "sha256": "s"}}')


def test_unknown_enum_value_is_refused() -> None:
    with pytest.raises(InvalidInput, match="keep_samples"):
        decode_request(encode(RESTORE).replace(b'"none"', b'"some"'))


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"\xff\xfe", b'{"a": 1,}', b"[" * 100_000],
    ids=["empty", "cut off", "not UTF-8", "trailing comma", "deeply nested"],
)
def test_text_that_is_not_json_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="The document is not valid JSON"):
        decode(Number, data)


@pytest.mark.parametrize("data", [b"[1, 2]", b"7", b'"text"', b"null", b"{}"])
def test_json_of_another_shape_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="not a valid Number"):
        decode(Number, data)


@pytest.mark.parametrize(
    "data", [b"[1]", b"{}", b'{"kind": 3}', b'{"kind": "dance"}', b'{"request": 5}']
)
def test_document_without_a_known_kind_is_no_request(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="not a job request") as caught:
        decode_request(data)

    assert "restore" in caught.value.advice


def test_newer_format_is_refused() -> None:
    data = encode(RESTORE).replace(b'"format": 1', b'"format": 2')

    with pytest.raises(IncompatibleVersion, match="format 2"):
        decode_request(data)


def test_text_that_is_called_format_is_no_version() -> None:
    info = records.ImageInfo("a.tif", "OME-TIFF", ())

    assert decode(records.ImageInfo, encode(info)) == info


def test_fixed_tuple_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(InvalidInput, match="pixel_nm"):
        decode(cards.TrainedRange, b'{"pixel_nm": [1, 2, null]}')


def test_object_where_text_must_stand_is_refused() -> None:
    with pytest.raises(InvalidInput, match="at name"):
        decode(Number, b'{"name": {"a": null}, "value": 1}')


def test_request_is_found_inside_the_document_of_a_run() -> None:
    document = b'{"kind": "restore", "request": ' + encode(RESTORE) + b"}"

    assert decode_request(document) == RESTORE


def test_job_with_a_damaged_request_is_refused() -> None:
    data = encode(JobRecord("j", ThumbnailRequest((), "found"), "t"))

    with pytest.raises(InvalidInput, match="side_px"):
        decode(JobRecord, data.replace(b'"side_px": 96', b'"side_px": "wide"'))


def test_job_with_a_damaged_state_is_refused() -> None:
    data = encode(JobRecord("j", ThumbnailRequest((), "found"), "t"))

    with pytest.raises(InvalidInput, match="state"):
        decode(JobRecord, data.replace(b'"waiting"', b'"dreaming"'))


def test_files_hold_records_and_requests(tmp_path) -> None:
    write_json(tmp_path / "deep" / "n.json", Number("n", 1.5))
    write_request(tmp_path / "r.json", RESTORE)

    assert read_json(Number, tmp_path / "deep" / "n.json") == Number("n", 1.5)
    assert read_request(tmp_path / "r.json") == RESTORE


def test_missing_file_is_said_to_be_missing(tmp_path) -> None:
    with pytest.raises(MissingFile, match=r"nothing\.json"):
        read_request(tmp_path / "nothing.json")


def test_folder_is_no_document(tmp_path) -> None:
    with pytest.raises(UnreadableFile, match="folder"):
        read_json(Number, tmp_path)


def test_plate_of_many_fields_decodes_quickly() -> None:
    field = jobs.FieldInput(
        "A01", "1", {"dna": InputImage("a.tif"), "protein": InputImage("b.tif")}
    )
    request = jobs.MeasureRequest("translocation", (field,) * 5000, "out")

    assert decode_request(encode(request)) == request
