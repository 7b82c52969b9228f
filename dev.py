"""Set up and drive a source checkout of Superlens with nothing but Python.

    python3 dev.py demo      the whole main job on bundled samples, without a display
    python3 dev.py test      the test suite            (more words go to pytest)
    python3 dev.py run       the window                (more words go to superlens)
    python3 dev.py check     format, lint, types and layer law
    python3 dev.py doctor    what this machine has and lacks

Standard library only. Everything lives in a private `.venv` beside this file; nothing outside it is
changed, except that missing system libraries are installed when this runs as root on a Debian-like
Linux. `SUPERLENS_TORCH_INDEX` may name the package index that has the CPU build of PyTorch: without
it pip on Linux may choose a build with several gigabytes of GPU libraries.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "superlens-setup.sha256"
SUPPORTED = ((3, 11), (3, 12), (3, 13), (3, 14))
WRONG_USAGE = 2

# Shared libraries that Qt's wheels leave to the system, and the Debian packages that hold them.
# Qt itself names only one of them (xcb-cursor), and names that one even when another is missing.
QT_LIBRARIES = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
}


def main(words: list[str]) -> int:
    """Do what the first word says; give the exit status."""
    commands = {"demo": demo, "test": test, "run": run, "check": check, "doctor": doctor}
    if not words or words[0] not in commands:
        print(__doc__)
        return WRONG_USAGE
    return commands[words[0]](words[1:])


def demo(words: list[str]) -> int:
    """Run the main job on bundled samples, without a display."""
    set_up()
    out = [] if "--out" in words else ["--out", str(ROOT / "demo-output")]
    return superlens(["demo", *out, *words], environment={"QT_QPA_PLATFORM": "offscreen"})


def test(words: list[str]) -> int:
    """Run the tests on all cores, or as the words say."""
    set_up()
    spread = [] if any(word in ("-n", "-p") for word in words) else ["-n", str(os.cpu_count() or 2)]
    environment = {"QT_QPA_PLATFORM": "offscreen", "OMP_NUM_THREADS": "1"}
    return in_venv(["-m", "pytest", "--dist", "loadfile", *spread, *words], environment)


def run(words: list[str]) -> int:
    """Open the window, or pass the words to the command line."""
    set_up()
    if not words and sys.platform.startswith("linux") and not has_display():
        print("No graphical display: set DISPLAY, or use the command line (dev.py run --help).")
        return WRONG_USAGE
    return superlens(words, environment={})


def check(words: list[str]) -> int:
    """Run the static checks; all of them, even when one fails."""
    set_up()
    lint_imports = VENV / ("Scripts" if os.name == "nt" else "bin") / "lint-imports"
    statuses = [
        in_venv(["-m", "ruff", "format", "--check", "."], {}),
        in_venv(["-m", "ruff", "check", "."], {}),
        in_venv(["-m", "pyright", *words], {}),
        subprocess.run([str(lint_imports)], cwd=ROOT, check=False).returncode,
    ]
    return max(statuses)


def doctor(words: list[str]) -> int:
    """Print what is there and what is missing, and change nothing."""
    del words
    missing = missing_libraries()
    print(f"Python      {platform.python_version()} at {sys.executable}")
    print(f"System      {platform.platform()}")
    print(f"Environment {'ready' if is_set_up() else 'not set up'} at {VENV}")
    print(f"Libraries   {'all there' if not missing else 'missing: ' + ' '.join(missing)}")
    print(f"Display     {'yes' if has_display() else 'no (commands work, the window does not)'}")
    return 1 if missing else 0


def set_up() -> None:
    """Make the private environment match `pyproject.toml`; quick when it already does."""
    require_suitable_python()
    ensure_system_libraries()
    if is_set_up():
        return
    make_venv()
    torch, others = requirements()
    say("Installing PyTorch (CPU build)")
    index = os.environ.get("SUPERLENS_TORCH_INDEX")
    pip(["install", torch, *(["--index-url", index] if index else [])])
    say("Installing the other dependencies")
    pip(["install", *others])
    pip(["install", "--no-build-isolation", "--no-deps", "--editable", str(ROOT)])
    STAMP.write_text(fingerprint(), encoding="utf-8")


def is_set_up() -> bool:
    """Tell whether the environment was made from the requirements as they are now."""
    return STAMP.exists() and STAMP.read_text(encoding="utf-8") == fingerprint()


def fingerprint() -> str:
    """Give a hash of everything the environment is made from."""
    torch, others = requirements()
    return hashlib.sha256("\n".join([torch, *others]).encode()).hexdigest()


def requirements() -> tuple[str, list[str]]:
    """Give the torch requirement and all others; torch goes first so that nothing replaces it."""
    import tomllib  # not in Python 3.10, where `require_suitable_python` comes first

    data = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = data["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    needed += [*data["build-system"]["requires"], "editables"]
    torch = next(item for item in needed if item.startswith("torch=="))
    return torch, [item for item in needed if item != torch]


def require_suitable_python() -> None:
    """Go on under a Python that we support: this one, another one found here, or none."""
    if sys.version_info[:2] in SUPPORTED:
        return
    for major, minor in SUPPORTED:
        found = shutil.which(f"python{major}.{minor}")
        if found:
            raise SystemExit(
                subprocess.run([found, __file__, *sys.argv[1:]], check=False).returncode
            )
    wanted = ", ".join(f"{major}.{minor}" for major, minor in SUPPORTED)
    stop(f"Superlens needs Python {wanted}; this is {platform.python_version()}.")


def make_venv() -> None:
    """Create `.venv` with pip in it; some Debians keep `ensurepip` in a package of its own."""
    if venv_python().exists():
        return
    if importlib.util.find_spec("ensurepip") is None:
        install_or_tell([f"python{sys.version_info.major}.{sys.version_info.minor}-venv"])
    say(f"Creating the environment in {VENV}")
    subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)


def ensure_system_libraries() -> None:
    """Install Qt's system libraries where we may, or say which command does it."""
    missing = missing_libraries()
    if missing:
        install_or_tell(missing)


def missing_libraries() -> list[str]:
    """Give the Debian packages of the shared libraries that cannot be loaded."""
    if not sys.platform.startswith("linux"):
        return []
    return [package for name, package in QT_LIBRARIES.items() if not can_load(name)]


def can_load(name: str) -> bool:
    """Tell whether the dynamic loader finds a library."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def install_or_tell(packages: list[str]) -> None:
    """Install Debian packages as root, else leave with the exact command."""
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"Installing system packages: {' '.join(packages)}")
        quiet = ["-y", "-qq", "--no-install-recommends"]
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], check=True, env=environment)
        subprocess.run(["apt-get", "install", *quiet, *packages], check=True, env=environment)
        return
    if shutil.which("apt-get"):
        stop(f"Please run:  sudo apt-get install -y --no-install-recommends {' '.join(packages)}")
    stop(f"These system libraries are missing (Debian names): {' '.join(packages)}")


def superlens(words: list[str], environment: dict[str, str]) -> int:
    """Run Superlens itself in the environment."""
    return in_venv(["-m", "superlens", *words], environment)


def in_venv(words: list[str], environment: dict[str, str]) -> int:
    """Run the environment's Python and give its exit status."""
    completed = subprocess.run(
        [str(venv_python()), *words], cwd=ROOT, env={**os.environ, **environment}, check=False
    )
    return completed.returncode


def pip(words: list[str]) -> None:
    """Run pip in the environment; its failure ends us with its own words."""
    command = [str(venv_python()), "-m", "pip", "--disable-pip-version-check", *words, "--quiet"]
    if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
        stop("The dependencies could not be installed; the lines above say why.")


def venv_python() -> Path:
    """Give the path of the environment's interpreter."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def has_display() -> bool:
    """Tell whether a window could be shown."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def say(text: str) -> None:
    """Tell what is going on."""
    print(f"· {text} ...", flush=True)


def stop(text: str) -> None:
    """Leave with one clear line."""
    print(text, file=sys.stderr)
    raise SystemExit(WRONG_USAGE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
