"""Foreign files of weights: tensors come out, and nothing else ever does."""

import hashlib
import io
import os
import pickle
import time
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save as save_safetensors

from superlens.core.errors import InvalidInput, JobCancelled, MissingFile, UnreadableFile
from superlens.engine import foreign_weights
from superlens.engine.foreign_tensors import tensors_of
from superlens.engine.foreign_weights import Limits, read_foreign_file, read_foreign_tensors


class _Payload:
    """What a doctored file does: it names a function to be called while it is opened."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self._mark),)


def _saved(what, legacy=False) -> bytes:
    stream = io.BytesIO()
    torch.save(what, stream, _use_new_zipfile_serialization=not legacy)
    return stream.getvalue()


def _state():
    draw = torch.Generator().manual_seed(1)
    return OrderedDict(
        [
            ("conv.weight", torch.randn(4, 1, 3, 3, generator=draw)),
            ("conv.bias", torch.randn(4, generator=draw)),
        ]
    )


@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])
def test_tensors_of_nested_tables_are_named_by_their_path(legacy):
    state = _state()

    found = tensors_of(_saved({"params_ema": state, "epoch": 3, "who": "x"}, legacy), "a.pth")

    assert list(found) == ["params_ema/conv.bias", "params_ema/conv.weight"]
    assert found["params_ema/conv.weight"].dtype == np.float32
    assert np.array_equal(found["params_ema/conv.weight"], state["conv.weight"].numpy())


def test_safetensors_are_read_without_a_pickle(monkeypatch):
    monkeypatch.setattr(torch, "load", None)

    found = tensors_of(save_safetensors(dict(_state())), "a.safetensors")

    assert np.array_equal(found["conv.bias"], _state()["conv.bias"].numpy())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_floats_become_float32(dtype):
    value = torch.tensor([1.5, -0.25], dtype=dtype)

    assert tensors_of(_saved({"a": value}), "a.pth")["a"].tolist() == [1.5, -0.25]


def test_parameters_views_and_batch_counters_are_understood():
    big = torch.arange(12.0).reshape(3, 4)
    file = {"p": torch.nn.Parameter(big), "v": big.t(), "bn.num_batches_tracked": torch.tensor(7)}

    found = tensors_of(_saved(file), "a.pth")

    assert sorted(found) == ["p", "v"]
    assert np.array_equal(found["v"], big.numpy().T)


@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])
def test_file_saved_on_a_graphics_card_is_read(monkeypatch, legacy):
    monkeypatch.setattr(torch.serialization, "location_tag", lambda storage: "cuda:0")
    data = _saved(_state(), legacy)
    monkeypatch.undo()
    assert b"cuda:0" in data

    assert np.array_equal(tensors_of(data, "a.pth")["conv.bias"], _state()["conv.bias"].numpy())


@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])
def test_doctored_pickle_is_refused_and_does_nothing(tmp_path, legacy):
    mark = tmp_path / "was-run"
    data = _saved({"params": _state(), "extra": _Payload(mark)}, legacy)

    with pytest.raises(InvalidInput, match="programs or objects") as caught:
        tensors_of(data, "evil.pth")

    assert not mark.exists()
    assert "safetensors" in caught.value.advice


def test_bare_pickle_that_runs_code_is_refused_and_does_nothing(tmp_path):
    mark = tmp_path / "was-run"

    with pytest.raises(InvalidInput):
        tensors_of(pickle.dumps(_Payload(mark)), "evil.pth")

    assert not mark.exists()


@pytest.mark.parametrize(
    "what",
    [torch.nn.Conv2d(1, 1, 1), {"psnr": np.float64(3.0)}, {"a": np.zeros(3)}],
    ids=["module", "numpy scalar", "numpy array"],
)
def test_objects_are_refused(what):
    with pytest.raises(InvalidInput, match="programs or objects"):
        tensors_of(_saved(what), "whole.pth")


def test_program_of_torchscript_is_refused(tmp_path):
    path = tmp_path / "a.pt"
    with zipfile.ZipFile(path, "w") as archive:
        for entry in ("data.pkl", "constants.pkl", "version"):
            archive.writestr(f"a/{entry}", b"3\n")

    with pytest.raises(InvalidInput, match="programs or objects"):
        tensors_of(path.read_bytes(), "a.pt")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (torch.tensor([1.0, float("nan")]), "not finite"),
        (torch.tensor([1e300], dtype=torch.float64), "not finite"),
        (torch.zeros(1, 1, 1, 1, 1), "5 axes"),
        (torch.zeros(3, dtype=torch.int64), "int64"),
        (torch.zeros(3, dtype=torch.complex64), "complex64"),
        (torch.zeros(3, 3).to_sparse(), "plain table"),
        (torch.zeros(3, device="meta"), "plain table"),
    ],
)
def test_tensor_that_cannot_be_a_weight_is_named(value, words):
    with pytest.raises(InvalidInput, match=words) as caught:
        tensors_of(_saved({"net": {"odd": value}}), "a.pth")

    assert "net/odd" in caught.value.title


def test_tensor_that_unfolds_beyond_all_measure_is_refused_before_it_is_copied():
    with pytest.raises(InvalidInput, match="GiB"):
        tensors_of(_saved({"a": torch.zeros(1).expand(1 << 20, 1 << 20)}), "a.pth")


def test_compressed_archive_is_refused_before_it_is_unpacked():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", b"x")
        archive.writestr("a/data/0", bytes(8 << 20))

    with pytest.raises(InvalidInput, match="would unpack to 8"):
        tensors_of(stream.getvalue(), "bomb.pth")


def test_table_that_holds_itself_is_refused():
    table: dict = {"a": torch.zeros(1)}
    table["b"] = table

    with pytest.raises(InvalidInput, match="deep"):
        tensors_of(_saved(table), "a.pth")


@pytest.mark.parametrize("what", [{}, {"epoch": 3}, torch.zeros(3), [torch.zeros(3)]])
def test_file_without_named_tensors_is_refused(what):
    with pytest.raises(InvalidInput, match="no named tensors"):
        tensors_of(_saved(what), "a.pth")


@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
def test_file_that_was_cut_off_is_refused(kind):
    whole = (
        save_safetensors(dict(_state()))
        if kind == "safetensors"
        else _saved(_state(), kind == "legacy")
    )

    for part in (0.02, 0.3, 0.6, 0.95):
        # Where a name is cut in two, the rest of it looks like that of an unknown object.
        with pytest.raises(InvalidInput, match=r"damaged|programs"):
            tensors_of(whole[: int(len(whole) * part)], "cut.pth")


@pytest.mark.parametrize("data", [b"", b"II*\0 a picture", b"\x80\x02garbage", b"{}" * 20])
def test_file_of_another_kind_is_no_file_of_weights(data):
    with pytest.raises(UnreadableFile):
        tensors_of(data, "a.pth")


def test_flipped_bytes_never_raise_a_foreign_error():
    whole = bytearray(_saved(_state(), legacy=True))
    rng = np.random.default_rng(0)

    for _ in range(300):
        broken = bytearray(whole)
        broken[int(rng.integers(len(broken)))] = int(rng.integers(256))
        try:
            tensors_of(bytes(broken), "flipped.pth")
        except InvalidInput:
            continue


def test_child_reads_a_file_and_gives_its_hash(tmp_path):
    path = tmp_path / "net.pth"
    path.write_bytes(_saved({"params": _state()}))

    found = read_foreign_file(path)

    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert np.array_equal(found.tensors["params/conv.bias"], _state()["conv.bias"].numpy())
    found.tensors["params/conv.bias"][0] = 0.0


def test_refusal_of_the_child_reaches_the_caller(tmp_path):
    path, mark = tmp_path / "evil.pth", tmp_path / "was-run"
    path.write_bytes(_saved({"extra": _Payload(mark)}))

    with pytest.raises(InvalidInput, match=r"evil\.pth holds programs"):
        read_foreign_tensors(path)

    assert not mark.exists()


def test_child_is_stopped_when_it_takes_too_much_memory(tmp_path):
    path = tmp_path / "net.pth"
    path.write_bytes(_saved(_state()))

    with pytest.raises(UnreadableFile, match="far more memory"):
        read_foreign_file(path, limits=Limits(base_bytes=40 << 20))


def test_child_is_stopped_when_it_takes_too_long(tmp_path):
    path = tmp_path / "net.pth"
    path.write_bytes(_saved(_state()))

    with pytest.raises(UnreadableFile, match="within 0 seconds"):
        read_foreign_file(path, limits=Limits(seconds=0.0))


def test_child_is_stopped_when_the_user_cancels(tmp_path):
    path = tmp_path / "net.pth"
    path.write_bytes(_saved(_state()))

    def cancel() -> None:
        raise JobCancelled

    started = time.monotonic()
    with pytest.raises(JobCancelled):
        read_foreign_tensors(path, cancel)
    assert time.monotonic() - started < 5


def test_file_above_the_limit_is_not_opened(tmp_path):
    path = tmp_path / "net.pth"
    path.write_bytes(_saved(_state()))

    with pytest.raises(UnreadableFile, match="up to 0 MiB"):
        read_foreign_file(path, limits=Limits(file_bytes=10))


def test_absent_file_is_named(tmp_path):
    with pytest.raises(MissingFile):
        read_foreign_tensors(tmp_path / "absent.pth")


@pytest.mark.parametrize("installed", ["2.5.1", "2.9.1+cpu"])
def test_pickle_is_refused_where_torch_reads_it_unsafely(tmp_path, monkeypatch, installed):
    monkeypatch.setattr(foreign_weights, "version", lambda name: installed)
    for name, legacy in (("zip.pth", False), ("old.pth", True)):
        path = tmp_path / name
        path.write_bytes(_saved(_state(), legacy))

        with pytest.raises(InvalidInput, match="does not read those safely") as caught:
            read_foreign_tensors(path)

        assert installed in caught.value.title
