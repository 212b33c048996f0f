"""Chilean plants against published numbers: `python benchmarks/chilean_plants.py FILE [draws]`."""

from __future__ import annotations

import sys
import time

import polars as pl

from sinos.upgrading import productivity

PUBLISHED = (
    ("op", "inv", "system", (0.314, 0.256, 0.168)),
    ("lp", "pX", "system", (0.199, 0.169, 0.117)),
    ("wooldridge", "pX", "stacked", (0.246, 0.214, 0.145)),
    ("wooldridge", "inv", "stacked", (0.375, 0.309, 0.180)),
    ("wooldridge", "pX", "tied", (0.247, 0.217, 0.058)),
    ("wooldridge", "pX", "single", (0.255, 0.218, 0.160)),
    ("wooldridge", "pX", "system", None),
    ("acf", "pX", "system", (0.646, 0.644, 0.251)),
)


def main() -> None:
    plants = pl.read_csv(sys.argv[1]).with_columns(pl.col("idvar", "timevar").cast(pl.Int64))
    draws = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    for method, proxy, variant, published in PUBLISHED:
        start = time.perf_counter()
        found = productivity(
            plants, method=method, output="Y", free=["fX1", "fX2"], state=["sX"], proxy=[proxy],  # type: ignore[arg-type]
            supplier="idvar", year="timevar", logs=True, variant=variant, bootstrap=draws,  # type: ignore[arg-type]
        )  # fmt: skip
        table = found.frame("coefficients")
        ours = ", ".join(f"{b:.3f} ({e:.3f})" for b, e in table.select("estimate", "std_error").iter_rows())
        print(f"{method} {variant} {proxy}: {ours}; published {published}; {time.perf_counter() - start:.1f} s")
        if method == "acf":
            print(found.frame("minima"))


if __name__ == "__main__":
    main()
