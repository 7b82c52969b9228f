"""Judges averaged networks on the fixed validation pairs: errors at levels, and by samples."""

from dataclasses import dataclass

import numpy as np
import torch

from superlens.core.method import Array, Batch, ImageJob, Run, TrainingData
from superlens.methods.cvdm.canvas import sample_image
from superlens.methods.cvdm.diffusion import REMAINDER_UNIT, Diffusion, noisy
from superlens.methods.cvdm.parameters import CvdmRestoreParams
from superlens.methods.cvdm.pieces import ArrayReader, ArraySink
from superlens.methods.cvdm.sampling import CLEANEST_LOG_SNR, NOISIEST_LOG_SNR
from superlens.methods.cvdm.schedule import level_of_log_snr
from superlens.methods.cvdm.units import enlarged_patch, picture_of, target_of
from superlens.quality.fidelity import psnr_affine

SAMPLES = 4
NOMINAL_COVERAGE = (SAMPLES - 1) / (SAMPLES + 1)
"""How often the truth lies between the least and the largest sample where it is one of them."""
_MOST_PATCHES = 8
_LEVELS = 8
_DOMAIN = 0x76616C69


@dataclass(frozen=True, slots=True)
class _Pair:
    low: Array
    high: Array


class Validation:
    """The middles of the validation pairs, and everything that is measured on them."""

    def __init__(self, data: TrainingData, patch: int, run: Run) -> None:
        self._scale = data.scale
        self._run = run
        self._pairs = [
            pair for batch in data.validation() for pair in _middles(batch, patch, data.scale)
        ][:_MOST_PATCHES]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to judge by."""
        return not self._pairs

    @torch.inference_mode()
    def noise_error(self, network: Diffusion) -> float:
        """Give the mean squared error of the noise, even in log-SNR; noise is always the same."""
        shape, device = network.shape, self._run.device
        found: list[float] = []
        for number, pair in enumerate(self._pairs):
            self._run.check()
            enlarged = enlarged_patch(torch.from_numpy(pair.low[None]), self._scale)
            target = target_of(enlarged, torch.from_numpy(pair.high[None]), shape).to(device)
            picture = picture_of(enlarged).to(device)
            condition = picture
            if network.mean is not None:
                mean = network.mean_of(picture)
                target = (target - mean) / REMAINDER_UNIT
                condition = torch.cat([picture, mean], 1)
            log_snrs = torch.linspace(NOISIEST_LOG_SNR, CLEANEST_LOG_SNR, _LEVELS, device=device)
            level = level_of_log_snr(log_snrs.reshape(-1, 1, 1, 1))
            generator = torch.Generator().manual_seed(_DOMAIN + number)
            noise = torch.randn((_LEVELS, *target.shape[1:]), generator=generator).to(device)
            condition = condition.expand(_LEVELS, -1, -1, -1)
            estimate = network.estimate(noisy(target, noise, level), condition, level)
            found.append(float(((estimate.noise - noise) ** 2).mean()))
        return float(np.mean(found))

    def by_samples(self, network: Diffusion) -> dict[str, float]:
        """Draw a few samples of every patch, show some, and say how good and how honest they are.

        Returns:
            `validation_psnr_affine` of the mean; `validation_spread_over_error`, 1 where the spread
            is as large as the error; `validation_coverage`: how often the truth lies between the
            samples, 0.6 where it could be one of them.
        """
        psnrs: list[float] = []
        inside: list[float] = []
        variance, error = 0.0, 0.0
        for number, pair in enumerate(self._pairs):
            samples = self._samples(network, pair)
            mean = samples.mean(0)
            if np.ptp(pair.high) > 0:
                psnrs += [psnr_affine(m, t) for m, t in zip(mean, pair.high, strict=True)]
            variance += float(samples.var(0, ddof=1).mean()) * (1 + 1 / SAMPLES)
            error += float(((mean - pair.high) ** 2).mean())
            between = (samples.min(0) <= pair.high) & (pair.high <= samples.max(0))
            inside.append(float(between.mean()))
            if number == 0:
                row = [mean[0], samples[0, 0], pair.high[0]]
                self._run.preview("mean | sample | truth", np.concatenate(row, axis=1))
        found = {
            "validation_spread_over_error": float(np.sqrt(variance / max(error, 1e-30))),
            "validation_coverage": float(np.mean(inside)),
        }
        return found | ({"validation_psnr_affine": float(np.mean(psnrs))} if psnrs else {})

    def _samples(self, network: Diffusion, pair: _Pair) -> Array:
        channels, height, width = pair.high.shape
        samples = range(SAMPLES)
        sink = ArraySink(samples, (channels, height, width))
        # Room for all samples at once: a patch is far smaller than what fits into memory.
        job = ImageJob(samples, 2 * SAMPLES * max(pair.low.shape), CvdmRestoreParams())
        sample_image(network, ArrayReader(pair.low), sink, job, self._run)
        return sink.images


def _middles(batch: Batch, patch: int, scale: int) -> list[_Pair]:
    height, width = batch.low.shape[-2:]
    side = min(patch, height, width)
    top, left = (height - side) // 2, (width - side) // 2
    low = batch.low[..., top : top + side, left : left + side]
    rows, columns = slice(top * scale, None), slice(left * scale, None)
    high = batch.high[..., rows, columns][..., : side * scale, : side * scale]
    return [_Pair(one, truth) for one, truth in zip(low, high, strict=True)]
