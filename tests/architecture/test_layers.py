"""The layer law, the size law and a few laws of the house that a program can check."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "app" / "superlens").rglob("*.py"))
MAX_FILE_LINES = 800
MAX_FUNCTION_LINES = 60


def test_imports_follow_the_layer_law() -> None:
    command = [sys.executable, "-c", "import sys; from importlinter.cli import lint_imports; "
               "sys.exit(lint_imports(no_cache=True))"]  # fmt: skip
    completed = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )

    assert completed.returncode == 0, completed.stdout[-4000:] + completed.stderr[-2000:]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_readable(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert len(text.splitlines()) <= MAX_FILE_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = node.end_lineno - node.lineno + 1
            assert lines <= MAX_FUNCTION_LINES, f"{node.name} has {lines} lines"


def test_torchvision_is_not_installed() -> None:
    # Its wheel on the package index breaks torchmetrics beside a CPU build of torch.
    assert importlib.util.find_spec("torchvision") is None


def test_code_is_formatted_and_lint_free() -> None:
    check = [sys.executable, "-m", "ruff", "check", "."]
    form = [sys.executable, "-m", "ruff", "format", "--check", "."]
    for command in (check, form):
        completed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert completed.returncode == 0, completed.stdout[-4000:]
