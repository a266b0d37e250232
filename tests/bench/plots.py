"""Pictures of the results: bars with the range of their rounds, as plain SVG."""

from collections.abc import Sequence
from html import escape

from tests.bench.results import Spread

Bar = tuple[str, Spread, str]  # title, value, colour
OURS, OTHERS = "#d9480f", "#748ffc"
_WIDTH, _LEFT, _RIGHT, _ROW, _TOP = 760, 250, 110, 30, 44


def bars(title: str, unit: str, shown: Sequence[Bar]) -> str:
    """One horizontal bar each, as long as its median; the thin line goes from the least to the greatest."""
    most = max(spread.greatest for _, spread, _ in shown) or 1.0
    scale = (_WIDTH - _LEFT - _RIGHT) / most
    height = _TOP + _ROW * len(shown) + 8
    body = "".join(_bar(number, bar, scale) for number, bar in enumerate(shown))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        f'font-family="Helvetica, Arial, sans-serif" font-size="13">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n'
        f'<text x="12" y="24" font-size="15" font-weight="bold">{escape(title)}</text>'
        f'<text x="{_WIDTH - 12}" y="24" text-anchor="end" fill="#666">{escape(unit)}</text>\n{body}</svg>\n'
    )


def _bar(number: int, bar: Bar, scale: float) -> str:
    title, spread, colour = bar
    top = _TOP + _ROW * number
    middle, end = top + _ROW * 0.4, _LEFT + spread.greatest * scale
    low, high = (_LEFT + value * scale for value in (spread.least, spread.greatest))
    return (
        f'<text x="{_LEFT - 8}" y="{middle + 5:.0f}" text-anchor="end">{escape(title)}</text>'
        f'<rect x="{_LEFT}" y="{top}" width="{max(spread.median * scale, 1):.1f}" height="{_ROW * 0.8:.0f}" '
        f'fill="{colour}"/>'
        f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{middle:.1f}" y2="{middle:.1f}" stroke="black"/>'
        f'<text x="{end + 8:.0f}" y="{middle + 5:.0f}">{_short(spread.median)}</text>\n'
    )


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
