"""The sides of `files.py` that bioio takes; run by the Python of its own environment."""

import json
import resource
import sys
import time


def main() -> None:
    """Read what `plane` or `region` says with bioio and print seconds and memory."""
    case, path = sys.argv[1:]
    began = time.perf_counter()
    from bioio import BioImage

    image = BioImage(path)
    if case == "plane":
        pixels = image.get_image_dask_data("YX", T=0, C=0, Z=0).compute()
    else:
        side = int(path.rpartition("pyramid-")[2].partition(".")[0])
        plane = image.get_image_dask_data("YX", T=0, C=0, Z=0)
        corner = (plane.shape[0] - side) // 2
        pixels = plane[corner : corner + side, corner : corner + side].compute()
    seconds = time.perf_counter() - began
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    figures = {
        "seconds": seconds,
        "cpu_seconds": time.process_time(),
        "peak_memory_mib": peak_kib / 1024,
    }
    print(json.dumps({**figures, "checksum": float(pixels.mean())}))


if __name__ == "__main__":
    main()
