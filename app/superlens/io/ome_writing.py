"""OME-XML for one image: what `image_writer` puts into the description of its files.

Schema 2016-06: http://www.openmicroscopy.org/Schemas/OME/2016-06
"""

import uuid
from dataclasses import dataclass
from xml.etree import ElementTree

from superlens.core.records import ChannelInfo
from superlens.core.units import PixelSizes

_NAMESPACE = "http://www.openmicroscopy.org/Schemas/OME/2016-06"
_NOTE_NAMESPACE = "superlens.note"
_OME_TYPES = {"float32": "float", "float64": "double"}
_FORBIDDEN = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF])
"""Characters that XML 1.0 cannot hold."""


@dataclass(frozen=True, slots=True)
class OmeFacts:
    """What the XML of one image says."""

    shape: tuple[int, ...]
    """(T, C, Z, Y, X)"""
    dtype: str
    pixel_sizes: PixelSizes
    channels: tuple[ChannelInfo, ...]
    description: str
    note: str


def ome_xml(facts: OmeFacts) -> str:
    """Give an OME-XML document for a file whose pages are ordered T, C, Z, slowest first."""
    root = ElementTree.Element(
        "OME",
        {
            "xmlns": _NAMESPACE,
            "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
            "xsi:schemaLocation": f"{_NAMESPACE} {_NAMESPACE}/ome.xsd",
            "Creator": "Superlens",
            "UUID": f"urn:uuid:{uuid.uuid4()}",
        },
    )
    image = ElementTree.SubElement(root, "Image", {"ID": "Image:0", "Name": "Image 1"})
    ElementTree.SubElement(image, "Description").text = _clean(facts.description)
    _add_pixels(image, facts)
    if facts.note:
        ElementTree.SubElement(image, "AnnotationRef", {"ID": "Annotation:0"})
        _add_note(root, facts.note)
    return '<?xml version="1.0" encoding="UTF-8"?>' + ElementTree.tostring(root, "unicode")


def _add_pixels(image: ElementTree.Element, facts: OmeFacts) -> None:
    t, c, z, y, x = facts.shape
    attributes = {
        "ID": "Pixels:0",
        "DimensionOrder": "XYZCT",
        "Type": _OME_TYPES.get(facts.dtype, facts.dtype),
        "SizeX": str(x),
        "SizeY": str(y),
        "SizeZ": str(z),
        "SizeC": str(c),
        "SizeT": str(t),
        **_physical_sizes(facts.pixel_sizes),
    }
    pixels = ElementTree.SubElement(image, "Pixels", attributes)
    for index, channel in enumerate(facts.channels):
        ElementTree.SubElement(pixels, "Channel", _channel_attributes(index, channel))
    ElementTree.SubElement(pixels, "TiffData", {"IFD": "0", "PlaneCount": str(t * c * z)})


def _physical_sizes(sizes: PixelSizes) -> dict[str, str]:
    """Give the sizes that can be trusted; a default such as 1.0 is not passed on as a fact."""
    trusted = {"Z": sizes.z}
    if sizes.lateral_um is not None:
        trusted |= {"X": sizes.lateral_um, "Y": sizes.y or sizes.lateral_um}
    attributes: dict[str, str] = {}
    for axis, size in trusted.items():
        if size is not None:
            attributes[f"PhysicalSize{axis}"] = repr(float(size))
            attributes[f"PhysicalSize{axis}Unit"] = "µm"
    return attributes


def _channel_attributes(index: int, channel: ChannelInfo) -> dict[str, str]:
    attributes = {
        "ID": f"Channel:0:{index}",
        "Name": _clean(channel.name),
        "SamplesPerPixel": "1",
    }
    for key, value in (("Excitation", channel.excitation_nm), ("Emission", channel.emission_nm)):
        if value is not None:
            attributes[f"{key}Wavelength"] = repr(float(value))
            attributes[f"{key}WavelengthUnit"] = "nm"
    return attributes


def _add_note(root: ElementTree.Element, note: str) -> None:
    annotations = ElementTree.SubElement(root, "StructuredAnnotations")
    annotation = ElementTree.SubElement(
        annotations, "CommentAnnotation", {"ID": "Annotation:0", "Namespace": _NOTE_NAMESPACE}
    )
    ElementTree.SubElement(annotation, "Value").text = _clean(note)


def _clean(text: str) -> str:
    return text.translate(_FORBIDDEN)
