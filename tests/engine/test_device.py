import sys
import types

import pytest
import torch

from superlens.core.errors import OutOfMemory
from superlens.core.jobs import DeviceChoice
from superlens.engine import device
from superlens.engine.device import (
    choose_device,
    describe_cpu,
    device_memory_bytes,
    memory_errors_translated,
    release_device_memory,
    survey_devices,
)


def test_first_device_of_the_survey_is_usable_and_is_what_auto_means():
    best = survey_devices()[0]

    assert best.is_usable
    assert choose_device(DeviceChoice.AUTO).id == best.id


def test_every_unusable_device_has_a_reason():
    for found in survey_devices():
        assert found.is_usable or found.reason


def test_cpu_is_described_with_cores_and_memory():
    cpu = describe_cpu()

    assert "core" in cpu.name
    assert cpu.memory_bytes > 1e8


def test_cpu_asked_for_needs_no_reason():
    assert choose_device(DeviceChoice.CPU).text == describe_cpu().name


@pytest.mark.skipif(torch.cuda.is_available(), reason="has CUDA")
def test_missing_device_becomes_the_cpu_with_the_reason():
    chosen = choose_device(DeviceChoice.CUDA)

    assert chosen.id == "cpu"
    assert chosen.reason.startswith("cuda was asked for, but ")


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_device_that_fails_a_small_test_is_not_used(name, monkeypatch):
    def fail(*args, **options):
        raise RuntimeError("no kernel image is available")

    monkeypatch.setattr(torch.backends.cuda, "is_built", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: "Old card")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda index: (1, 2))
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch, "ones", fail)

    found = device._describe_cuda() if name == "cuda" else device._describe_mps()

    assert not found.is_usable
    assert "no kernel image" in found.reason


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        MemoryError("Unable to allocate 5 GiB for an array"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("cuDNN error: CUDNN_STATUS_NOT_SUPPORTED"),
        RuntimeError("GET was unable to find an engine to execute this computation"),
        RuntimeError("MPS backend out of memory (MPS allocated: 8.00 GB)"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate`"),
    ],
)
def test_whatever_says_that_memory_ended_becomes_out_of_memory(error):
    with pytest.raises(OutOfMemory) as caught, memory_errors_translated():
        raise error

    assert str(error) in caught.value.detail


def test_real_allocation_that_cannot_work_becomes_out_of_memory():
    with pytest.raises(OutOfMemory), memory_errors_translated():
        torch.empty(1 << 50, dtype=torch.float64)


def test_other_errors_pass():
    with pytest.raises(RuntimeError, match="sizes do not match"), memory_errors_translated():
        raise RuntimeError("sizes do not match")


def test_releasing_memory_works_without_accelerators():
    release_device_memory()

    assert device_memory_bytes() >= 0


def test_half_imported_torch_holds_no_memory(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", types.ModuleType("torch"))

    assert device_memory_bytes() == 0
