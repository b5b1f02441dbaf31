"""ABC: directives that read and run, lines that make expressions crawl, numbers without sense."""

from random import Random

from tests.hostile.case import (
    BROKEN,
    EMPTY,
    ODD,
    OUTSIDE,
    SEED,
    TOO_LARGE,
    FileCase,
    Indexed,
    Named,
    Outcome,
    refused,
)

_HEAD = "X:1\nT:{title}\nM:4/4\nL:1/8\nK:G\n"
_BAR = ("GABc dedB|", "dedB dedB|", "c2ec B2dB|", "A2F2 G4|", "e2gf e2dc|")


def tune(start: int = 0, *, title: str = "A tune", head: str = "", end: str = "") -> str:
    """Write a tune of six bars that differs with the number."""
    bars = "".join(_BAR[(start * (i + 1) + i) % 5] for i in range(6))
    return f"{_HEAD.format(title=title)}{head}{bars}\n{end}"


def _body(text: str) -> str:
    return _HEAD.format(title="A tune") + text + "\n" + _BAR[0] + "\n"


def _header(lines: str) -> str:
    return f"X:1\nT:A tune\n{lines}\nK:G\n{_BAR[0]}{_BAR[1]}\n"


_SECRET = f"../../{OUTSIDE}/secret.abc"

GOOD: dict[str, tuple[str | bytes, str]] = {
    "plain": (tune(1), "a tune like any other"),
    "latin-1": (tune(2, title="Für Élise").encode("latin-1"), "is Latin-1"),
    "cr": (tune(3).replace("\n", "\r"), "ends its lines as old Macs did"),
    "bom": (b"\xef\xbb\xbf" + tune(4).encode(), "begins with a byte order mark"),
    "no-x": (tune(5).removeprefix("X:1\n"), "has no number"),
    "script": (tune(1, head="%%beginjs\ntouch PWNED_js\n%%endjs\n"), "carries a script"),
    "script-open": (
        tune(2, end="%%beginsvg\n<script>PWNED</script>\n"), "carries a script without an end",
    ),
    "postscript": (tune(3, head="%%postscript (PWNED_ps) run\n"), "carries PostScript"),
    "include": (tune(4, head=f"%%abc-include {_SECRET}\n"), "includes the file outside"),
    "include-field": (tune(5, head=f"I:abc-include {_SECRET}\n"), "includes it by a field"),
    "program": (tune(1, head="%%MIDI program 999999\n"), "an instrument that is none"),
    "title-shell": (tune(2, title="$(touch PWNED_abc);`touch PWNED_abc`"), "a shell title"),
    "title-escape": (tune(3, title="\x1b]0;PWNED\x07\x1b[2J"), "a title for the terminal"),
    "title-html": (tune(4, title="<img src=x onerror=alert('PWNED')>"), "a title for a browser"),
    "title-sql": (tune(5, title="' OR 1=1 --"), "a title for a database"),
    "title-long": (tune(1, title="la" * 30_000), "a title of 60 kB"),
    "brackets": (_body("[" * 30_000), "30,000 chords that never end"),
    "bracket-lines": (_body("\n".join(["[" * 25_000] * 6)), "six lines of them"),
    "parentheses": (_body("(" * 30_000), "30,000 slurs"),
    "tuplets": (_body("(3" * 30_000), "30,000 tuplets"),
    "braces": (_body("{" * 30_000), "30,000 grace notes that never come"),
    "quotes": (_body('"' * 30_001), "30,001 quotation marks"),
    "ties": (_body("-" * 30_000), "30,000 ties"),
    "chord": (_body("[" + "CEG" * 15_000 + "]4|"), "a chord of 45,000 notes"),
    "overlay": (_body("C4&" * 10_000 + "|"), "10,000 voices in one bar"),
    "octaves": (_body("c" + "'" * 25_000 + "|"), "a note 25,000 octaves high"),
    "sharps": (_body("^" * 25_000 + "c|"), "a note of 25,000 sharps"),
    "slashes": (_body("c" + "/" * 25_000 + "|"), "a note halved 25,000 times"),
    "by-zero": (_body("c1/0 d0 e0/0|"), "notes of the length one by nought"),
    "length-moon": (_body("c" + "9" * 5_000 + "|"), "a note as long as a number of 5,000 digits"),
    "rests": (_body("Z999999999|"), "a rest of a billion bars"),
    "unit-zero": (_header("L:1/0"), "a unit of one by nought"),
    "unit-moon": (_header(f"L:1/{'9' * 5_000}"), "a unit beyond count"),
    "metre-zero": (_header("M:0/0"), "a metre of noughts"),
    "metre-moon": (_header(f"M:{'9' * 5_000}/1"), "a metre beyond count"),
    "tempo-zero": (_header("Q:1/4=0"), "a tempo of nought"),
    "tempo-moon": (_header(f"Q:1/0={'9' * 5_000}"), "a tempo beyond count"),
    "number-long": (tune(2).replace("X:1", "X:" + "9" * 5_000), "a number of 5,000 digits"),
    "key-long": (_header("").replace("K:G", "K:" + "G" * 30_000), "a key of 30 kB"),
    "repeats": (_body("|:" * 500 + ":|99999 [1-999999 C4|"), "repeats in repeats"),
    "macros": (_header("m:~n3=~n3~n3\nU:T=!trill!\nm:~n=~n~n~n"), "macros that call themselves"),
    "inline-open": (_body("[K:" + "x" * 30_000), "a change of key without an end"),
    "part-order": (_header("P:" + "(A" * 10_000 + ")9" * 10_000), "parts repeated 9^10000 times"),
    "voices-64": (
        tune(3, end="".join(f"V:{i}\nG8|\n" for i in range(2, 65))), "has 64 voices",
    ),
}  # fmt: skip
BAD: dict[str, tuple[str | bytes, str, Outcome]] = {
    "empty": ("", "holds nothing", EMPTY),
    "blank": ("\n \n\t\n", "holds blanks", EMPTY),
    "nul": (tune(1, title="a\0b"), "holds a NUL", BROKEN),
    "utf-16": (tune(1).encode("utf-16"), "is UTF-16", BROKEN),
    "line": (_body("[" * 100_000), "a line of 100 kB", TOO_LARGE),
    "bars": (_body("\n".join(["|" * 5_000] * 11)), "has 55,000 barlines", TOO_LARGE),
    "tune-long": (_body("\n".join(["GABc" * 10_000] * 27)), "has 1.1 MB", TOO_LARGE),
    "voices-65": (
        tune(3, end="".join(f"V:{i}\nG8|\n" for i in range(2, 67))), "has 66 voices", TOO_LARGE,
    ),
    "tunes": ("X:1\n" * 20_001, "has 20,001 tunes", TOO_LARGE),
    "prose": ("Meet me at ten.\nBring the money.\n", "is a letter", BROKEN),
    "html": ("<!doctype html><p>PWNED", "is a web page", BROKEN),
    "midi": (b"MThd\0\0\0\6\0\0\0\1\1\xe0", "is MIDI", BROKEN),
    "program-elf": (b"\x7fELF\2\1\1" + bytes(57), "is a program", BROKEN),
    "pickle": (b"cposix\nsystem\n(S'touch PWNED_abc'\ntR.", "is a pickle", BROKEN),
    "shell": (b"#!/bin/sh\ntouch PWNED_sh\n", "is a shell script", BROKEN),
    "comments": ("%\n" * 1_000, "is all comment", refused("broken_file", "empty")),
}  # fmt: skip


def cases() -> list[FileCase]:
    """Give the cases of ABC."""
    good = [_case(name, does, ODD, text) for name, (text, does) in GOOD.items()]
    bad = [_case(name, does, outcome, text) for name, (text, does, outcome) in BAD.items()]
    return [*good, *_books(), *bad, *_mutations()]


def _case(name: str, does: str, outcome: Outcome, text: str | bytes) -> FileCase:
    content = text if isinstance(text, bytes) else text.encode()
    return FileCase("abc", f"{name}.abc", does, outcome, content)


def _books() -> list[FileCase]:
    three = "\n\n".join(tune(i, title=f"Tune {i}") for i in range(3))
    mixed = f"{tune(1)}\n\n{_body('x' * 70_000)}\n\n{tune(2)}"
    return [
        _case("book", "is a book of three tunes", Indexed(3), three),
        _case("book-of-one-bad", "the second of its three tunes is too long", Indexed(2), mixed),
    ]


def _mutations() -> list[FileCase]:
    random = Random(SEED)  # noqa: S311 - the same bytes each time, for no secret
    found = []
    for i in range(4):
        text = list(tune(i))
        for _ in range(12):
            text[random.randrange(len(text))] = random.choice("[](){}|:!\"'^_=/-<>&%zZxy09\\ \n")
        found.append(_case(f"mutation-{i}", "a tune damaged at random", Named(), "".join(text)))
    return found
