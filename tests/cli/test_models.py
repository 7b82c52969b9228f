"""The command `models`: the list, and checkpoints of other programs that become models."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from superlens.cli.main import DONE, FAILED, WRONG_USAGE, run
from superlens.cli.phantom_files import write_phantoms
from superlens.io.images import open_image
from superlens.io.locations import user_models_dir
from superlens.methods.resrgan.generator import Architecture, Generator


@pytest.fixture
def checkpoint(tmp_path: Path):
    network = Generator(Architecture(2, 3, blocks=1, features=8, growth=4))
    network.initialise(torch.Generator().manual_seed(3))
    path = tmp_path / "my net (1).pth"
    torch.save({"params_ema": network.state_dict()}, path)
    yield path
    shutil.rmtree(user_models_dir(), ignore_errors=True)


def _listed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    assert run(["models", "--json"]) == DONE
    return [model["id"] for model in json.loads(capsys.readouterr().out)["models"]]


def test_shipped_model_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert "resrgan-phantom-x2" in _listed(capsys)


def test_imported_checkpoint_is_listed_and_restores(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = write_phantoms("puncta", 1, 4, tmp_path / "made")[0]["low"]

    assert run(["models", "--import", str(checkpoint), "--json"]) == DONE

    made = json.loads(capsys.readouterr().out)
    assert (made["id"], made["scale"]) == ("my-net-1", 2)
    assert "my-net-1" in _listed(capsys)
    words = ["restore", image, "--model", "my-net-1", "--out", str(tmp_path / "out")]
    assert run([*words, "--samples", "0", "--roi", "0,0,40,32", "--json"]) == DONE
    mean = json.loads(capsys.readouterr().out)["results"][0]["mean"]
    with open_image(Path(mean)) as source:
        assert source.info.scenes[0].size("X") == 80


def test_import_says_licence_and_limits_and_takes_an_id(
    checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["models", "--import", str(checkpoint), "--id", "named", "--fold", "mean"]) == DONE

    said = capsys.readouterr().out
    assert said.startswith("named  2x")
    assert "Licence not known" in said
    assert "(mean)" in said


def test_same_id_twice_is_refused_in_one_sentence(
    checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["models", "--import", str(checkpoint)])

    assert run(["models", "--import", str(checkpoint)]) == WRONG_USAGE
    assert "already a model with the id 'my-net-1'" in capsys.readouterr().err


def test_file_that_is_no_generator_is_refused_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "RealESRGAN_x4plus_netD.pth"
    torch.save({"params": {f"conv{n}.weight": torch.zeros(2, 2, 3, 3) for n in range(10)}}, path)

    assert run(["models", "--import", str(path)]) == FAILED

    assert "discriminator" in capsys.readouterr().err


def test_file_that_is_no_feature_network_is_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "net.pth"
    torch.save({"a": torch.zeros(3)}, path)

    assert run(["models", "--import-features", str(path)]) == FAILED

    said = capsys.readouterr().err
    assert "net.pth is none of the feature networks" in said
    assert "vgg19-dcbb9e9d.pth" in said
