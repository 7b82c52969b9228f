"""The bootstrap of a checkout, as far as it can be tried without changing this machine."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def dev() -> ModuleType:
    spec = importlib.util.spec_from_file_location("dev", ROOT / "dev.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("words", [[], ["dance"]])
def test_unknown_words_show_the_help(
    dev: ModuleType, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert dev.main(words) == dev.WRONG_USAGE
    assert "python3 dev.py demo" in capsys.readouterr().out


def test_torch_comes_first_and_exactly(dev: ModuleType) -> None:
    torch, others = dev.requirements()

    assert torch == "torch==2.13.0"
    assert not any("torch" in item.split("==")[0] for item in others)
    assert any(item.startswith("pytest==") for item in others)


def test_the_stamp_follows_the_requirements(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dev.fingerprint()
    torch, others = dev.requirements()
    monkeypatch.setattr(dev, "requirements", lambda: (torch, [*others, "another==1.0"]))

    assert dev.fingerprint() != before


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems bring them along")
def test_a_user_without_rights_gets_the_exact_command(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev, "can_load", lambda name: name != "libxcb-icccm.so.4")
    monkeypatch.setattr(dev.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(dev.shutil, "which", lambda name: f"/usr/bin/{name}")

    with pytest.raises(SystemExit) as left:
        dev.ensure_system_libraries()

    assert left.value.code == dev.WRONG_USAGE
    said = capsys.readouterr().err.strip()
    assert said == ("Please run:  sudo apt-get install -y --no-install-recommends libxcb-icccm4")


def test_an_old_python_is_refused_with_the_ones_that_work(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev.sys, "version_info", (3, 10, 4))
    monkeypatch.setattr(dev.shutil, "which", lambda name: None)

    with pytest.raises(SystemExit):
        dev.require_suitable_python()

    assert "needs Python 3.11, 3.12, 3.13, 3.14" in capsys.readouterr().err
