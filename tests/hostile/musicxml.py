"""MusicXML: entity bombs, numbers that ask for the moon, trees without end, and odd good scores."""

from random import Random

from tests.hostile.case import (
    BROKEN,
    CANARY,
    EMPTY,
    ODD,
    OUTSIDE,
    SEED,
    TOO_LARGE,
    FileCase,
    Named,
    Outcome,
    refused,
)

_STEPS = "CDEFGAB"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
_DTD = (
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN"'
    ' "http://www.musicxml.org/dtds/partwise.dtd">'
)


def note(
    step: str = "C",
    *,
    octave: str = "4",
    alter: str = "0",
    duration: str = "4",
    inside: str = "",
) -> str:
    """Write a whole note."""
    pitch = f"<step>{step}</step><alter>{alter}</alter><octave>{octave}</octave>"
    length = f"<duration>{duration}</duration><type>whole</type>"
    return f"<note><pitch>{pitch}</pitch>{length}{inside}</note>"


def tune(start: int) -> str:
    """Write four bars that differ with the number."""
    bars = (note(_STEPS[(start * (i + 1) + i) % 7], octave=str(3 + i % 3)) for i in range(4))
    return "".join(f'<measure number="{i}">{bar}</measure>' for i, bar in enumerate(bars, 1))


def score(
    measures: str,
    *,
    title: str = "A score",
    head: str = _HEAD,
    header: str = "",
    divisions: str = "1",
    more: str = "",
) -> str:
    """Write a score of one part."""
    attributes = f"<attributes><divisions>{divisions}</divisions>{more}</attributes>"
    opened = measures.replace(">", f">{attributes}", 1)
    return (
        f"{head}<score-partwise><work><work-title>{title}</work-title></work>{header}<part-list>"
        '<score-part id="P1"><part-name>Flute</part-name></score-part></part-list>'
        f'<part id="P1">{opened}</part></score-partwise>'
    )


def bar(inside: str) -> str:
    """Write one bar."""
    return f'<measure number="1">{inside}</measure>'


def entities(definitions: str, use: str) -> str:
    """Write a score that declares entities and uses one."""
    doctype = f"{_HEAD}<!DOCTYPE score-partwise [{definitions}]>"
    return score(tune(1), head=doctype, title=use)


def many_parts(count: int) -> str:
    """Write a score of many parts of one note."""
    parts = (f'<part id="P{i}">{bar(note())}</part>' for i in range(count))
    return f"{_HEAD}<score-partwise>{''.join(parts)}</score-partwise>"


_LAUGHS = '<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
_TIMEWISE = (
    f'{_HEAD}<score-timewise><part-list><score-part id="P1"><part-name>Flute</part-name>'
    f'</score-part></part-list><measure number="1"><part id="P1">{note()}</part></measure>'
    f'<measure number="2"><part id="P1">{note("D")}</part></measure></score-timewise>'
)
_XHTML = "<html><body><script>document.title='PWNED'</script></body></html>"

GOOD: dict[str, tuple[str | bytes, str]] = {
    "plain": (score(tune(1)), "a score like any other"),
    "doctype": (score(tune(2), head=_HEAD + _DTD), "names a DTD on the web, as all programs do"),
    "utf-16": (score(tune(3), head="").encode("utf-16"), "is UTF-16 with a byte order mark"),
    "latin-1": (
        score(tune(4), head='<?xml version="1.0" encoding="ISO-8859-1"?>', title="Für Élise")
        .encode("latin-1"),
        "is Latin-1 and says so",
    ),
    "bom": (b"\xef\xbb\xbf" + score(tune(5)).encode(), "begins with a byte order mark"),
    "blank-first": ("\n" + score(tune(6)), "has an empty line before the declaration"),
    "timewise": (_TIMEWISE, "is ordered by time"),
    "octave-moon": (score(bar(note(octave="9" * 9))), "an octave of 999,999,999"),
    "alter-moon": (score(bar(note(alter="-999999999"))), "a note of a billion flats"),
    "beats-moon": (
        score(tune(1), more="<time><beats>1000000000</beats><beat-type>4</beat-type></time>"),
        "a metre of a billion beats",
    ),
    "beat-type-zero": (
        score(tune(1), more="<time><beats>4</beats><beat-type>0</beat-type></time>"),
        "a metre of noughts",
    ),
    "fifths-moon": (
        score(tune(1), more="<key><fifths>999999999</fifths></key>"), "a key of a billion sharps",
    ),
    "dots": (score(bar(note(inside="<dot/>" * 50_000))), "a note with 50,000 dots"),
    "tuplet-moon": (
        score(bar(note(inside=(
            "<time-modification><actual-notes>999999999</actual-notes>"
            "<normal-notes>0</normal-notes></time-modification>"
        )))),
        "a tuplet of a billion in the time of none",
    ),
    "tempo-nan": (
        score(bar('<sound tempo="NaN"/><sound tempo="1e308"/><sound tempo="-1"/>' + note())),
        "tempos that are no number, or below nought",
    ),
    "divisions-zero": (score(tune(1), divisions="0"), "a quarter note of no divisions"),
    "duration-nan": (
        score(bar(note(duration="NaN") + note(duration="1e400") + note(duration="-4") + note())),
        "durations that are no number",
    ),
    "arabic-digits": (score(bar(note(octave="٤", duration="٤"))), "digits of another script"),
    "repeat-moon": (
        score(bar(
            note() + '<barline location="right"><repeat direction="backward" times="999999999"/>'
            "</barline>"
        )),
        "a repeat of a billion times",
    ),
    "ending-moon": (
        score(bar('<barline><ending number="1-999999999" type="start"/></barline>' + note())),
        "a billion endings",
    ),
    "rests-moon": (
        score(bar(note()), more=(
            "<measure-style><multiple-rest>999999999</multiple-rest></measure-style>"
        )),
        "a rest of a billion bars",
    ),
    "staves-moon": (score(tune(1), more="<staves>999999999</staves>"), "a billion staves"),
    "transpose-moon": (
        score(tune(1), more="<transpose><chromatic>999999999</chromatic></transpose>"),
        "an instrument that sounds a billion semitones higher",
    ),
    "backup-first": (
        score(bar("<backup><duration>1000</duration></backup>" + note())),
        "goes back before its start",
    ),
    "voice-long": (
        score(bar(note(inside=f"<voice>{'v' * 50_000}</voice>"))), "a voice with a name of 50 kB",
    ),
    "lyrics-long": (
        score(bar(note(inside=f"<lyric><text>{'la ' * 50_000}</text></lyric>"))),
        "a syllable of 150 kB",
    ),
    "title-script": (
        score(tune(2), title="&lt;script&gt;alert('PWNED')&lt;/script&gt;"),
        "a title that is a script in a web page",
    ),
    "title-shell": (score(tune(3), title="$(touch PWNED_xml) `touch PWNED_xml`"), "a shell title"),
    "title-bidi": (score(tune(4), title="\u202egnos\u202c\u2066\u200b"), "a title from the right"),
    "stylesheet": (
        score(tune(5), head=f'{_HEAD}<?xml-stylesheet href="../{OUTSIDE}/secret.abc"?>'),
        "names a style sheet outside",
    ),
    "xinclude": (
        score(tune(6), header=(
            '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" parse="text"'
            f' href="../../{OUTSIDE}/secret.abc"/>'
        )),
        "includes a file from outside",
    ),
    "credit-image": (
        score(tune(7), header=f'<credit><credit-image source="file:///{OUTSIDE}"/></credit>'),
        "shows a picture from outside",
    ),
    "namespace": (
        score(tune(1)).replace("<score-partwise>", '<score-partwise xmlns="http://evil.test/x">'),
        "is in a name space of its own",
    ),
    "parts-64": (many_parts(64), "has 64 parts that its list does not name"),
}  # fmt: skip
BAD: dict[str, tuple[str | bytes, str, Outcome]] = {
    "laughs": (entities(_LAUGHS, "&i;"), "a billion laughs", BROKEN),
    "quadratic": (
        entities(f'<!ENTITY a "{"a" * 50_000}">', "&a;" * 5_000), "quadratic blow-up", BROKEN,
    ),
    "xxe-passwd": (
        entities('<!ENTITY x SYSTEM "file:///etc/passwd">', "&x;"), "reads /etc/passwd", BROKEN,
    ),
    "xxe-outside": (
        entities(f'<!ENTITY x SYSTEM "../../{OUTSIDE}/secret.abc">', "&x;"),
        "reads the file outside", BROKEN,
    ),
    "xxe-parameter": (
        entities('<!ENTITY % x SYSTEM "http://127.0.0.1:9/x.dtd"> %x;', "x"),
        "asks a server for more of itself", BROKEN,
    ),
    "xxe-php": (
        entities('<!ENTITY x SYSTEM "expect://touch PWNED_xxe">', "&x;"), "runs a command", BROKEN,
    ),
    "attribute-bomb": (
        score(
            tune(1),
            head=f'{_HEAD}<!DOCTYPE a [<!ATTLIST x y CDATA "{"A" * 50_000}">]>',
            header="<x/>" * 50_000,
        ),
        "gives 50,000 elements an attribute of 50 kB", BROKEN,
    ),
    "deep": (score(bar("<a>" * 100_000 + "</a>" * 100_000)), "100,000 levels deep", TOO_LARGE),
    "divisions-moon": (score(tune(1), divisions="9" * 9), "a billion divisions", TOO_LARGE),
    "duration-moon": (score(bar(note(duration="9" * 9))), "a note of a billion", TOO_LARGE),
    "forward-moon": (
        score(bar("<forward><duration>999999999</duration></forward>" + note())),
        "a jump of a billion", TOO_LARGE,
    ),
    "parts-300": (many_parts(300), "has 300 parts", TOO_LARGE),
    "cut": (score(tune(1))[:-60], "ends in the middle", BROKEN),
    "empty": ("", "holds nothing", EMPTY),
    "blank": (" \n" * 100, "holds blanks", refused("broken_file", "empty")),
    "no-notes": (score(bar("")), "holds no note", EMPTY),
    "html": (_XHTML, "is a web page", BROKEN),
    "svg": ('<svg xmlns="http://www.w3.org/2000/svg" onload="PWNED"/>', "is a picture", BROKEN),
    "opus": ("<opus><title>x</title></opus>", "is a list of scores", BROKEN),
    "prose": (f"Dear {CANARY[:6]}, this is a letter.", "is a letter", BROKEN),
    "midi-inside": (b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x01\xe0", "is MIDI", BROKEN),
    "gzip": (b"\x1f\x8b\x08\x00" + bytes(60), "is packed by gzip", BROKEN),
    "encoding-unknown": (
        score(tune(1), head='<?xml version="1.0" encoding="x-evil"?>'), "no such encoding", BROKEN,
    ),
    "encoding-utf7": (
        score(tune(1), head='<?xml version="1.0" encoding="UTF-7"?>'),
        "hides its brackets in UTF-7", BROKEN,
    ),
    "not-utf-8": (
        score(tune(1), title="\udcff\udcfe").encode("utf-8", "surrogateescape"),
        "is no UTF-8 though it says so", BROKEN,
    ),
    "escape": (score(tune(1), title="&#27;[2J"), "clears the terminal by its title", BROKEN),
    "nul": (score(tune(1), title="a\0b"), "holds a NUL", BROKEN),
    "two-roots": (score(tune(1)) + "<x/>", "has two roots", BROKEN),
}  # fmt: skip


def cases() -> list[FileCase]:
    """Give the cases of MusicXML."""
    good = [_case(name, does, ODD, text) for name, (text, does) in GOOD.items()]
    bad = [_case(name, does, outcome, text) for name, (text, does, outcome) in BAD.items()]
    return [*good, *bad, *_mutations()]


def _case(name: str, does: str, outcome: Outcome, text: str | bytes) -> FileCase:
    content = text if isinstance(text, bytes) else text.encode()
    return FileCase("musicxml", f"{name}.musicxml", does, outcome, content)


def _mutations() -> list[FileCase]:
    random = Random(SEED)  # noqa: S311 - the same bytes each time, for no secret
    found = []
    for i in range(4):
        text = list(score(tune(i)))
        for _ in range(6):
            text[random.randrange(len(text))] = random.choice("<>&\"'/0x \0")
        found.append(_case(f"mutation-{i}", "a score damaged at random", Named(), "".join(text)))
    return found
