"""Scores that are made for a test: MusicXML of a few notes."""

from collections.abc import Sequence

_STEPS = "CDEFGAB"


def note(step: int, quarters: float, extra: str = "", behind: str = "") -> str:
    """Write a note, its pitch in steps above middle C; 24 ticks are a quarter note."""
    kinds = {4: "whole", 3: "half", 2: "half", 1.5: "quarter", 1: "quarter", 0.5: "eighth"}
    dot = "<dot/>" if quarters in {3, 1.5} else ""
    pitch = f"<step>{_STEPS[step % 7]}</step><octave>{4 + step // 7}</octave>"
    return (
        f"<note><pitch>{pitch}</pitch><duration>{round(24 * quarters)}</duration>{extra}"
        f"<voice>1</voice><type>{kinds.get(quarters, 'eighth')}</type>{dot}{behind}</note>"
    )


TRIPLETS = "".join(
    note(
        step,
        2 / 3,
        behind="<time-modification><actual-notes>3</actual-notes>"
        "<normal-notes>2</normal-notes></time-modification>",
    ).replace("eighth", "quarter")
    for step in (1, 2, 3)
)
CLARINET = "<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose>"


def attributes(beats: int = 4, clef: str = "G", fifths: int = 0, more: str = "") -> str:
    line = "2" if clef == "G" else "4"
    return (
        f"<attributes><divisions>24</divisions><key><fifths>{fifths}</fifths></key>"
        f"<time><beats>{beats}</beats><beat-type>4</beat-type></time>"
        f"<clef><sign>{clef}</sign><line>{line}</line></clef>{more}</attributes>"
    )


def score(parts: Sequence[Sequence[str]], first_number: int = 1, title: str = "Test") -> bytes:
    """Write a score; a part is a list of measures, each its inner XML."""
    listed = "".join(
        f'<score-part id="P{i}"><part-name>Flute {i}</part-name></score-part>'
        for i in range(1, len(parts) + 1)
    )
    written = "".join(
        f'<part id="P{i}">'
        + "".join(f'<measure number="{n}">{m}</measure>' for n, m in enumerate(part, first_number))
        + "</part>"
        for i, part in enumerate(parts, 1)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><score-partwise version="3.1">'
        f"<work><work-title>{title}</work-title></work><part-list>{listed}</part-list>"
        f"{written}</score-partwise>"
    ).encode()


def plain(bars: int, parts: int = 2) -> bytes:
    """Bars of two half notes, other ones in every bar and part."""
    return score(
        [
            [
                (attributes() if bar == 0 else "")
                + note((bar + part) % 8, 2)
                + note((bar * 3 + part) % 8, 2)
                for bar in range(bars)
            ]
            for part in range(parts)
        ]
    )


def steps_of(bar: int, part: int = 0) -> tuple[int, int]:
    """Give the notes of a bar of ``telling``; no other bar has them in this order."""
    return (bar * 5 + part * 3 + bar // 8) % 12, (bar * 7 + part + 4) % 12


def telling(first: int, last: int, title: str) -> bytes:
    """Write bars of two half notes in two parts, each of which can be told by its notes."""
    return score(
        [
            [
                (attributes() if bar == first else "")
                + ('<print new-system="yes"/>' if bar > first and (bar - first) % 8 == 0 else "")
                + "".join(note(step, 2) for step in steps_of(bar, part))
                for bar in range(first, last + 1)
            ]
            for part in range(2)
        ],
        title=title,
    )


def midi_pitch(step: int) -> int:
    """Give the number of the white key so many steps above middle C."""
    return 60 + 12 * (step // 7) + (0, 2, 4, 5, 7, 9, 11)[step % 7]
