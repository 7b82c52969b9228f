"""Where the files of an Olympus image lie: in the folder beside an OIF, or inside an OIB.

An OIB is an OLE container, a small file system in one file; oiffile reads it.
"""

from abc import ABC, abstractmethod
from io import BytesIO
from pathlib import Path
from typing import Any

from superlens.core.errors import UnreadableFile, UnsupportedImage

_OIB_INFO = "OibInfo.txt"
_COPY_AGAIN = "Copy it again from where it came from"


class OifStore(ABC):
    """The files of one image, by name without folders."""

    names: tuple[str, ...]

    @abstractmethod
    def read(self, name: str) -> bytes:
        """Give the content of a file."""

    @abstractmethod
    def main(self) -> dict[str, Any]:
        """Give the main settings: sections of keys with their values."""

    @abstractmethod
    def stored_bytes(self) -> int:
        """Give how long everything together is."""

    @abstractmethod
    def close(self) -> None:
        """Close what is open."""

    def settings(self, name: str) -> dict[str, Any]:
        """Give one of the smaller settings files."""
        return _settings(self.read(name), name)


class OifFolder(OifStore):
    """An `.oif` file and the folder `.oif.files` beside it."""

    def __init__(self, path: Path) -> None:
        """List the files.

        Raises:
            UnreadableFile: the folder is missing.
        """
        self._path = path
        self._folder = path.with_name(f"{path.name}.files")
        if not self._folder.is_dir():
            raise UnreadableFile(
                f"{path.name} needs the folder {self._folder.name!r} beside it, which is missing",
                "Copy both from the microscope into one folder",
            )
        self.names = tuple(sorted(entry.name for entry in self._folder.iterdir()))

    def read(self, name: str) -> bytes:
        return (self._folder / name).read_bytes()

    def main(self) -> dict[str, Any]:
        return _settings(self._path.read_bytes(), self._path.name)

    def stored_bytes(self) -> int:
        return sum(entry.stat().st_size for entry in self._folder.iterdir())

    def close(self) -> None:
        """Nothing stays open."""


class OibContainer(OifStore):
    """An `.oib` file."""

    def __init__(self, path: Path) -> None:
        """Open the container and list its files.

        Raises:
            UnreadableFile: it is damaged.
            UnsupportedImage: it is an OLE container of another kind.
        """
        _require_sound_header(path)
        self._container = _bounded_container(path)
        try:
            if _OIB_INFO not in self._container.files():
                raise not_an_oib(path.name)
            listed = _settings(self._container.open_file(_OIB_INFO).read(), _OIB_INFO)
            info: dict[str, str] = listed["OibSaveInfo"]
            # Streams are numbered; what they hold is listed under their numbers.
            places = {name.rpartition("/")[2]: name for name in self._container.files()}
            self._streams = {
                str(file).replace("\\", "/").rpartition("/")[2]: places[key]
                for key, file in info.items()
                if key.startswith("Stream") and key in places
            }
            self._main = str(info[info["MainFileName"]]).replace("\\", "/").rpartition("/")[2]
        except BaseException:
            self._container.close()
            raise
        self.names = tuple(sorted(name for name in self._streams if name != self._main))
        self._bytes = path.stat().st_size

    def read(self, name: str) -> bytes:
        data: bytes = self._container.open_file(self._streams[name]).read()
        if len(data) < self._container.direntry(self._streams[name]).stream_size:
            raise UnreadableFile(f"{name} inside the OIB file is cut off", _COPY_AGAIN)
        return data

    def main(self) -> dict[str, Any]:
        return self.settings(self._main)

    def stored_bytes(self) -> int:
        return self._bytes

    def close(self) -> None:
        self._container.close()


def not_an_oib(name: str) -> UnsupportedImage:
    """Give the error for an OLE container that is no OIB."""
    return UnsupportedImage(
        f"{name} is an OLE container (such as Zeiss ZVI or an Office document), but not an "
        "Olympus OIB, which is all Superlens reads of them",
        "Export it as OME-TIFF with the program that made it, or with Fiji",
    )


def _settings(content: bytes, name: str) -> dict[str, Any]:
    from oiffile import SettingsFile

    return SettingsFile(BytesIO(content), name)


def _require_sound_header(path: Path) -> None:
    """Make sure that the tables of sectors that a container declares can be in its file."""
    with path.open("rb") as stream:
        head = stream.read(76)
        size = stream.seek(0, 2)
    sectors = size // 512 + 1
    declared = (int.from_bytes(head[place : place + 4], "little") for place in (40, 44, 64, 72))
    if len(head) < 76 or any(count > sectors for count in declared):
        raise UnreadableFile(f"{path.name} is cut off or damaged: sectors are missing", _COPY_AGAIN)


def _bounded_container(path: Path) -> Any:
    from oiffile import CompoundFile

    most = path.stat().st_size // 64 + 2
    """More than there are sectors of either size."""

    class Bounded(CompoundFile):
        """A container in which a circle of sectors ends."""

        def _sec_chain(self, secid: int, /) -> Any:
            return _ending(super()._sec_chain(secid), most)

        def _mini_sec_chain(self, secid: int, /) -> Any:
            return _ending(super()._mini_sec_chain(secid), most)

    return Bounded(path)


def _ending(chain: Any, most: int) -> Any:
    for index, sector in enumerate(chain):
        if index >= most:
            raise ValueError("a chain of sectors runs in a circle")
        yield sector
