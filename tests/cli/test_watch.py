"""`watch` without a window: what is complete is restored once, what is broken is listed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from superlens.cli.main import run
from superlens.cli.watch import DONE_FILE
from superlens.core.cards import ModelCard, NormalisationKind, NormalisationRule, TrainedRange
from superlens.core.jobs import RestoreRequest
from superlens.core.method import Claim
from superlens.core.records import ResultRecord
from superlens.io.model_library import InstalledModel
from superlens.workbench.quarantine import Quarantine

CARD = ModelCard(
    id="tiny-x2",
    title="Tiny ×2",
    method="resrgan",
    scale=2,
    claim=Claim.SINGLE_ANSWER,
    weights=(),
    sha256="0" * 64,
    architecture={},
    normalisation=NormalisationRule(NormalisationKind.IMAGE_PERCENTILES, 1.0, 99.8),
    trained_on=TrainedRange(("filaments",), (50.0, 200.0)),
    limits=("It was trained on simulated images alone",),
)


@pytest.fixture
def restored(monkeypatch: pytest.MonkeyPatch) -> list[RestoreRequest]:
    """The requests that were done; the model is a made one."""
    done: list[RestoreRequest] = []

    def do(request: RestoreRequest, _: str) -> ResultRecord:
        done.append(request)
        Path(request.out).mkdir(parents=True)
        return ResultRecord("job", request.kind, request.out)

    monkeypatch.setattr("superlens.cli.watch.do_request", do)
    monkeypatch.setattr(
        "superlens.io.model_library.find_model", lambda _: InstalledModel(CARD, "tiny")
    )
    return done


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One good image and one that is cut off."""
    made = tmp_path / "arriving"
    made.mkdir()
    tifffile.imwrite(made / "a.tif", np.zeros((8, 8), np.uint16))
    (made / "broken.tif").write_bytes(b"II*\x00\x08\x00\x00\x00")
    return made


def _watch(folder: Path, out: Path, *more: str) -> int:
    words = ["watch", str(folder), "--model", "tiny-x2", "--out", str(out)]
    return run([*words, "--once", "--settle", "0.05", *more])


def test_good_files_are_restored_and_broken_ones_listed(
    folder: Path, tmp_path: Path, restored: list[RestoreRequest], capsys: Any
) -> None:
    status = _watch(folder, tmp_path / "out")

    (request,) = restored
    (refused,) = Quarantine(tmp_path / "out").files
    assert status == 1
    assert request.input.path == str(folder / "a.tif")
    assert capsys.readouterr().out.strip() == request.out
    assert refused.path == str(folder / "broken.tif")
    assert (folder / "broken.tif").exists()


def test_a_second_watch_does_nothing_anew(
    folder: Path, tmp_path: Path, restored: list[RestoreRequest]
) -> None:
    _watch(folder, tmp_path / "out")
    status = _watch(folder, tmp_path / "out")

    assert status == 0
    assert len(restored) == 1
    assert (tmp_path / "out" / DONE_FILE).is_file()


def test_broken_files_are_moved_when_that_is_asked_for(
    folder: Path, tmp_path: Path, restored: list[RestoreRequest]
) -> None:
    _watch(folder, tmp_path / "out", "--move-failures")

    assert not (folder / "broken.tif").exists()
    assert (folder / "quarantine" / "broken.tif").exists()


def test_a_missing_folder_is_said_in_a_sentence(
    tmp_path: Path, restored: list[RestoreRequest], capsys: Any
) -> None:
    status = _watch(tmp_path / "gone", tmp_path / "out")

    assert status == 1
    assert "There is no folder" in capsys.readouterr().err
