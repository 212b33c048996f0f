"""Charts as inline SVG: small panels of one size, drawn by matplotlib, titled and described for readers who listen.

Text stays text. Nothing in the SVG depends on the date, the machine or earlier charts.
"""

from __future__ import annotations

import html
import io
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sinos.report import format as fmt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe & Ito (2008): told apart with every common kind of colour blindness
COLOURS = {
    "market": "#56B4E9",
    "network": "#009E73",
    "quasi_hierarchy": "#D55E00",
    "hierarchy": "#CC79A7",
    "undetermined": "#6B6B6B",
    "up": "#0072B2",
    "flat": "#C9C9C9",
    "down": "#E69F00",
    "not_observable": "#FFFFFF",
    "high": "#0072B2",
    "middle": "#C9C9C9",
    "low": "#E69F00",
    "ink": "#1F2933",
    "first": "#0072B2",
    "second": "#D55E00",
}
HATCHES = {"down": "////", "not_observable": "\\\\\\", "low": "////"}
GRID, QUIET = "#E2E5E9", "#5B6670"
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "sinos",
    "font.family": ["DejaVu Sans"],
    "font.size": 8.0,
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.edgecolor": "#9AA5B1",
    "axes.labelcolor": QUIET,
    "axes.axisbelow": True,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.major.size": 3.0,
    "ytick.major.size": 0.0,
    "hatch.linewidth": 0.6,
}
PANEL = (3.7, 2.45)
_EMPTY_GROUP = re.compile(r'<g id="([^"]+)">')


@dataclass(frozen=True)
class Series:
    """Numbers through time, with the band of their uncertainty if there is one."""

    label: str
    colour: str
    values: Sequence[float | None]
    low: Sequence[float | None] = ()
    high: Sequence[float | None] = ()
    dashed: bool = False


def svg(
    draw: Callable[[Axes], None], *, id: str, title: str, description: str, size: tuple[float, float] = PANEL
) -> str:
    """Draw on new axes and return the SVG element as text, with its own ids, title and description."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.add_subplot()
        draw(axes)
        axes.set_title(fmt.name(title, 56), loc="left", fontsize=8.5, fontweight="bold", color=COLOURS["ink"], pad=8)
        buffer = io.StringIO()
        # the canvas is asked directly: Figure.savefig would draw everything twice
        canvas: Any = FigureCanvasSVG(figure)
        canvas.print_svg(buffer, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return _inline(buffer.getvalue(), id, title, description)


def _inline(text: str, id: str, title: str, description: str) -> str:
    body = text[text.index("<svg") :].strip()
    head, _, rest = body.partition(">")
    box = re.search(r'viewBox="[^"]+"', head)
    rest = re.sub(r"<metadata>.*?</metadata>\s*", "", rest, flags=re.DOTALL)
    used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', rest))
    rest = _EMPTY_GROUP.sub(lambda match: match.group() if match.group(1) in used else "<g>", rest)
    rest = re.sub(r'(url\(#|href="#| id=")([^")]+)', rf"\g<1>{id}-\g<2>", rest)
    # coordinates are cut to what can be seen; text between tags is what the reader reads, and stays whole
    rest = re.sub(r"<[^>]+>", lambda tag: re.sub(r"(\d\.\d{2})\d{2,}", r"\1", tag.group()), rest)
    rest = re.sub(r"\s+", " ", re.sub(r"<style.*?</style>", "", rest, flags=re.DOTALL)).replace("> <", "><")
    label = f'<title id="{id}-title">{html.escape(title)}</title><desc id="{id}-desc">{html.escape(description)}</desc>'
    return (
        f'<svg xmlns:xlink="http://www.w3.org/1999/xlink" {box.group() if box else ""} role="img" '
        f'aria-labelledby="{id}-title {id}-desc">{label}{rest}'
    )


def describe(years: Sequence[int], series: Sequence[Series], written: Callable[[float], str]) -> str:
    """Return what a chart through time shows, in words."""
    parts = []
    for item in series:
        points = [(year, value) for year, value in zip(years, item.values, strict=True) if value is not None]
        if points:
            (first, begin), (last, end) = points[0], points[-1]
            parts.append(f"{item.label}: {written(begin)} in {first}, {written(end)} in {last}")
    return "; ".join(parts) + "." if parts else "No values."


def lines(axes: Axes, years: Sequence[int], series: Sequence[Series], *, share: bool = False) -> None:
    """Draw series through time, broken where there is no value, each labelled at its end."""
    ends = []
    for item in series:
        _line(axes, years, item)
        points = [(x, y) for x, y in zip(years, item.values, strict=True) if y is not None]
        if points:
            ends.append((*points[-1], item))
    _year_axis(axes, years)
    _value_axis(axes, share)
    if not share:
        _whole_ticks(axes, [value for item in series for value in item.values])
    if len(series) > 1:
        _end_labels(axes, ends)


def _line(axes: Axes, years: Sequence[int], item: Series) -> None:
    values = [math.nan if value is None else value for value in item.values]
    colour = COLOURS.get(item.colour, item.colour)
    alone = [
        year
        for index, year in enumerate(years)
        if not math.isnan(values[index])
        and (index == 0 or math.isnan(values[index - 1]))
        and (index == len(years) - 1 or math.isnan(values[index + 1]))
    ]
    if item.low and item.high:
        low = [math.nan if value is None else value for value in item.low]
        high = [math.nan if value is None else value for value in item.high]
        axes.fill_between(years, low, high, color=colour, alpha=0.22, linewidth=0)
        for year in alone:
            index = list(years).index(year)
            axes.plot([year, year], [low[index], high[index]], color=colour, alpha=0.5, linewidth=2.5)
    axes.plot(years, values, color=colour, linewidth=1.6, linestyle="--" if item.dashed else "-")
    axes.plot(alone, [values[list(years).index(year)] for year in alone], "o", color=colour, markersize=4)


def _end_labels(axes: Axes, ends: list[tuple[int, float, Series]]) -> None:
    """Write each series' name right of its last point, kept apart by at least one line of text."""
    bottom, top = axes.get_ylim()
    gap = (top - bottom) * 0.11
    placed = bottom - gap
    for x, y, item in sorted(ends, key=lambda end: (end[1], end[2].label)):
        placed = max(y, placed + gap)
        axes.annotate(
            fmt.name(item.label, 26),
            (x, placed),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=7.5,
            color=COLOURS["ink"],
            annotation_clip=False,
        )


def columns(
    axes: Axes, years: Sequence[int], values: Sequence[float | None], partial: Sequence[int], unit: str
) -> None:
    """Draw one amount per year as columns; years that are covered in part are hatched."""
    for year, value in zip(years, values, strict=True):
        if value is not None:
            part = year in partial
            axes.bar(
                year,
                value,
                width=0.72,
                color="#FFFFFF" if part else COLOURS["first"],
                edgecolor=COLOURS["first"],
                hatch="////" if part else None,
                linewidth=0.8,
            )
    _year_axis(axes, years)
    _value_axis(axes, False)
    axes.set_ylabel(unit)


def stack(axes: Axes, years: Sequence[int], parts: Sequence[tuple[str, Sequence[float]]]) -> None:
    """Draw shares of a whole per year, bottom to top in the given order."""
    base = [0.0] * len(years)
    for code, values in parts:
        axes.bar(
            list(years),
            list(values),
            bottom=base,
            width=0.8,
            color=COLOURS[code],
            edgecolor="#7A8590" if code == "not_observable" else COLOURS["ink"] if code in HATCHES else COLOURS[code],
            hatch=HATCHES.get(code),
            linewidth=0.4,
        )
        base = [one + other for one, other in zip(base, values, strict=True)]
    _year_axis(axes, years)
    _value_axis(axes, True)


def histogram(axes: Axes, counts: Sequence[int | None], edges: Sequence[float], xlabel: str, ylabel: str) -> None:
    """Draw counts by class of a share; classes without a count (withheld) are marked with a cross."""
    highest = max((value for value in counts if value), default=1)
    for value, left, right in zip(counts, edges[:-1], edges[1:], strict=True):
        middle, width = (left + right) / 2, (right - left) * 0.9
        if value is None:
            axes.text(middle, highest * 0.02, fmt.WITHHELD, ha="center", color=QUIET)
        else:
            axes.bar(middle, value, width=width, color=COLOURS["first"])
    axes.set_xlim(edges[0], edges[-1])
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.grid(axis="y", color=GRID, linewidth=0.7)
    if edges[-1] == 1.0:
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "25", "50", "75", f"100{fmt.THIN}%"])
    _whole_ticks(axes, counts)


def plane(axes: Axes, points: Sequence[tuple[float, float, float, str]]) -> None:
    """Draw relations on the two axes of governance: explicit coordination and power asymmetry."""
    markers = {"market": "o", "network": "s", "quasi_hierarchy": "^", "hierarchy": "D", "undetermined": "o"}
    largest = max((value for _, _, value, _ in points), default=1.0) or 1.0
    for x, y, value, form in sorted(points, key=lambda point: (-point[2], point[0], point[1], point[3])):
        axes.scatter(
            [x],
            [y],
            s=8 + 150 * value / largest,
            marker=markers.get(form, "o"),
            facecolor="none" if form == "undetermined" else COLOURS.get(form, COLOURS["ink"]),
            edgecolor=COLOURS.get(form, COLOURS["ink"]) if form == "undetermined" else "#FFFFFF",
            linewidth=0.6,
            alpha=0.8,
        )
    axes.axhline(0, color="#9AA5B1", linewidth=0.8)
    axes.set_xlim(-0.03, 1.03)
    reach = min(1.1, max(0.5, *(1.2 * abs(y) for _, y, _, _ in points), 0.0))
    axes.set_ylim(-reach, reach)
    axes.set_xlabel("explicit coordination (index, 0 to 1)")
    axes.set_ylabel("power asymmetry\n(−1 supplier, +1 buyer)")
    axes.grid(color=GRID, linewidth=0.7)


def _year_axis(axes: Axes, years: Sequence[int]) -> None:
    first, last = min(years), max(years)
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 1000) if (last - first) / s <= 7)
    ticks = [year for year in range(first, last + 1) if year % step == 0] or [first]
    axes.set_xlim(first - 0.6, last + 0.6)
    axes.set_xticks(ticks, [str(year) for year in ticks])


def _value_axis(axes: Axes, share: bool) -> None:
    axes.grid(axis="y", color=GRID, linewidth=0.7)
    if share:
        axes.set_ylim(0, 1.02)
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", f"100{fmt.THIN}%"])
    else:
        axes.set_ylim(bottom=0)


def _whole_ticks(axes: Axes, values: Sequence[float | None]) -> None:
    """Put ticks at whole numbers where all values are counts, and leave room above the highest."""
    from matplotlib.ticker import MaxNLocator

    known = [value for value in values if value is not None]
    whole = all(float(value).is_integer() for value in known)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=whole))
    axes.set_ylim(0, max([*known, axes.get_ylim()[1], 1.0 if whole else 0.0]) * 1.04)
