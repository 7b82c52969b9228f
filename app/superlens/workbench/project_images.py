"""The images of the open project: their records are read from the store when they are asked for.

Qt-free. Ten thousand images cost as much at opening as a hundred.
"""

from collections.abc import Sequence

from superlens.core.records import FileIdentity, ImageRecord
from superlens.io.store import ProjectStore
from superlens.io.store_images import ImageLink
from superlens.workbench.links import link_of

_SLICE = 32
"""Records read at once: whoever asks for one will soon ask for its neighbours."""


class ProjectImages:
    """Records of images by id, in the order of import."""

    def __init__(self, store: ProjectStore) -> None:
        self._store = store
        self._ids = list(store.catalogue.ids())
        self._places = {image_id: place for place, image_id in enumerate(self._ids)}
        self._records: dict[str, ImageRecord] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, image_id: object) -> bool:
        return image_id in self._places

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all images in the order of import."""
        return tuple(self._ids)

    def get(self, image_id: str) -> ImageRecord:
        """Give one image; `KeyError` if there is none of this id."""
        if image_id not in self._records:
            start = self._places[image_id] // _SLICE * _SLICE
            self._read(self._ids[start : start + _SLICE])
        return self._records[image_id]

    def all(self) -> tuple[ImageRecord, ...]:
        """Give all images."""
        self._read(self._ids)
        return tuple(self._records[image_id] for image_id in self._ids)

    def links(self, ids: Sequence[str]) -> tuple[ImageLink, ...]:
        """Give where files should lie, without reading records; images that are gone are left out.

        Errors as the store's.
        """
        known = [self._records[image_id] for image_id in ids if image_id in self._records]
        unread = [image_id for image_id in ids if image_id not in self._records]
        saved = self._store.catalogue.links(unread) if unread else ()
        return (*(link_of(image) for image in known), *saved)

    def twin_of(self, identity: FileIdentity) -> ImageRecord | None:
        """Give the image whose file has the same size and the same ends, or None."""
        return self._store.catalogue.twin_of(identity)

    def add(self, *images: ImageRecord) -> None:
        """Save new images, all or none; errors as the store's."""
        self._store.catalogue.add(*images)
        for image in images:
            self._places[image.id] = len(self._ids)
            self._ids.append(image.id)
            self._records[image.id] = image

    def update(self, images: Sequence[ImageRecord]) -> None:
        """Save changed images, all or none; errors as the store's."""
        self._store.catalogue.update(*images)
        self.remember(images)

    def remember(self, images: Sequence[ImageRecord]) -> None:
        """Show images as they are now, until the project is closed."""
        self._records |= {image.id: image for image in images}

    def remove(self, image_id: str) -> None:
        """Forget an image; errors as the store's."""
        self._store.remove_image(image_id)
        self._records.pop(image_id, None)
        self._ids.remove(image_id)
        self._places = {image_id: place for place, image_id in enumerate(self._ids)}

    def _read(self, ids: Sequence[str]) -> None:
        missing = [image_id for image_id in ids if image_id not in self._records]
        if len(missing) == len(self._ids):
            self._records = {image.id: image for image in self._store.images()}
        elif missing:
            self._records |= self._store.catalogue.some(missing)
