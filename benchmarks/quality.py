"""Time and memory of quality residuals: `python benchmarks/quality.py [rows]` (1,000,000 by default)."""

from __future__ import annotations

import resource
import sys
import time

import numpy as np
import polars as pl

from sinos.upgrading.estimators.quality import quality


def cells(rows: int, seed: int = 1) -> pl.DataFrame:
    """Supplier x product x destination x year: 10 years, 40 destinations, 3,000 products."""
    draw = np.random.default_rng(seed)
    keys = pl.DataFrame({
        "supplier": draw.integers(0, rows // 20, rows), "product": 100_000 + draw.integers(0, 3000, rows),
        "destination": draw.integers(0, 40, rows), "year": 2000 + draw.integers(0, 10, rows),
        "quantity": np.exp(draw.normal(size=rows)), "price": np.exp(draw.normal(size=rows)),
    }).unique(["supplier", "product", "destination", "year"], maintain_order=True)  # fmt: skip
    return keys.with_columns(
        pl.col("supplier", "product", "destination").cast(pl.String),
        quantity_value=pl.col("quantity") * pl.col("price"),
    )


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    frame = cells(rows)
    sigma = pl.DataFrame({"product": ["1"], "sigma": [3.0]})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    for effects in ("product", "cell"):
        start, busy = time.perf_counter(), time.process_time()
        result = quality(frame, sigma, effects=effects)  # type: ignore[arg-type]
        seconds, cpu = time.perf_counter() - start, time.process_time() - busy
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(
            f"{effects}: {frame.height:,} rows, {seconds:.1f} s (CPU {cpu:.1f}), "
            f"peak {peak:.2f} GB, before {before:.2f}"
        )
        print(f"  rows with a quality: {result.frame('quality').height:,}")


if __name__ == "__main__":
    main()
