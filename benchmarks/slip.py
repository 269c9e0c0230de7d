"""How long one slip takes, for a common and a rare name: ``python -m benchmarks.slip`` prints JSON."""

import argparse
import json
import statistics
import time

from cardsvc.slips.fonts import FontChain
from cardsvc.slips.information_slip import SlipData, render_information_slip
from tests.slips.papers import slip


def median_ms(data: SlipData, fonts: FontChain, rounds: int) -> float:
    """Return the median of ``rounds`` renderings in milliseconds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        render_information_slip(data, fonts)
        times.append((time.perf_counter() - start) * 1000)
    return round(statistics.median(times), 1)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    rounds = parser.parse_args().rounds
    common, rare = slip(holder_name="王小明"), slip(holder_name="䶮𬱖𠅤㛃龘")
    start = time.perf_counter()
    fonts = FontChain.discover()
    render_information_slip(common, fonts)
    first = time.perf_counter()
    render_information_slip(rare, fonts)
    first_rare = time.perf_counter()
    figures = {
        "rounds": rounds,
        "first_slip_ms": round((first - start) * 1000, 1),
        "first_rare_slip_ms": round((first_rare - first) * 1000, 1),
        "common_median_ms": median_ms(common, fonts, rounds),
        "rare_median_ms": median_ms(rare, fonts, rounds),
        "common_bytes": len(render_information_slip(common, fonts).pdf),
        "rare_bytes": len(render_information_slip(rare, fonts).pdf),
        "fonts": [path.name for path in fonts.files],
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
