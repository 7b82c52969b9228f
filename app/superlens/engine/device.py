"""Devices: what there is, which one a job gets and why, and what their errors mean.

Importing this module is cheap; torch is imported inside the functions that touch a device.
"""

import gc
import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import psutil

from superlens.core.errors import OutOfMemory
from superlens.core.jobs import DeviceChoice
from superlens.core.messages import DeviceInfo

_MEMORY_PHRASES = (
    "out of memory",
    "can't allocate memory",
    "cannot allocate memory",
    "CUDNN_STATUS",
    "cuDNN error",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "unable to find an engine",
    "valid cuDNN algorithm",
)
"""What torch says when a tile is too large; cuDNN finds no algorithm without workspace."""


@dataclass(frozen=True, slots=True)
class ChosenDevice:
    """The device that a job computes on."""

    id: str
    """`cuda`, `mps` or `cpu`: what torch calls it."""
    name: str
    """What a user calls it, such as `NVIDIA H200`."""
    reason: str = ""
    """Why it is not the one hoped for, or empty."""

    @property
    def text(self) -> str:
        """Name and reason as one line, as results record it."""
        return f"{self.name} ({self.reason})" if self.reason else self.name


def describe_cpu() -> DeviceInfo:
    """Give the processor, without importing torch."""
    count = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    plural = "" if count == 1 else "s"
    return DeviceInfo("cpu", f"CPU, {count} core{plural}", True, psutil.virtual_memory().total)


@cache
def survey_devices() -> tuple[DeviceInfo, ...]:
    """Give every kind of device, best first, each tried with one small computation."""
    found = (_describe_cuda(), _describe_mps(), describe_cpu())
    return tuple(sorted(found, key=lambda device: not device.is_usable))


def choose_device(choice: DeviceChoice) -> ChosenDevice:
    """Give the device for a job; the CPU with a reason where the one asked for cannot be used."""
    devices = {device.id: device for device in survey_devices()}
    if choice is DeviceChoice.AUTO:
        best = survey_devices()[0]
        reason = "no usable graphics processor" if best.id == "cpu" else ""
        return ChosenDevice(best.id, best.name, reason)
    wanted = devices[choice.value]
    if wanted.is_usable:
        return ChosenDevice(wanted.id, wanted.name)
    reason = f"{choice.value} was asked for, but {wanted.reason}"
    return ChosenDevice("cpu", devices["cpu"].name, reason)


def apply_threads(threads: int | None) -> None:
    """Set how many threads a CPU computes with; None is the number that torch began with."""
    import torch

    torch.set_num_threads(_first_thread_count() if threads is None else threads)


def make_repeatable() -> None:
    """Choose the algorithms that give the same bits for the same request."""
    import torch

    _first_thread_count()
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True


@contextmanager
def memory_errors_translated() -> Generator[None]:
    """Turn what torch and NumPy raise when memory ends into `OutOfMemory`.

    Raises:
        OutOfMemory: an allocation failed inside the block.
    """
    try:
        yield
    except MemoryError as error:
        raise OutOfMemory(
            "There is not enough memory", "Close other programs", str(error)
        ) from error
    except RuntimeError as error:
        text = str(error)
        if not any(phrase.lower() in text.lower() for phrase in _MEMORY_PHRASES):
            raise
        raise OutOfMemory(
            "The device has not enough memory", "Close other programs or use the CPU", text
        ) from error


def device_memory_bytes() -> int:
    """Give the memory that torch holds on accelerators; 0 where torch was not even imported."""
    import sys

    torch = sys.modules.get("torch")
    if torch is None:
        return 0
    try:
        return int(torch.cuda.memory_reserved()) if torch.cuda.is_available() else 0
    except AttributeError:  # another thread is only just importing it
        return 0


def device_memory_total(device: str) -> int:
    """Give the bytes of memory that a kind of device has.

    Args:
        device: what torch calls it.
    """
    if device == "cpu":
        return describe_cpu().memory_bytes
    return next((one.memory_bytes for one in survey_devices() if one.id == device), 0)


def release_device_memory() -> None:
    """Give unused device memory back to the system."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


def _describe_cuda() -> DeviceInfo:
    import torch

    if not torch.backends.cuda.is_built():
        return DeviceInfo("cuda", "CUDA", False, 0, "this build of torch has no CUDA support")
    if not torch.cuda.is_available():
        return DeviceInfo("cuda", "CUDA", False, 0, "no NVIDIA graphics processor was found")
    try:
        name, memory = torch.cuda.get_device_name(0), torch.cuda.mem_get_info(0)[1]
        torch.ones(2, device="cuda").sum().item()
    except RuntimeError as error:
        return DeviceInfo("cuda", "CUDA", False, 0, f"it failed a small test: {error}"[:300])
    return DeviceInfo("cuda", name, True, memory)


def _describe_mps() -> DeviceInfo:
    import torch

    name = "Apple graphics processor"
    if not torch.backends.mps.is_available():
        return DeviceInfo("mps", name, False, 0, "no Apple graphics processor was found")
    try:
        torch.ones(2, device="mps").sum().item()
    except RuntimeError as error:
        return DeviceInfo("mps", name, False, 0, f"it failed a small test: {error}"[:300])
    return DeviceInfo("mps", name, True, int(torch.mps.recommended_max_memory()))


@cache
def _first_thread_count() -> int:
    import torch

    return torch.get_num_threads()
