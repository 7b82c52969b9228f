"""Whether anything is trained on and judged with: by the content of files, whatever their names."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from superlens.core.errors import InvalidInput
from superlens.core.jobs import HighFile, PairFile
from superlens.io.hashing import sha256_of
from superlens.prepare.file_training import OnFile

_ADVICE = "Remove one of the two, or give both the same field id and split again"


class Contents:
    """The SHA-256 of files, each read once at most, and checked where a recipe states it."""

    def __init__(self, folder: Path | None) -> None:
        """Begin.

        Args:
            folder: what names are relative to; None where they are absolute.
        """
        self._folder = folder
        self._known: dict[str, str] = {}

    def of(self, name: str, stated: str | None) -> str:
        """Give the hash of a file.

        Args:
            name: of the file.
            stated: what the recipe says that it is, or None.

        Raises:
            MissingFile: it is not there.
            InvalidInput: it is another one than the recipe was written for.
        """
        if name not in self._known:
            path = Path(name) if self._folder is None else self._folder / name
            self._known[name] = sha256_of(path)
        found = self._known[name]
        if stated is not None and stated != found:
            raise InvalidInput(
                f"{name!r} is not the file that the recipe was written for",
                "Its SHA-256 differs: fetch the original, or write the recipe anew",
            )
        return found


def check_contents(
    training: Sequence[PairFile | HighFile],
    validation: Sequence[PairFile | HighFile],
    folder: Path | None,
    on_file: OnFile,
) -> None:
    """Make sure that no content of a file is on both sides, and that no truth has two fields.

    Args:
        training: pairs, or high-resolution files alone.
        validation: as `training`.
        folder: what the names are relative to.
        on_file: told of every pair.

    Raises:
        InvalidInput: two files of one content are on both sides, or one high-resolution picture
            belongs to two fields; both files are named. Or a file changed since its hash was
            taken.
        MissingFile: a file is not there.
    """
    contents = Contents(folder)
    total = len(training) + len(validation)
    trained: dict[str, str] = {}
    fields: dict[str, tuple[str, str]] = {}
    for done, item in enumerate((*training, *validation)):
        on_file("Comparing the files", done, total)
        _check_field(fields, item, contents)
        for name, stated in _files(item):
            content = contents.of(name, stated)
            if done < len(training):
                trained[content] = name
            elif content in trained:
                raise InvalidInput(
                    f"{trained[content]!r}, which is trained on, and {name!r}, which is judged "
                    "with, have the same content",
                    _ADVICE,
                )


def _check_field(
    fields: dict[str, tuple[str, str]], item: PairFile | HighFile, contents: Contents
) -> None:
    if not item.field_id:
        return
    well = item.well if isinstance(item, PairFile) else ""
    stated = item.high_sha256 if isinstance(item, PairFile) else item.sha256
    field = f"{well}/{item.field_id}" if well else item.field_id
    other, name = fields.setdefault(contents.of(item.high, stated), (field, item.high))
    if other != field:
        raise InvalidInput(
            f"One high-resolution picture belongs to two fields: {name!r} to {other!r} "
            f"and {item.high!r} to {field!r}",
            _ADVICE,
        )


def _files(item: PairFile | HighFile) -> Iterable[tuple[str, str | None]]:
    if isinstance(item, HighFile):
        return ((item.high, item.sha256),)
    others = ((other.name, other.sha256) for other in item.low_others)
    return ((item.low, item.low_sha256), (item.high, item.high_sha256), *others)
