"""An image whose axes the user named: the same planes, asked for under other letters.

It works over any reader, since all give `TCZYX`; the file itself is not read in another way.
"""

from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from superlens.core.errors import InvalidParameter
from superlens.core.records import ChannelInfo, ImageInfo, SceneInfo
from superlens.io.images.source import GUESSED, ImageSource, OpenImage, PlaneRequest

STACK_AXES = "TCZ"
_PLANE_AXES = "YX"


@dataclass(frozen=True, slots=True)
class AxisNames:
    """Under which letter the reader gives what the user calls T, C and Z."""

    t: str = "T"
    c: str = "C"
    z: str = "Z"

    def read_as(self, axis: str) -> str:
        """Give the reader's letter of one of the user's axes."""
        return {"T": self.t, "C": self.c, "Z": self.z}.get(axis, axis)


def axis_names(scene: SceneInfo, axes: str) -> AxisNames:
    """Find out what a user means by naming the axes of a scene.

    Args:
        scene: as the reader gives it.
        axes: a letter for each axis longer than one, or all of `TCZYX`, in the reader's order;
            empty: as the reader says. An `S` of colours at the end may be left out.

    Raises:
        InvalidParameter: the letters do not fit the scene.
    """
    text = axes.strip().upper()
    if not text:
        return AxisNames()
    text = text.removesuffix("S") if scene.is_rgb else text
    outer = text.removesuffix(_PLANE_AXES)
    long = [axis for axis in STACK_AXES if scene.size(axis) > 1]
    is_sound = text.endswith(_PLANE_AXES) and len(set(outer)) == len(outer)
    if not is_sound or not set(outer) <= set(STACK_AXES) or len(outer) not in (3, len(long)):
        order = "".join(long) + _PLANE_AXES
        raise InvalidParameter(
            f"The axes {axes!r} do not fit the scene {scene.name or 'of the image'}, "
            f"which is read as {order}",
            f"Name each of these {len(order)} axes by one of T, C and Z, and end with YX",
        )
    told = list(STACK_AXES if len(outer) == 3 else long)
    meant = dict(zip(outer, told, strict=True))
    # Axes of length one keep their letters where they can, and else take those that are left.
    free = [axis for axis in STACK_AXES if axis not in meant]
    meant |= {axis: axis for axis in free if axis not in told}
    rest = iter(axis for axis in STACK_AXES if axis not in meant.values())
    meant |= {axis: next(rest) for axis in free if axis not in meant}
    return AxisNames(meant["T"], meant["C"], meant["Z"])


def relabelled_info(info: ImageInfo, axes: str) -> ImageInfo:
    """Give what a file holds under the axes that the user names.

    Scenes of one plane stay as they are. What the file says of an axis that is another one now is
    left out: Z step, time interval, names of channels.

    Raises:
        InvalidParameter: as `axis_names`.
    """
    if not axes.strip():
        return info
    scenes = tuple(_relabelled(scene, _names_in(scene, axes)) for scene in info.scenes)
    if scenes == info.scenes:
        return info
    told = tuple(text for text in info.warnings if not text.startswith(GUESSED))
    return replace(info, scenes=scenes, warnings=told)


class RelabelledImage(OpenImage):
    """An open image under the axes that the user names; an `ImageSource`."""

    def __init__(self, source: ImageSource, axes: str) -> None:
        """Take over an open image, which is closed with this one.

        Raises:
            InvalidParameter: as `axis_names`; the image stays open.
        """
        self._source = source
        self._info = relabelled_info(source.info, axes)
        self._names = tuple(_names_in(scene, axes) for scene in source.info.scenes)

    def _region(self, wanted: PlaneRequest) -> NDArray[Any]:
        names = self._names[wanted.scene]
        meant = {names.t: wanted.t, names.c: wanted.c, names.z: wanted.z}
        place = (wanted.scene, meant["T"], meant["C"], meant["Z"])
        return self._source.region(*place, wanted.roi, wanted.level)

    def close(self) -> None:
        self._source.close()


def relabelled(source: ImageSource, axes: str) -> ImageSource:
    """Give an open image under the axes that the user names; itself where none are named.

    Raises:
        InvalidParameter: as `axis_names`; the image is closed.
    """
    if not axes.strip():
        return source
    try:
        return RelabelledImage(source, axes)
    except BaseException:
        source.close()
        raise


def full_axes(names: AxisNames) -> str:
    """Give all five letters that mean the same for every scene, empty for the reader's own."""
    if names == AxisNames():
        return ""
    by_reader = {names.t: "T", names.c: "C", names.z: "Z"}
    return "".join(by_reader[axis] for axis in STACK_AXES) + _PLANE_AXES


def _names_in(scene: SceneInfo, axes: str) -> AxisNames:
    is_plane = all(scene.size(axis) == 1 for axis in STACK_AXES)
    return AxisNames() if is_plane else axis_names(scene, axes)


def _relabelled(scene: SceneInfo, names: AxisNames) -> SceneInfo:
    if names == AxisNames():
        return scene
    shape = tuple(scene.size(names.read_as(axis)) for axis in scene.axes)
    sizes = scene.pixel_sizes if names.z == "Z" else replace(scene.pixel_sizes, z=None)
    count = scene.size(names.c)
    plain = tuple(ChannelInfo(f"Channel {index + 1}") for index in range(count))
    return replace(
        scene,
        shape=shape,
        pixel_sizes=sizes,
        channels=scene.channels if names.c == "C" else plain,
        time_interval_s=scene.time_interval_s if names.t == "T" else None,
    )
