"""Damages microscope files and reads them: `python benchmarks/fuzz_readers.py`.

Thousands of variants of each format (cut off, bytes flipped, numbers made absurd) go through the
reader process. Each must give pixels or one plain sentence; none may take this program down, keep
it waiting for more than 20 s, or make a reader process larger than 2 GiB. A reader process that
ends over a file is counted, and is no failure: that is what it is for.

A variant that takes too long is read again, which counts: other programs make any file slow. Every
variant is named by its format and number, and is made again by `--only FORMAT:NUMBER`.
"""

import argparse
import json
import os
import platform
import random
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
from fuzz_damage import damaged
from fuzz_samples import ROOT, Sample, collect

from superlens.core.errors import InvalidInput, SuperlensError, UnreadableFile
from superlens.core.jobs import Roi
from superlens.io.images import ImageSource
from superlens.io.reading import Limits, ReaderPool
from superlens.io.reading.reader_process import Loss

LONGEST_S = 20.0
LARGEST_BYTES = 2 << 30
RESULTS = ROOT / "benchmarks" / "results" / "fuzz_readers.json"
_LEEWAY_S = 2.0
"""To end a process and to be told of it."""
_WHOLE_PIXELS = 4096 * 4096
"""The window and the engine read larger planes by regions."""
_REGION_SIDE = 1024
_MOST_SCENES = 3
_STARTS = 5
"""So often a process is waited for."""
_LIBRARIES = ("tifffile", "imagecodecs", "nd2", "liffile", "pylibCZIrw", "mrc", "mrcfile", "h5py")
_NOT_PLAIN = re.compile(r"Traceback|\w+Error\b|Exception\b|0x[0-9a-f]{4}|\n|<class|object at")


@dataclass(slots=True)
class Tally:
    """What came of the variants of one format."""

    samples: int
    refused_unharmed: list[str] = field(default_factory=list)
    """Why samples are refused that nobody damaged here: some came damaged, or are no images."""
    variants: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    """`read`, `refused`, `time limit`, `memory limit`, `process ended`."""
    median_ms: float = 0.0
    slowest_s: float = 0.0
    slowest: str = ""
    largest_mib: float = 0.0
    largest: str = ""
    read_again: list[str] = field(default_factory=list)
    """Variants that hit a limit of time once: a busy machine may be to blame. The second reading
    counts."""
    ended_over: list[str] = field(default_factory=list)
    """Variants that hit a limit or ended their process."""
    faults: list[str] = field(default_factory=list)
    """Variants whose answer breaks a promise, and how."""
    titles: dict[str, int] = field(default_factory=dict)
    """The most frequent refusals, without names and numbers."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What came of reading a variant once."""

    slowest_s: float
    """The longest wait for an answer; all of the time where it was refused."""
    all_s: float
    error: Exception | None = None

    @property
    def is_late(self) -> bool:
        """Whether it hit a limit of time, or a process was waited for too long."""
        detail = self.error.detail if isinstance(self.error, SuperlensError) else ""
        return Loss.TIME in detail or self.slowest_s > LONGEST_S


@dataclass(frozen=True, slots=True)
class _Series:
    """The variants of one format."""

    name: str
    samples: list[Sample]
    place: Path
    count: int
    seed: int
    until: float


def main() -> int:
    """Damage, read, print, write the results; 0 when every promise is kept."""
    arguments = _arguments()
    place = Path(tempfile.mkdtemp(prefix="superlens-fuzz-"))
    try:
        samples = collect(place / "samples", _real_samples())
        if arguments.only:
            return _show(arguments, samples, place)
        names = [name for name in samples if name in (arguments.formats or samples)]
        if arguments.jobs > 1:
            tallies = _fuzz_at_once(arguments, names, place)
        else:
            tallies = _fuzz_all(arguments, {name: samples[name] for name in names}, place)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    document = _document(arguments, tallies)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    faults = [fault for tally in tallies.values() for fault in tally.faults]
    print(*faults, sep="\n")
    return 1 if faults else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--variants", type=int, default=3000, help="of each format (default 3000)")
    parser.add_argument("--minutes", type=float, default=60, help="for all together (default 60)")
    parser.add_argument("--formats", nargs="*", default=[], help="only these")
    parser.add_argument("--jobs", type=int, default=1, help="formats at once, each in a process")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", metavar="FORMAT:NUMBER", help="show one variant")
    parser.add_argument("--keep", type=Path, help="with --only: a folder for the variant")
    parser.add_argument("--out", type=Path, default=RESULTS)
    return parser.parse_args()


def _real_samples() -> Path:
    beside = ROOT.parent / "shared" / "data"
    return Path(os.environ.get("SUPERLENS_SHARED_DATA", beside)) / "formats"


def _fuzz_at_once(arguments: argparse.Namespace, names: list[str], place: Path) -> dict[str, Tally]:
    """Have some formats done by each of several processes."""
    common = [sys.executable, __file__, f"--variants={arguments.variants}"]
    common += [f"--minutes={arguments.minutes}", f"--seed={arguments.seed}"]
    outs = [place / f"{job}.json" for job in range(arguments.jobs)]
    running = [
        subprocess.Popen([*common, f"--out={out}", "--formats", *names[job :: arguments.jobs]])
        for job, out in enumerate(outs)
        if names[job :: arguments.jobs]
    ]
    for process in running:
        process.wait()
    found: dict[str, Any] = {}
    for out in outs[: len(running)]:
        found |= json.loads(out.read_text(encoding="utf-8"))["formats"]
    return {name: Tally(**found[name]) for name in names}


def _fuzz_all(
    arguments: argparse.Namespace, wanted: dict[str, list[Sample]], place: Path
) -> dict[str, Tally]:
    deadline = time.monotonic() + 60 * arguments.minutes
    tallies: dict[str, Tally] = {}
    pool = ReaderPool()
    for done, (name, found) in enumerate(wanted.items()):
        left_s = max(0.0, deadline - time.monotonic())
        until = time.monotonic() + left_s / (len(wanted) - done)
        tallies[name] = Tally(len(found))
        series = _Series(name, found, place / "variant", arguments.variants, arguments.seed, until)
        _fuzz(pool, series, tallies[name])
        _report(name, tallies[name])
    pool.close()
    return tallies


def _fuzz(pool: ReaderPool, series: _Series, tally: Tally) -> None:
    """Read the variants of one format until they are all read or the time is over."""
    for sample in series.samples:
        try:
            _warm_up(pool, sample)
        except SuperlensError as error:
            tally.refused_unharmed.append(error.title)
    milliseconds: list[float] = []
    for number in range(series.count):
        if time.monotonic() > series.until:
            break
        variant = f"{series.name}:{number}"
        path = _variant(series.samples, f"{series.seed}:{variant}", series.place)
        attempt = _attempt(pool, path)
        if attempt.is_late:
            tally.read_again.append(f"{variant} after {attempt.slowest_s:.1f} s")
            with suppress(SuperlensError):
                _warm_up(pool, series.samples[0])
            attempt = _attempt(pool, path)
        milliseconds.append(1000 * attempt.all_s)
        _judge(attempt, path, variant, tally)
        _weigh(variant, tally)
        shutil.rmtree(series.place)
    tally.variants = len(milliseconds)
    tally.median_ms = round(statistics.median(milliseconds), 1) if milliseconds else 0.0
    tally.titles = dict(Counter(tally.titles).most_common(8))


def _warm_up(pool: ReaderPool, sample: Sample) -> None:
    """Read a sample that nobody damaged: a process is there then, and its libraries are loaded.

    On a busy machine that may take long, and no file is to blame.
    """
    for _ in range(_STARTS):
        try:
            _read(pool, sample.folder / sample.main)
            return
        except UnreadableFile as error:
            if Loss.TIME not in error.detail:
                raise
        except InvalidInput:
            raise
        except SuperlensError:  # no process could be started in time
            continue


def _variant(samples: list[Sample], seed: str, place: Path) -> Path:
    """Write a damaged copy of one of the samples and give what is to be opened."""
    chance = random.Random(seed)
    sample = chance.choice(samples)
    shutil.copytree(sample.folder, place)
    # Of a set of many files the one that is opened matters most.
    is_main = (place / sample.main).is_file() and chance.random() < 0.5
    victim = place / (sample.main if is_main else chance.choice(sample.files))
    content = victim.read_bytes()
    if content:
        victim.write_bytes(damaged(content, chance))
    return place / sample.main


def _attempt(pool: ReaderPool, path: Path) -> _Attempt:
    """Read a variant."""
    began = time.monotonic()
    try:
        slowest = _read(pool, path)
        return _Attempt(slowest, time.monotonic() - began)
    except Exception as error:  # others than ours are what this program looks for
        return _Attempt(time.monotonic() - began, time.monotonic() - began, error)


def _judge(attempt: _Attempt, path: Path, variant: str, tally: Tally) -> None:
    """Note what came of reading a variant."""
    match attempt.error:
        case None:
            outcome = "read"
        case SuperlensError() as error:
            outcome = _outcome(error)
            _count(tally.titles, _shape(error.title, path))
            if (why := _why_not_plain(error)) is not None:
                tally.faults.append(f"{variant} {why}: {error.title!r}")
        case error:
            outcome = "asker harmed"
            tally.faults.append(f"{variant} {type(error).__name__}: {error}")
    _count(tally.outcomes, outcome)
    if outcome not in ("read", "refused"):
        tally.ended_over.append(f"{variant} {outcome}")
    if attempt.slowest_s > tally.slowest_s:
        tally.slowest_s, tally.slowest = round(attempt.slowest_s, 2), variant
    if attempt.slowest_s > LONGEST_S + _LEEWAY_S:
        tally.faults.append(f"{variant} took {attempt.slowest_s:.1f} s")


def _count(what: dict[str, int], name: str) -> None:
    what[name] = what.get(name, 0) + 1


def _read(pool: ReaderPool, path: Path) -> float:
    """Read the first and the last plane of some scenes; give the longest wait for an answer."""
    began = time.monotonic()
    with pool.open(path) as source:
        slowest = time.monotonic() - began
        for scene, info in enumerate(source.info.scenes[:_MOST_SCENES]):
            ends = {(0, 0, 0), (info.size("T") - 1, info.size("C") - 1, info.size("Z") - 1)}
            for end in sorted(ends):
                began = time.monotonic()
                _read_plane(source, scene, end)
                slowest = max(slowest, time.monotonic() - began)
    return slowest


def _read_plane(source: ImageSource, scene: int, place: tuple[int, int, int]) -> None:
    height, width = source.info.scenes[scene].levels[0]
    if height * width <= _WHOLE_PIXELS:
        source.plane(scene, *place)
        return
    x, y = max(0, width - _REGION_SIDE) // 2, max(0, height - _REGION_SIDE) // 2
    roi = Roi(x, y, min(width, _REGION_SIDE), min(height, _REGION_SIDE))
    source.region(scene, *place, roi)


def _outcome(error: SuperlensError) -> str:
    if Loss.TIME in error.detail:
        return "time limit"
    if Loss.MEMORY in error.detail or "asks for more memory" in error.title:
        return "memory limit"
    if Loss.CRASH in error.detail or Loss.NONSENSE in error.detail:
        return "process ended"
    return "refused"


def _why_not_plain(error: SuperlensError) -> str | None:
    """Say why an error is not one plain sentence, or None where it is."""
    if type(error) is SuperlensError:
        return "was not tried"
    if not error.title.strip() or error.title.endswith("."):
        return "says no sentence"
    if _NOT_PLAIN.search(error.title) or _NOT_PLAIN.search(error.advice):
        return "speaks to developers"
    return "says too much" if len(error.sentence) > 400 else None


def _shape(title: str, path: Path) -> str:
    return re.sub(r"\d+(\.\d+)?", "N", re.sub(r"'.*'", "'...'", title.replace(path.name, "*")))


def _weigh(variant: str, tally: Tally) -> None:
    """Note how large the reader processes have been at most."""
    for child in psutil.Process().children():
        size = _peak_bytes(child)
        if size / 2**20 > tally.largest_mib:
            tally.largest_mib, tally.largest = round(size / 2**20, 1), variant
            if size > LARGEST_BYTES:
                tally.faults.append(f"{variant} took {tally.largest_mib} MiB")


def _peak_bytes(process: psutil.Process) -> int:
    try:
        status = Path(f"/proc/{process.pid}/status")
        if status.exists():
            peak = re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="ascii"))
            return int(peak.group(1)) << 10 if peak else 0
        memory = process.memory_info()
        return int(getattr(memory, "peak_wset", memory.rss))
    except (psutil.Error, OSError):
        return 0


def _show(arguments: argparse.Namespace, samples: dict[str, list[Sample]], place: Path) -> int:
    name = arguments.only.partition(":")[0]
    path = _variant(samples[name], f"{arguments.seed}:{arguments.only}", place / "variant")
    if arguments.keep is not None:
        shutil.copytree(place / "variant", arguments.keep, dirs_exist_ok=True)
    tally = Tally(len(samples[name]))
    attempt = _attempt(ReaderPool(), path)
    _judge(attempt, path, arguments.only, tally)
    print(f"{path.name}: {dict(tally.outcomes)} in {attempt.all_s:.2f} s", *tally.titles, sep="\n")
    print(*tally.faults, sep="\n")
    return 1 if tally.faults else 0


def _document(arguments: argparse.Namespace, tallies: dict[str, Tally]) -> dict[str, object]:
    return {
        "command": shlex.join(["python", "benchmarks/fuzz_readers.py", *sys.argv[1:]]),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
        f"{platform.platform()}",
        "versions": {name: version(name) for name in _LIBRARIES},
        "seed": arguments.seed,
        "limits": asdict(Limits()),
        "longest_s": LONGEST_S,
        "largest_bytes": LARGEST_BYTES,
        "variants": sum(tally.variants for tally in tallies.values()),
        "outcomes": sum((Counter(tally.outcomes) for tally in tallies.values()), Counter()),
        "slowest_s": max((tally.slowest_s for tally in tallies.values()), default=0.0),
        "largest_mib": max((tally.largest_mib for tally in tallies.values()), default=0.0),
        "read_again": sum(len(tally.read_again) for tally in tallies.values()),
        "faults": sum(len(tally.faults) for tally in tallies.values()),
        "formats": {name: asdict(tally) for name, tally in tallies.items()},
    }


def _report(name: str, tally: Tally) -> None:
    outcomes = ", ".join(f"{count} {what}" for what, count in sorted(tally.outcomes.items()))
    print(
        f"{name:15} {tally.variants:5} variants: {outcomes}; median {tally.median_ms:.0f} ms, "
        f"slowest {tally.slowest_s:.1f} s ({tally.slowest}), largest {tally.largest_mib:.0f} MiB, "
        f"{len(tally.faults)} faults",
        flush=True,
    )


if __name__ == "__main__":
    raise SystemExit(main())
