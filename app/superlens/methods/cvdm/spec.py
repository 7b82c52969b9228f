"""What is known of CVDM without importing torch."""

from superlens.core.method import (
    Citation,
    Claim,
    DataNeeded,
    Determinism,
    MethodSpec,
    Precision,
    Preset,
    SampleKind,
    Sampling,
    Task,
    Tiling,
)
from superlens.methods.cvdm.parameters import PRESETS, CvdmRestoreParams, CvdmTrainParams

SAMPLES = 16
"""So many give a standard deviation that is right to about 18 %."""

CVDM = MethodSpec(
    id="cvdm",
    title="CVDM",
    tasks=frozenset({Task.TRAIN, Task.RESTORE, Task.SAMPLE}),
    data_needed=DataNeeded.PAIRS,
    scales=(1, 2, 4),
    channels=range(1, 2),
    train_params=CvdmTrainParams,
    restore_params=CvdmRestoreParams,
    tiling=Tiling.INTERNAL,
    # Of the preset `standard` at scale 1; a loaded network says what it needs itself.
    multiple=16,
    halo=224,
    claim=Claim.POSTERIOR,
    sampling=Sampling(
        kind=SampleKind.POSTERIOR,
        label="Uncertainty over samples",
        meaning=(
            "How much the answers differ that fit the image equally well, as learnt from the "
            "training images; it does not cover structures that those did not show."
        ),
        default=SAMPLES,
    ),
    determinism=Determinism.SAME_DEVICE_AND_THREADS,
    source=Citation(
        authors="della Maggiora G., Croquevielle L. A., Deshpande N., Horsley H., Heinis T., "
        "Yakimovich A.",
        title="Conditional variational diffusion models",
        journal="International Conference on Learning Representations",
        year=2024,
        doi="10.48550/arXiv.2312.02246",
    ),
    runtime="superlens.methods.cvdm.runtime:Cvdm",
    precisions=(Precision.FP32, Precision.BF16),
    presets=tuple(Preset(name, params) for name, params in PRESETS.items()),
)
