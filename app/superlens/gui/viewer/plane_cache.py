"""Keeps the planes looked at last, within a budget of bytes. No Qt."""

from collections import OrderedDict

from superlens.gui.viewer.levels import PlaneAddress, PlaneLevels

BUDGET_BYTES = 384 * 1024 * 1024


class PlaneCache:
    """Planes by address, oldest use dropped first."""

    def __init__(self, budget_bytes: int = BUDGET_BYTES) -> None:
        self._budget = budget_bytes
        self._planes: OrderedDict[PlaneAddress, PlaneLevels] = OrderedDict()

    def get(self, address: PlaneAddress) -> PlaneLevels | None:
        """Give a plane if it is still there."""
        plane = self._planes.get(address)
        if plane is not None:
            self._planes.move_to_end(address)
        return plane

    def put(self, address: PlaneAddress, plane: PlaneLevels) -> None:
        """Keep a plane; the newest one stays even when it exceeds the budget alone."""
        self._planes[address] = plane
        self._planes.move_to_end(address)
        while len(self._planes) > 1 and self._used() > self._budget:
            self._planes.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._planes.clear()

    def _used(self) -> int:
        return sum(level.nbytes for plane in self._planes.values() for _, level in plane.levels)
