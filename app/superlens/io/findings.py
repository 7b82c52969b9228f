"""Findings about files: lines of JSON that an engine adds one by one and the window reads.

A line that was cut off by the end of its writer counts as not written.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from superlens.core.errors import InvalidInput
from superlens.core.jobs import FileFinding
from superlens.io.codec import decode, encode_line
from superlens.io.system_errors import reading, writing

AddFinding = Callable[[FileFinding], None]


@contextmanager
def findings_file(path: Path) -> Generator[AddFinding, None, None]:
    """Give what adds a finding to a new file, so that a reader sees it at once.

    Nothing waits for the disk: whoever loses findings looks at the files again.

    Raises:
        DiskFull: there is no room left.
        InvalidInput: the place cannot be written to.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("wb", buffering=0)

    def add(finding: FileFinding) -> None:
        with writing(path):
            stream.write(encode_line(finding) + b"\n")

    with stream:
        yield add


def read_findings(path: Path) -> tuple[FileFinding, ...]:
    """Give the findings that were written so far; none where there is no file.

    Raises:
        UnreadableFile: the system refuses to read it.
    """
    if not path.is_file():
        return ()
    with reading(path):
        *lines, _ = path.read_bytes().split(b"\n")
    found: list[FileFinding] = []
    for line in lines:
        try:
            found.append(decode(FileFinding, line, path.name))
        except InvalidInput:  # what follows cannot be told apart any more
            break
    return tuple(found)
