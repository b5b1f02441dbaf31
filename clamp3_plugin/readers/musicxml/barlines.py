"""Barlines, repeats and endings."""

from dataclasses import dataclass

from clamp3_plugin.readers.musicxml.parse import Element

_STYLES = {"light-light": "||", "light-heavy": "|]"}
_MAX_ENDING = 40


@dataclass(slots=True)
class Barline:
    """The barline at the end of a bar, and the ending that begins behind it."""

    style: str = "|"
    ending: str = ""

    @property
    def text(self) -> str:
        """As ABC writes it, e.g. ``:|2``."""
        return self.style + self.ending


def read_barline(element: Element, this: Barline, before: Barline | None) -> bool:
    """Let an element change the barline of this bar and of the bar before it.

    Returns
    -------
    bool
        Whether a repeat begins at the first bar, which has no barline before it.
    """
    if element.get("location", "right") == "right":
        style = (element.findtext("bar-style") or "").strip()
        this.style = _STYLES.get(style, this.style)
    opens = _repeat(element, this, before)
    if (ending := element.find("ending")) is not None:
        if ending.get("type") == "start":
            if before is not None:
                before.ending = _ending_number(ending.get("number", ""))
        elif this.style == "|":
            this.style = "||"
    return opens


def _repeat(element: Element, this: Barline, before: Barline | None) -> bool:
    repeat = element.find("repeat")
    if repeat is None:
        return False
    if repeat.get("direction") == "backward":
        this.style = ":|"
        return False
    if before is None:
        return True
    before.style = (before.style.rstrip(":") + ":").replace(":|:", "::").replace("||", "|")
    return False


def _ending_number(number: str) -> str:
    """Write the numbers of an ending; words in place of numbers are quoted."""
    short = number.replace(".", "").replace(" ", "")[:_MAX_ENDING]
    if short and all(part.isascii() and part.isdigit() for part in short.split(",")):
        return short
    return '"' + number[:_MAX_ENDING].replace('"', "") + '"' if short else ""
