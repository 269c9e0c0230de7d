"""How fast and how lean portraits are made: ``python -m benchmarks.photo [--small] [--memory-photos N]`` prints JSON.

Ratios of one run on one thread: the whole route over the least any program must do (decode at a reduced scale, one
resize to the portrait, one encode); two workers over one; memory of a child after many photos.
"""

import argparse
import io
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from cardsvc.capture.normalise import normalise
from cardsvc.capture.pool import PhotoPool
from cardsvc.domain.profiles import load_profile

GUIZHOU = load_profile("guizhou")
PORTRAITS = Path(__file__).resolve().parents[1] / "var" / "portraits"


def photo(megapixels: float, name: str = "obama.jpg") -> bytes:
    """Return a portrait enlarged to so many million pixels, with a camera's grain, as JPEG of quality 92."""
    with Image.open(PORTRAITS / name) as source:
        rgb = source.convert("RGB")
    scale = (megapixels * 1e6 / (rgb.width * rgb.height)) ** 0.5
    large = np.asarray(rgb.resize((round(rgb.width * scale), round(rgb.height * scale)), Image.Resampling.BICUBIC))
    grain = np.random.default_rng(1).normal(0, 3, large.shape[:2]).astype(np.float32)[..., None]
    noisy = np.clip(large + grain, 0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(noisy).save(out, "JPEG", quality=92)
    return out.getvalue()


def least(data: bytes) -> bytes:
    """Return the file decoded as small as allowed, resized and encoded: what cannot be saved."""
    image = Image.open(io.BytesIO(data))
    share = 358 / image.width
    image.draft("RGB", (358, round(image.height * share)))
    out = io.BytesIO()
    image.resize((358, 441), Image.Resampling.LANCZOS).save(out, "JPEG", quality=90, dpi=(350, 350))
    return out.getvalue()


def median_ms(work: Callable[[bytes], object], data: bytes, rounds: int) -> float:
    """Return the median time of ``work`` in milliseconds."""
    work(data)
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work(data)
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def photos_a_second(workers: int, data: bytes, count: int) -> float:
    """Return how many photos ``workers`` children make a second, their start not counted."""
    with PhotoPool(workers) as pool:
        for warm in [pool.start(data, GUIZHOU) for _ in range(workers * 2)]:
            warm.result()
        start = time.perf_counter()
        for made in [pool.start(data, GUIZHOU) for _ in range(count)]:
            made.result()
        return count / (time.perf_counter() - start)


def resident_mb() -> float:
    """Return this process's resident memory in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def memory(count: int) -> dict[str, float]:
    """Return resident memory after a tenth of ``count`` photos and after all of them."""
    files = [photo(1.5, name) for name in ("obama.jpg", "biden.jpg")]
    early = 0.0
    for index in range(count):
        normalise(files[index % 2], GUIZHOU)
        if index == count // 10:
            early = resident_mb()
    return {"photos": count, "mb_after_a_tenth": round(early), "mb_in_the_end": round(resident_mb())}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="one round of small pictures: only whether it runs")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--memory-photos", type=int, default=200)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    rounds = 1 if options.small else options.rounds
    figures: dict[str, object] = {"rounds": rounds, "one_thread": True}
    for label, megapixels in (("12mp", 2.0 if options.small else 12.0), ("50mp", 3.0 if options.small else 50.0)):
        data = photo(megapixels)
        route = median_ms(lambda file: normalise(file, GUIZHOU), data, rounds)
        floor = median_ms(least, data, rounds)
        figures[label] = {"route_ms": round(route, 1), "least_ms": round(floor, 1), "ratio": round(route / floor, 2)}
    data = photo(2.0)
    count = 4 if options.small else 60
    one, two = (photos_a_second(workers, data, count) for workers in (1, 2))
    figures["two_workers_over_one"] = {"one": round(one, 1), "two": round(two, 1), "ratio": round(two / one, 2)}
    figures["memory"] = memory(10 if options.small else options.memory_photos)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
