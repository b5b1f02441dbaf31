"""Who and what: the title block of a score, for its header and for the library."""

from collections.abc import Iterable
from dataclasses import dataclass

from clamp3_plugin.readers.musicxml.parse import Element

MAX_TEXT = 500  # characters of one line of the title block


@dataclass(frozen=True, slots=True)
class Titles:
    """The title block, each line without line breaks."""

    titles: tuple[str, ...]
    composers: tuple[str, ...]
    lyricists: tuple[str, ...]
    rights: tuple[str, ...]

    @property
    def lines(self) -> list[str]:
        """The header lines in ABC."""
        return [
            *(f"T:{text}" for text in self.titles or ("Title",)),
            *(f"C:{text}" for text in self.composers),
            *(f"Z:{text}" for text in (*self.lyricists, *self.rights)),
        ]


def read_titles(score: Element) -> Titles:
    """Read titles and names; printed credits count only where no title is given otherwise."""
    titles = _texts([score.find("work/work-title"), score.find("movement-title")])
    if not titles:
        titles = _texts(
            words
            for credit in score.iterfind("credit")
            if (credit.findtext("credit-type") or "").strip() == "title"
            for words in credit.iterfind("credit-words")
        )
    creators = score.findall("identification/creator")
    return Titles(
        titles=titles,
        composers=_texts(item for item in creators if item.get("type") == "composer"),
        lyricists=_texts(
            item for item in creators if item.get("type") in {"lyricist", "poet", "transcriber"}
        ),
        rights=_texts(score.iterfind("identification/rights")),
    )


def _texts(elements: Iterable[Element | None]) -> tuple[str, ...]:
    found = (" ".join((item.text or "").split()) for item in elements if item is not None)
    return tuple(text[:MAX_TEXT] for text in found if text)
