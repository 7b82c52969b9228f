"""What is known of Pix2Pix without importing torch."""

from superlens.core.method import (
    Citation,
    Claim,
    DataNeeded,
    Determinism,
    MethodSpec,
    Preset,
    Task,
    Tiling,
)
from superlens.methods.flip_sampling import FLIP_SAMPLING
from superlens.methods.pix2pix.parameters import PRESETS, Pix2PixRestoreParams, Pix2PixTrainParams

PIX2PIX = MethodSpec(
    id="pix2pix",
    title="Pix2Pix",
    tasks=frozenset({Task.TRAIN, Task.RESTORE, Task.SAMPLE}),
    data_needed=DataNeeded.PAIRS,
    scales=(1, 2, 4, 8, 16),
    channels=range(1, 17),
    train_params=Pix2PixTrainParams,
    restore_params=Pix2PixRestoreParams,
    tiling=Tiling.SUPPORTED,
    # Of the deepest network at scale 1; a loaded network says what it needs itself (`tile_needs`).
    multiple=256,
    halo=770,
    claim=Claim.SINGLE_ANSWER,
    sampling=FLIP_SAMPLING,
    determinism=Determinism.SAME_DEVICE_AND_THREADS,
    source=Citation(
        authors="Isola P., Zhu J.-Y., Zhou T., Efros A. A.",
        title="Image-to-image translation with conditional adversarial networks",
        journal="IEEE Conference on Computer Vision and Pattern Recognition",
        year=2017,
        doi="10.1109/CVPR.2017.632",
    ),
    runtime="superlens.methods.pix2pix.runtime:Pix2Pix",
    presets=tuple(Preset(name, params) for name, params in PRESETS.items()),
)
