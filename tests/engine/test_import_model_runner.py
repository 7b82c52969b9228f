"""Foreign generators become models: whole, described, usable; the rest is refused with reasons."""

import shutil

import numpy as np
import pytest
import tifffile
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from superlens.core.errors import InvalidInput, InvalidParameter, JobCancelled, UnreadableFile
from superlens.core.jobs import Fold, ImportModelRequest, InputImage, RestoreRequest
from superlens.core.method import Claim
from superlens.engine.context import JobContext
from superlens.engine.control import JobControl
from superlens.engine.execute import execute
from superlens.engine.runners import import_model
from superlens.io.hashing import sha256_of
from superlens.io.locations import user_models_dir
from superlens.io.model_library import find_model
from superlens.io.weights import load_card, load_weights
from superlens.methods.catalogue import load_method
from superlens.methods.resrgan.generator import Architecture, Generator
from superlens.methods.resrgan.official import PublishedFile


def _state(scale=2, channels=3):
    network = Generator(Architecture(scale, channels, blocks=1, features=8, growth=4))
    network.initialise(torch.Generator().manual_seed(3))
    return network.state_dict()


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "RealESRGAN_small.pth"
    torch.save({"params_ema": _state()}, path)
    return path


def _imported(path, out, control=None, **more):
    events = []
    request = ImportModelRequest(str(path), out.name, str(out), **more)
    return execute("j1", request, JobContext("j1", events.append, control)), events


def test_imported_model_is_installed_whole_and_says_what_it_is(tmp_path, checkpoint):
    result, _ = _imported(checkpoint, tmp_path / "small")

    card = load_card(tmp_path / "small")
    weights = load_weights(tmp_path / "small", card)
    assert [file.role for file in result.files] == ["model", "weights"]
    assert (card.id, card.method, card.scale) == ("small", "resrgan", 2)
    assert card.claim is Claim.SINGLE_ANSWER
    assert sha256_of(checkpoint) in card.description
    assert "params_ema" in card.description
    assert any("not in the specimen" in limit for limit in card.limits)
    assert any("luma" in limit for limit in card.limits)
    assert "not known" in card.licence
    network = load_method("resrgan").load(weights, "cpu")
    assert network(torch.rand(1, 1, 6, 5)).shape == (1, 1, 12, 10)


def test_weights_carry_where_they_come_from(tmp_path, checkpoint):
    _imported(checkpoint, tmp_path / "small", fold=Fold.MEAN)

    [file] = (tmp_path / "small").glob("*.safetensors")
    with safe_open(file, framework="numpy") as opened:
        header = opened.metadata()
    assert header["source_sha256"] == sha256_of(checkpoint)
    assert (header["arch"], header["scale"], header["blocks"]) == ("RRDBNet", "2", "1")
    assert (header["fold"], header["source_channels"]) == ("mean", "3")
    assert header["norm"] == "image_percentiles 1 99.9"
    assert header["licence"]


def test_known_file_is_called_by_its_name(tmp_path, checkpoint, monkeypatch):
    known = {sha256_of(checkpoint): PublishedFile("RealESRGAN_x2plus.pth", "Real-ESRGAN x2plus")}
    monkeypatch.setattr(import_model, "PUBLISHED", known)

    _imported(checkpoint, tmp_path / "small")

    card = load_card(tmp_path / "small")
    assert card.title == "Real-ESRGAN x2plus, as published"
    assert card.licence == "BSD-3-Clause"
    assert "RealESRGAN_x2plus.pth" in card.description
    assert "never on microscopy" in card.limits[0]


def test_safetensors_of_the_same_names_give_the_same_numbers(tmp_path, checkpoint):
    twin = tmp_path / "twin.safetensors"
    save_file(_state(), twin)

    _imported(checkpoint, tmp_path / "a")
    _imported(twin, tmp_path / "b")

    first, second = (load_weights(tmp_path / n, load_card(tmp_path / n)) for n in ("a", "b"))
    for name, array in first.parts["generator"].items():
        assert np.array_equal(array, second.parts["generator"][name])


def test_imported_model_restores_an_image(tmp_path, checkpoint):
    image = tmp_path / "in.tif"
    pixels = np.random.default_rng(0).integers(100, 900, (40, 36)).astype(np.uint16)
    tifffile.imwrite(image, pixels)
    folder = user_models_dir() / "imported-small"
    _imported(checkpoint, folder)
    model = find_model("imported-small").card.ref
    request = RestoreRequest(InputImage(str(image)), model, str(tmp_path / "run"), samples=0)

    result = execute("j2", request, JobContext("j2", lambda event: None))

    answer = tifffile.imread(tmp_path / "run" / (result.path_of("mean") or ""))
    shutil.rmtree(folder)
    assert answer.shape[-2:] == (80, 72)
    assert np.isfinite(answer).all()
    # The engine conserves the local mean, whatever the network does.
    assert abs(answer.mean() - pixels.mean()) < 0.02 * pixels.mean()


def test_id_that_is_taken_is_refused_and_the_model_stays(tmp_path, checkpoint):
    _imported(checkpoint, tmp_path / "small")
    before = (tmp_path / "small" / "card.json").read_bytes()

    with pytest.raises(InvalidParameter, match="already a model"):
        _imported(checkpoint, tmp_path / "small", fold=Fold.MEAN)

    assert (tmp_path / "small" / "card.json").read_bytes() == before


@pytest.mark.parametrize("name", ["has space", "..", "a:b"])
def test_id_that_cannot_be_a_folder_is_refused(tmp_path, checkpoint, name):
    request = ImportModelRequest(str(checkpoint), name, str(tmp_path / "out"))

    with pytest.raises(InvalidParameter, match="cannot be the id"):
        execute("j1", request, JobContext("j1", lambda event: None))


def test_refused_file_leaves_nothing(tmp_path):
    path = tmp_path / "netD.pth"
    torch.save({f"conv{n}.weight": torch.zeros(4, 4, 3, 3) for n in range(10)}, path)

    with pytest.raises(InvalidInput, match="discriminator"):
        _imported(path, tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_file_that_is_no_checkpoint_is_refused(tmp_path):
    path = tmp_path / "notes.pth"
    path.write_text("remember the milk", encoding="utf-8")

    with pytest.raises(UnreadableFile, match=r"notes\.pth"):
        _imported(path, tmp_path / "out")


def test_file_that_changed_is_refused(tmp_path, checkpoint):
    with pytest.raises(InvalidInput, match="changed"):
        _imported(checkpoint, tmp_path / "out", sha256="0" * 64)


def test_cancelled_import_leaves_nothing(tmp_path, checkpoint, monkeypatch):
    control = JobControl()
    read = import_model.read_foreign_file

    def read_and_cancel(path, check):
        file = read(path, check)
        control.cancel()
        return file

    monkeypatch.setattr(import_model, "read_foreign_file", read_and_cancel)

    with pytest.raises(JobCancelled):
        _imported(checkpoint, tmp_path / "out", control)

    assert not (tmp_path / "out").exists()
