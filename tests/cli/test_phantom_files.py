import csv
import json
from pathlib import Path

import numpy as np
import pytest

from superlens.cli.main import WRONG_USAGE, run
from superlens.cli.phantom_files import write_phantoms, write_plate
from superlens.io.images import open_image


def test_phantoms_come_in_equally_named_pairs_with_truth(tmp_path: Path) -> None:
    made = write_phantoms("puncta", 2, 3, tmp_path)

    assert [Path(item["low"]).name for item in made] == ["puncta_000.ome.tif", "puncta_001.ome.tif"]
    with open_image(Path(made[0]["low"])) as low, open_image(Path(made[0]["high"])) as high:
        size, finer = low.info.scenes[0].pixel_sizes.x, high.info.scenes[0].pixel_sizes.x
        assert size == pytest.approx(2 * finer)
        raw, truth = low.plane(0, 0, 0, 0).astype(float), high.plane(0, 0, 0, 0)
    # Shot noise averages out over 65,536 pixels: the means agree within 1 %.
    assert truth.shape == (512, 512)
    assert raw.mean() == pytest.approx(truth.mean(), rel=0.01)
    assert json.loads(Path(made[0]["truth"]).read_text())["specimen"] == "puncta"


def test_the_same_seed_writes_the_same_pixels(tmp_path: Path) -> None:
    planes = []
    for name in ("a", "b"):
        low = write_phantoms("nuclei", 1, 5, tmp_path / name)[0]["low"]
        with open_image(Path(low)) as source:
            planes.append(source.plane(0, 0, 0, 0))

    assert np.array_equal(*planes)


def test_size_and_brightness_are_as_asked_for(tmp_path: Path) -> None:
    words = ["phantom", "puncta", "--count", "3", "--side", "48", "--photons", "20:2000"]
    assert run([*words, "--out", str(tmp_path)]) == 0

    truths = [json.loads(path.read_text()) for path in sorted((tmp_path / "truth").iterdir())]
    photons = [truth["settings"]["photons"] for truth in truths]
    with open_image(tmp_path / "low" / "puncta_000.ome.tif") as source:
        assert source.plane(0, 0, 0, 0).shape == (48, 48)
    assert len(set(photons)) == 3
    assert all(20 <= one <= 2000 for one in photons)


@pytest.mark.parametrize("words", [("--side", "8"), ("--photons", "9:3"), ("--photons", "0")])
def test_impossible_pictures_are_refused(words: tuple[str, str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        run(["phantom", "puncta", "--out", str(tmp_path), *words])

    assert ended.value.code == WRONG_USAGE


def test_a_plate_names_files_that_are_there(tmp_path: Path) -> None:
    table = write_plate(tmp_path, seed=1, wells=3)

    rows = list(csv.DictReader(table.open(encoding="utf-8")))
    assert [row["well"] for row in rows] == ["A01", "A02", "A03"]
    assert all(
        (tmp_path / row[f"{role}_file"]).exists() for row in rows for role in ("dna", "protein")
    )
    assert float(rows[2]["true_ratio"]) > float(rows[0]["true_ratio"])


def test_an_unknown_specimen_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["phantom", "unicorns", "--out", str(tmp_path)]) == WRONG_USAGE
    assert "unicorns" in capsys.readouterr().err
