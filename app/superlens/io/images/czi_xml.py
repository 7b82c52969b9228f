"""What the XML of a CZI file says: pixel sizes, channels, objective, names of scenes."""

from dataclasses import dataclass, field
from typing import Any

from superlens.core.records import ChannelInfo
from superlens.core.units import PixelSizes
from superlens.io.images.foreign_source import plain_channels
from superlens.io.images.optics import (
    NO_OBJECTIVE,
    Objective,
    colour_from_hex,
    moment,
    objective,
    positive,
)
from superlens.io.images.pixel_sizes import Length, reported_sizes, to_micrometres

_IMAGE = "./Metadata/Information/Image"
_UNKNOWN = PixelSizes()


@dataclass(frozen=True, slots=True)
class CziFacts:
    """What is known of the scenes of a file besides their pixels."""

    pixel_sizes: PixelSizes = _UNKNOWN
    channels: tuple[ChannelInfo, ...] = ()
    objective: Objective = NO_OBJECTIVE
    time_interval_s: float | None = None
    acquired_at: str | None = None
    scene_names: dict[int, str] = field(default_factory=dict[int, str])

    def channels_for(self, count: int) -> tuple[ChannelInfo, ...]:
        """Give exactly `count` channels; plain names where as many are not described."""
        return self.channels if len(self.channels) == count else plain_channels(count)


def parse_czi(text: str | bytes) -> CziFacts:
    """Give what the XML says; nothing where it is absent or not well formed."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        root = fromstring(text)
    except (ParseError, DefusedXmlException, ValueError):
        return CziFacts()
    described = root.findall(f"{_IMAGE}/Dimensions/Channels/Channel")
    return CziFacts(
        pixel_sizes=_pixel_sizes(root),
        channels=_channels(root, described),
        objective=_objective(root),
        time_interval_s=positive(
            root.findtext(f"{_IMAGE}/Dimensions/T/Positions/Interval/Increment")
        ),
        acquired_at=moment(root.findtext(f"{_IMAGE}/AcquisitionDateAndTime")),
        scene_names=_scene_names(root),
    )


def _pixel_sizes(root: Any) -> PixelSizes:
    # In metres; absent or 0 where the microscope did not know.
    stated = {
        item.get("Id"): to_micrometres(positive(item.findtext("Value")), "m")
        for item in root.findall("./Metadata/Scaling/Items/Distance")
    }
    length = Length(stated.get("Z"), stated.get("Y"), stated.get("X"))
    return reported_sizes(length, "CZI Scaling Distance")


def _channels(root: Any, described: list[Any]) -> tuple[ChannelInfo, ...]:
    # Colours stand in the settings of the display, which may know fewer channels or other ids.
    shown = root.findall("./Metadata/DisplaySetting/Channels/Channel")
    colours = [item.findtext("Color") for item in shown]
    colours = colours if len(colours) == len(described) else [None] * len(described)
    return tuple(
        ChannelInfo(
            item.get("Name") or item.findtext("Fluor") or f"Channel {index + 1}",
            positive(item.findtext("EmissionWavelength")),
            positive(item.findtext("ExcitationWavelength")),
            colour_from_hex(colour),
        )
        for index, (item, colour) in enumerate(zip(described, colours, strict=True))
    )


def _objective(root: Any) -> Objective:
    objectives = root.findall("./Metadata/Information/Instrument/Objectives/Objective")
    used = root.find(f"{_IMAGE}/ObjectiveSettings/ObjectiveRef")
    chosen = [item for item in objectives if used is not None and item.get("Id") == used.get("Id")]
    if not chosen and len(objectives) == 1:
        chosen = objectives
    if not chosen:
        return NO_OBJECTIVE
    lens = chosen[0]
    name = lens.get("Name") or lens.findtext("Manufacturer/Model")
    return objective(name, lens.findtext("NominalMagnification"), lens.findtext("LensNA"))


def _scene_names(root: Any) -> dict[int, str]:
    scenes = root.findall(f"{_IMAGE}/Dimensions/S/Scenes/Scene")
    return {
        int(item.get("Index")): item.get("Name", "")
        for item in scenes
        if item.get("Index", "").isdecimal()
    }
