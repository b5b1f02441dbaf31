"""What all staves share of a bar: number, repeats, endings and the barline."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from clamp3_plugin.readers.musescore.timeline import Item, read_staff
from clamp3_plugin.readers.musicxml.parse import Element
from clamp3_plugin.readers.musicxml.values import whole


@dataclass(slots=True)
class Bar:
    """A bar as the first staff of the score has it, which is where MuseScore says these things."""

    number: str
    length: Fraction
    opens_repeat: bool = False
    closes_repeat: bool = False
    style: str = ""
    """Of the barline, as MuseScore names it."""
    ending: str = ""
    """Numbers of the ending that begins here."""
    ending_stops: str = ""
    """Numbers of the ending that stops here."""


def bars_of(
    staves: Sequence[Sequence[Element]], lengths: Sequence[Fraction], *, end_drawn: bool
) -> list[Bar]:
    """Read the bars of the first staff, and barlines from any that has them.

    ``end_drawn`` tells that MuseScore draws a final barline without writing it, as 3 and 4 do.
    """
    staff = read_staff(list(staves[0]), list(lengths)) if staves else []
    bars: list[Bar] = []
    count = irregular = 0
    open_endings: list[str] = []
    for i, measure in enumerate(staff):
        element = measure.element
        count += whole(element.findtext("noOffset"), 0, -10_000, 10_000)
        if element.find("irregular") is not None:
            irregular += bool(bars)
            number = f"X{irregular}" if bars else "0"
        else:
            count += 1
            number = str(count)
        bar = Bar(number, measure.length)
        bar.opens_repeat = element.find("startRepeat") is not None
        bar.closes_repeat = element.find("endRepeat") is not None
        bars.append(bar)
        for item in measure.items:
            if item.tag == "Volta":
                _ending(item, bars, i, open_endings)
    for others in staves:
        for bar, element in zip(bars, others, strict=False):
            bar.style = bar.style or _style(element)
    if end_drawn and bars and not (bars[-1].style or bars[-1].ending_stops):
        bars[-1].style = "end"
    return bars


def _style(measure: Element) -> str:
    sign = measure.find("voice/BarLine")
    if sign is None:
        sign = measure.find("BarLine")
    return (sign.findtext("subtype") or "normal").strip() if sign is not None else ""


def _ending(item: Item, bars: list[Bar], i: int, open_endings: list[str]) -> None:
    if item.edge == "start":
        numbers = (item.element.findtext("endings") or "1").strip()
        bars[i].ending = numbers
        open_endings.append(numbers)
    elif open_endings:
        last = i if item.start else i - 1
        bars[max(0, last)].ending_stops = open_endings.pop(0)
