"""How long a reader process may take, and how much memory it may ask for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one question to a reader process may cost."""

    seconds: float
    memory_bytes: int
    """Beyond what the process takes before it opens a file."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a reader process; the defaults are those of the program."""

    start_s: float = 60.0
    """For the process to be there: a busy computer starts one slowly."""
    open_s: float = 20.0
    """For a file to be opened and its headers read."""
    read_s: float = 15.0
    """For a region, to which the time of `slowest_bytes_per_s` is added."""
    slowest_bytes_per_s: float = 4 << 20
    """A slow network, or a slow codec: counted over the whole plane that a region lies in."""
    close_s: float = 5.0
    memory_bytes: int = 1536 << 20
    """With the process itself this stays below 2 GiB."""
    idle_bytes: int = 512 << 20
    """A process that holds more than this after its file is closed is not used again."""
    idle_s: float = 300.0
    """A process that had no file open for so long is ended."""

    @property
    def for_opening(self) -> Allowance:
        """What opening a file may cost."""
        return Allowance(self.open_s, self.memory_bytes)

    @property
    def for_closing(self) -> Allowance:
        """What closing a file may cost."""
        return Allowance(self.close_s, self.memory_bytes)

    def for_reading(self, plane_bytes: int) -> Allowance:
        """Give what reading a region may cost.

        Args:
            plane_bytes: size of the whole plane, decoded: many files store it in one piece.
        """
        # The plane as stored, decoded, and once more while its numbers are turned round.
        needed = 3 * plane_bytes + self.memory_bytes // 3
        return Allowance(
            self.read_s + plane_bytes / self.slowest_bytes_per_s, max(self.memory_bytes, needed)
        )
