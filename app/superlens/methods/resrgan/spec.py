"""What is known of RESRGAN without importing torch."""

from superlens.core.method import (
    Citation,
    Claim,
    DataNeeded,
    Determinism,
    MethodSpec,
    Precision,
    Preset,
    Task,
    Tiling,
)
from superlens.methods.flip_sampling import FLIP_SAMPLING
from superlens.methods.resrgan.parameters import PRESETS, ResrganRestoreParams, ResrganTrainParams

RESRGAN = MethodSpec(
    id="resrgan",
    title="RESRGAN",
    tasks=frozenset({Task.TRAIN, Task.RESTORE, Task.SAMPLE}),
    data_needed=DataNeeded.PAIRS,
    scales=(1, 2, 4),
    channels=range(1, 2),
    train_params=ResrganTrainParams,
    restore_params=ResrganRestoreParams,
    tiling=Tiling.SUPPORTED,
    multiple=4,
    halo=32,
    claim=Claim.SINGLE_ANSWER,
    sampling=FLIP_SAMPLING,
    determinism=Determinism.SAME_DEVICE_AND_THREADS,
    source=Citation(
        authors="Wang X., Xie L., Dong C., Shan Y.",
        title="Real-ESRGAN: training real-world blind super-resolution with pure synthetic data",
        journal="IEEE/CVF International Conference on Computer Vision Workshops",
        year=2021,
        doi="10.1109/ICCVW54120.2021.00217",
    ),
    runtime="superlens.methods.resrgan.runtime:Resrgan",
    precisions=(Precision.FP32, Precision.BF16),
    presets=tuple(Preset(name, params) for name, params in PRESETS.items()),
)
