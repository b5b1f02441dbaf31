"""Any text to ASCII, as close to what the official model was trained on as a free table comes.

The reference transliterates with Unidecode (GPL-2.0-or-later). This uses ``anyascii`` (ISC) with the
differences that occur in music written over it: the accidentals, Latin-1 punctuation, ligatures, and
the space after a Han character. See docs/decisions/0003-transliteration.md for what was compared.
"""

from anyascii import anyascii

# Where the two tables differ on what scores and MIDI files contain; values as measured.
_AS_TRAINED = {
    "\u266d": "", "\u266e": "", "\u00b7": "*", "\u2014": "--", "\u00a9": "(c)", "\u00ae": "(r)",
    "\u00a2": "C/", "\u00a3": "PS", "\u00a4": "$?", "\u00a5": "Y=", "\u00a7": "SS",
    "\u00bc": " 1/4", "\u00bd": " 1/2", "\u00be": " 3/4", "\u00c6": "AE", "\u00d7": "x",
    "\u0152": "OE", "\u0283": "S", "\u0292": "Z", "\ufffd": "", "\u2016": "||",
    "\u2028": "\n", "\u2029": "\n",
}  # fmt: skip


def to_ascii(text: str) -> str:
    r"""Transliterate.

    Examples
    --------
    >>> to_ascii("Flöte in B♭, 小提琴")
    'Flote in B, Xiao Ti Qin '
    """
    if text.isascii():
        return text
    return "".join(character if character.isascii() else _one(character) for character in text)


def _one(character: str) -> str:
    known = _AS_TRAINED.get(character)
    if known is not None:
        return known
    ascii_text = anyascii(character)
    # a Han character is one syllable, and the reference ends each with a space
    return ascii_text + " " if "\u4e00" <= character <= "\u9fff" else ascii_text
