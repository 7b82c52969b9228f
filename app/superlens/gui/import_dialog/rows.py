"""The rows of the import dialog: a file each, and what the user wants of it. No Qt."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from superlens.core.errors import ErrorInfo
from superlens.core.plate import well_name
from superlens.core.records import ChannelInfo, ImageInfo, ImageRole, SceneInfo
from superlens.core.units import PixelSizeOrigin, entered_pixel_size
from superlens.gui.theme.colormaps import CHANNEL_COLOURS
from superlens.io.image_names import plain_name
from superlens.io.images.relabelled import relabelled_info
from superlens.io.plate_names import ParsedName
from superlens.workbench.import_plan import PlannedImage
from superlens.workbench.import_survey import SurveyedFile

SMALLEST_NM, LARGEST_NM = 0.1, 1e6
"""Pixel sizes that are taken for a number and not for a slip."""

_NUMBER = re.compile(r"\s*([0-9]+(?:[.,][0-9]+)?)\s*(nm|µm|um)?\s*")


class RowState(StrEnum):
    """How far a file is."""

    READING = "reading"
    READY = "ready"
    KNOWN = "known"
    BROKEN = "broken"


@dataclass(slots=True)
class FileRow:
    """A file of the dialog; changed by the model alone."""

    path: Path
    name: str
    """Path below the imported folder, with forward slashes: what patterns of names are tried on."""
    state: RowState = RowState.READING
    file: SurveyedFile | None = None
    info: ImageInfo | None = None
    """As the user corrected it."""
    is_checked: bool = True
    left_out: frozenset[int] = frozenset()
    """Scenes that the user does not want."""
    axes: str = ""
    """What the user calls the axes, see `InputImage`."""
    role: ImageRole = ImageRole.IMAGE
    well: str = ""
    wells: tuple[str, ...] = ()
    """Well of each scene, where their names say several."""
    parsed: ParsedName | None = None
    twin: str = ""
    error: ErrorInfo | None = None
    pictures: dict[int, object] = field(default_factory=dict[int, object])
    """By scene: what the table paints."""

    @property
    def scenes(self) -> tuple[SceneInfo, ...]:
        """The scenes; none while the file is not read."""
        return () if self.info is None else self.info.scenes

    @property
    def is_wanted(self) -> bool:
        """Whether it will be imported."""
        return self.state is RowState.READY and self.is_checked

    @property
    def wanted_scenes(self) -> tuple[int, ...]:
        """Numbers of the scenes that will be imported."""
        if not self.is_wanted:
            return ()
        return tuple(n for n in range(len(self.scenes)) if n not in self.left_out)

    @property
    def lacks_pixel_size(self) -> bool:
        """Whether lengths in one of its wanted scenes could only be told in pixels."""
        return any(self.scenes[n].pixel_sizes.lateral_um is None for n in self.wanted_scenes)

    def well_of(self, scene: int) -> str:
        """Give the well of a scene, empty without one."""
        return self.wells[scene] if self.wells else self.well

    def want(self, scene: int | None, is_wanted: bool) -> None:
        """Want a scene, or all of them, or do not."""
        every = frozenset(range(len(self.scenes)))
        if scene is None:
            self.is_checked, self.left_out = is_wanted, frozenset()
            return
        out = self.left_out if self.is_checked else every
        out = out - {scene} if is_wanted else out | {scene}
        self.is_checked = out != every
        self.left_out = out if self.is_checked else frozenset()

    def put_into_well(self, scene: int | None, well: str) -> None:
        """Put a scene, or the whole file, into a well; empty takes it out."""
        if scene is None or len(self.scenes) == 1:
            self.well, self.wells = well, ()
            return
        wells = list(self.wells or (self.well,) * len(self.scenes))
        wells[scene] = well
        is_one = len(set(wells)) == 1
        self.well, self.wells = (well, ()) if is_one else ("", tuple(wells))

    def name_axes(self, axes: str) -> None:
        """Call its axes otherwise; lateral pixel sizes and channels as entered stay."""
        assert self.file is not None
        assert self.info is not None
        info = relabelled_info(self.file.image.info, axes)
        scenes = tuple(
            _with_entries(after, before)
            for after, before in zip(info.scenes, self.info.scenes, strict=True)
        )
        self.info, self.axes = replace(info, scenes=scenes), axes

    def planned(self, plate: str) -> PlannedImage:
        """Give the image to be imported; `plate` names the plate where its name says none."""
        assert self.file is not None
        assert self.info is not None
        parsed = self.parsed
        is_parsed = parsed is not None and not self.wells and parsed.well == self.well
        wanted = self.wanted_scenes
        image = replace(
            self.file.image,
            info=replace(self.info, path=self.file.image.path),
            role=self.role,
            well=self.well or None,
            wells=self.wells,
            field=parsed.field if parsed is not None and is_parsed else "",
            axes=self.axes,
            scenes=wanted if len(wanted) < len(self.scenes) else (),
        )
        named = parsed.plate if parsed is not None and is_parsed else ""
        # A file with a well in each scene is a plate by itself.
        named = plain_name(self.path) if self.wells else named
        return PlannedImage(image, (named or plate) if image.all_wells else "")


def with_pixel_size(info: ImageInfo, number: int, um: float) -> ImageInfo:
    """Give an image whose scene has a pixel size, with all scenes of which the file says the same.

    Args:
        info: of the file.
        number: of the scene.
        um: side of a pixel in micrometres.
    """
    meant = _told_of(info.scenes[number])
    return _mapped(
        info,
        lambda scene: (
            replace(scene, pixel_sizes=entered_pixel_size(um, scene.pixel_sizes))
            if _told_of(scene) == meant
            else scene
        ),
    )


def with_channels(info: ImageInfo, channels: Sequence[ChannelInfo]) -> ImageInfo:
    """Give an image with other channels in every scene that has as many."""
    told = tuple(channels)
    return _mapped(
        info,
        lambda scene: replace(scene, channels=told) if scene.size("C") == len(told) else scene,
    )


def are_alike(one: ImageInfo, other: ImageInfo) -> bool:
    """Say whether two files come from the same kind of recording: format, channels, numbers."""
    return _kind_of(one) == _kind_of(other)


def channels_of(scene: SceneInfo) -> tuple[ChannelInfo, ...]:
    """Give the channels of a scene; those that the file does not describe are counted from 1."""
    described = dict(enumerate(scene.channels))
    return tuple(
        described.get(n) or ChannelInfo(f"Channel {n + 1}") for n in range(scene.size("C"))
    )


def lut_of(channel: ChannelInfo) -> str:
    """Give the name of a channel's LUT, or its colour where that has no name."""
    if channel.colour is None:
        return "Automatic"
    names = {colour: name for name, colour in CHANNEL_COLOURS.items()}
    return names.get(channel.colour, channel.colour)


def pixel_um_of(text: str) -> float | None:
    """Read a pixel size such as `96.8`, `96,8 nm` or `0.0968 µm` in micrometres; None for nonsense.

    A number without a unit is in nanometres.
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    value = float(match[1].replace(",", "."))
    nm = value if match[2] in (None, "nm") else value * 1000
    return nm / 1000 if SMALLEST_NM <= nm <= LARGEST_NM else None


def well_of(text: str) -> str | None:
    """Read a well such as `b2`; empty text is no well, None is nonsense."""
    return well_name(text) if text.strip() else ""


def depth_text(scene: SceneInfo) -> str:
    """Give the bit depth as people say it: `16-bit`, `32-bit float`."""
    kind = scene.dtype.rstrip("0123456789")
    bits = scene.dtype[len(kind) :]
    if kind == "bool" or not bits:
        return scene.dtype
    return f"{bits}-bit float" if kind == "float" else f"{bits}-bit"


def size_text(scene: SceneInfo) -> str:
    """Give the size of the planes, thin and level in a column: `512 × 512`."""
    return f"{scene.size('X')} × {scene.size('Y')}"


def _with_entries(after: SceneInfo, before: SceneInfo) -> SceneInfo:
    known = before.pixel_sizes
    sizes = replace(after.pixel_sizes, x=known.x, y=known.y, origin=known.origin)
    sizes = replace(sizes, source=known.source)
    are_same = after.size("C") == before.size("C")
    return replace(
        after, pixel_sizes=sizes, channels=before.channels if are_same else after.channels
    )


def _told_of(scene: SceneInfo) -> tuple[float | None, float | None, PixelSizeOrigin]:
    return scene.pixel_sizes.x, scene.pixel_sizes.y, scene.pixel_sizes.origin


def _kind_of(info: ImageInfo) -> tuple[object, ...]:
    first = info.scenes[0]
    names = tuple(channel.name for channel in first.channels)
    return info.format, first.size("C"), names, first.dtype, first.is_rgb, first.size("Z") > 1


def _mapped(info: ImageInfo, change: Callable[[SceneInfo], SceneInfo]) -> ImageInfo:
    return replace(info, scenes=tuple(change(scene) for scene in info.scenes))
