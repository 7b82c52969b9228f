"""Who is next in each lane.

Qt-free.
"""

from collections import deque
from collections.abc import Callable

from superlens.core.jobs import Lane


class WaitingLines:
    """First come, first served in each lane, thumbnails after everything else."""

    def __init__(self) -> None:
        self._lines: dict[Lane, tuple[deque[str], deque[str]]] = {
            lane: (deque(), deque()) for lane in Lane
        }

    def join(self, lane: Lane, job_id: str, gives_way: bool) -> None:
        """Put a job at the end of its line."""
        self._lines[lane][gives_way].append(job_id)

    def take(self, lane: Lane, may_run: Callable[[str], bool]) -> str | None:
        """Take the next job that may run out of its line; those that may not are dropped."""
        for line in self._lines[lane]:
            while line:
                job_id = line.popleft()
                if may_run(job_id):
                    return job_id
        return None

    def clear(self) -> None:
        """Send everybody home."""
        for lines in self._lines.values():
            for line in lines:
                line.clear()
