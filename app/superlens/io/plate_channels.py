"""What plate maps and folders share: the fields found, and which channel shows what."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from superlens.core.assay import ChannelRole, WellInfo
from superlens.core.errors import InvalidInput, InvalidParameter
from superlens.core.jobs import FieldInput, InputImage
from superlens.core.records import SceneInfo
from superlens.io.reading import probe_safely


@dataclass(frozen=True, slots=True)
class Plate:
    """Wells, the fields of view in them, and what was odd about their description."""

    wells: tuple[WellInfo, ...]
    fields: tuple[FieldInput, ...]
    warnings: tuple[str, ...] = ()

    def with_pixel_size(self, pixel_size_um: float | None) -> "Plate":
        """Give the plate with a pixel size entered for all fields; None changes nothing."""
        if pixel_size_um is None:
            return self
        return self._with_images(lambda image: replace(image, pixel_size_um=pixel_size_um))

    def with_axes(self, axes: str) -> "Plate":
        """Give the plate with axes named for all fields, see `InputImage`."""
        return self._with_images(lambda image: replace(image, axes=axes)) if axes else self

    def _with_images(self, change: Callable[[InputImage], InputImage]) -> "Plate":
        fields = (
            replace(field, channels={role: change(image) for role, image in field.channels.items()})
            for field in self.fields
        )
        return replace(self, fields=tuple(fields))


def require_known_roles(roles: Sequence[ChannelRole], channel_names: Mapping[str, str]) -> None:
    """Make sure that every channel name is meant for a role that the assay has.

    Raises:
        InvalidParameter: one is not.
    """
    known = [role.id for role in roles]
    for role in channel_names:
        if role not in known:
            raise InvalidParameter(
                f"There is no channel role {role!r} in this assay",
                f"Its roles are: {', '.join(known)}",
            )


def words_of(role: ChannelRole, channel_names: Mapping[str, str]) -> tuple[str, ...]:
    """Give the lower-case words that mean a role: the name given for it alone, else its own."""
    if role.id in channel_names:
        return (channel_names[role.id].lower(),)
    return (role.id, *role.aliases)


class ChannelFinder:
    """Finds the channels of files that hold several."""

    def __init__(self, roles: Sequence[ChannelRole], channel_names: Mapping[str, str]) -> None:
        self._roles = tuple(roles)
        self._names = channel_names

    def images(self, path: Path) -> dict[str, InputImage]:
        """Give the image of every role inside one file.

        Raises:
            InvalidInput: a role's channel is not in it, or two roles mean the same one.
        """
        scene = probe_safely(path).scenes[0]
        found = {
            role.id: InputImage(str(path), 0, self._channel(path, scene, role))
            for role in self._roles
        }
        channels = [image.channel for image in found.values()]
        if len(set(channels)) < len(channels):
            raise InvalidInput(
                f"Two channel roles mean the same channel of {path.name}",
                f"Name one channel for each of: {', '.join(found)}",
            )
        return found

    def fits(self, path: Path) -> bool:
        """Say whether a file has a channel for every role; errors of unreadable files pass on."""
        try:
            self.images(path)
        except InvalidInput:
            return False
        return True

    def _channel(self, path: Path, scene: SceneInfo, role: ChannelRole) -> int:
        names = [channel.name for channel in scene.channels]
        words = words_of(role, self._names)
        for word in words:  # an exact name counts more than a part of one
            for number, name in enumerate(names):
                if name.lower() == word:
                    return number
        if role.id in self._names and self._names[role.id].isdecimal():
            number = int(self._names[role.id])
            if number < len(names):
                return number
        for word in words:
            for number, name in enumerate(names):
                if word in name.lower():
                    return number
        raise InvalidInput(
            f"No channel of {path.name} shows the {role.title} ({role.id})",
            f"Its channels are {', '.join(f'{n}: {name}' for n, name in enumerate(names))}; "
            f"say which one with --channel {role.id}=NAME",
        )
