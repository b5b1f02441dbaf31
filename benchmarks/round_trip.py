"""What survives of the notes of real scores when they become interleaved ABC and are read back.

Each MusicXML file of the sample is read by music21; so is the interleaved ABC that we make of it.
What is compared are bar, onset in the bar and written pitch of every note, as multisets: neither
part nor voice matters, grace notes are left out. The interleaved ABC is read back in two ways: by
music21's ABC parser, after the rewritings that docs/formats.md lists, and by the strict reader in
this file, which shares no code with our converter.

    python benchmarks/round_trip.py [--files 200] [--seed 3] [--list-lost]
"""

import argparse
import random
import re
import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import music21

from clamp3_plugin.errors import Clamp3Error
from clamp3_plugin.readers import registry
from clamp3_plugin.readers.score import Score

ENDINGS = {".mxl", ".xml", ".musicxml"}
TICKS = 1440  # of a quarter note; onsets are rounded to them, as music21 mixes floats and fractions

Note = tuple[int, int, int]
"""Bar from 1, ticks into the bar, MIDI number of the written pitch."""

_SHARPS = "FCGDAEB"
_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ALTER = {"__": -2, "_": -1, "=": 0, "^": 1, "^^": 2, "": None}
_SIGNS = {-2: "__", -1: "_", 0: "=", 1: "^", 2: "^^"}
_MODES = {"": 0, "min": -3, "dor": -2, "phr": -4, "lyd": 1, "mix": -1, "loc": -5}
_KEY = re.compile(r"([A-G])([#b]?)(min|dor|phr|lyd|mix|loc|)$")
_CLEF_OCTAVE = re.compile(r"^[a-z0-9]*([+-])(8|15)\b")
_HEAD = r"(?:\^\^?|__?|=)?[A-Ga-g][,']*"
_LENGTH = r"\d*(?:/\d*)?"
_TOKEN = re.compile(
    rf"""
    (?P<skip>"[^"]*"|![^!]*!|[.~H-Wh-w]|\s+)
    |\[(?P<field>[A-Z]):(?P<value>[^\]]*)\]
    |(?P<grace>\{{/?|\}})
    |\((?P<tuplet>\d+(?::\d+:\d+)?)
    |(?P<slur>[()])
    |(?P<broken>[<>])
    |(?P<rest>[zx])(?P<rest_length>{_LENGTH})-?
    |(?P<note>{_HEAD})(?P<note_length>{_LENGTH})(?P<note_tie>-?)
    |\[(?P<chord>(?:!courtesy!|{_HEAD}-?|[zx]-?)+)\](?P<chord_length>{_LENGTH})(?P<chord_tie>-?)
    """,
    re.VERBOSE,
)
_IN_CHORD = re.compile(rf"({_HEAD})(-?)")
_PITCH = re.compile(r"([\^_=]*)([A-Ga-g])([,']*)")
_BARLINE = re.compile(r"[:|\[\]]*\|[:|\]]*|::|:$|\|$")
_VOICE = re.compile(r"\[V:(\d+)\]")


@dataclass(slots=True)
class Voice:
    """What one voice carries from bar to bar while it is read."""

    key: dict[str, int]
    octaves: int = 0
    percussion: dict[str, str] = field(default_factory=dict)
    tied: dict[str, int] = field(default_factory=dict)
    """Alterations of the notes that a tie leaves, by step and octave marks."""
    brackets: list[list[Fraction | int]] = field(default_factory=list)
    """Open tuplets: factor, notes that are left."""
    notes: list[Note] = field(default_factory=list)
    rewritten: list[str] = field(default_factory=list)
    """For music21: the bars that have notes."""
    numbers: list[int] = field(default_factory=list)
    """Bar that each of them is."""


def key_of(name: str) -> dict[str, int]:
    """Give what a key signature alters, e.g. ``Bbmin``; nothing for none."""
    match = _KEY.match(name.strip())
    if match is None:
        return {}
    tonic, sign, mode = match.groups()
    fifths = "FCGDAEB".index(tonic) - 1 + {"#": 7, "b": -7, "": 0}[sign] + _MODES[mode]
    if fifths >= 0:
        return dict.fromkeys(_SHARPS[:fifths], 1)
    return dict.fromkeys(_SHARPS[fifths:], -1)


def clef_octaves(text: str) -> int:
    """Give how far a clef sounds above what it shows, e.g. -1 for ``treble-8``."""
    match = _CLEF_OCTAVE.match(text)
    if match is None:
        return 0
    return (1 if match[1] == "+" else -1) * (1 if match[2] == "8" else 2)


def read_voices(score: Score) -> dict[str, Voice]:
    """Read interleaved ABC strictly: what is no ABC that we know is an error.

    Raises
    ------
    ValueError
        Something stands in the music that is not understood.
    """
    voices: dict[str, Voice] = {}
    key: dict[str, int] = {}
    last = ""
    for line in score.header:
        name, _, value = line.partition(":")
        if name == "K" and not voices:
            key = key_of(value)
        elif name == "K":
            voices[last].key = key_of(value)
        elif name == "V":
            last, _, rest = value.partition(" ")
            voices[last] = Voice(dict(key), clef_octaves(rest))
        elif line.startswith("I:percmap"):
            _, heard, shown, *_ = line.split()
            voices[last].percussion[heard] = shown
    for bar in score.bars:
        pieces = _VOICE.split(bar.line)
        for name, text in zip(pieces[1::2], pieces[2::2], strict=True):
            BarReader(voices[name], bar.index).read(text)
    return voices


class BarReader:
    """Reads one bar of one voice, and writes it anew for music21."""

    def __init__(self, voice: Voice, index: int) -> None:
        self._voice = voice
        self._index = index
        self._now = Fraction(0)
        self._accidentals: dict[str, int] = {}
        self._inserted: set[str] = set()
        self._set_in_chord: set[str] = set()
        self._broken = Fraction(1)
        self._has_notes = False
        self._out: list[str] = []
        self._in_grace = False

    def read(self, text: str) -> None:
        """Read the bar with its barlines."""
        for token in self._tokens(text):
            if token["field"]:
                self._read_field(token["field"], token["value"])
            elif token["grace"]:
                self._in_grace = token["grace"] != "}"
            elif token["skip"] or token["slur"]:
                continue
            elif self._in_grace:
                self._read_grace(token)
            elif token["tuplet"]:
                self._open_tuplet(token["tuplet"])
            elif token["broken"]:
                self._break(token["broken"])
            elif token["rest"]:
                self._out.append(f"z{token['rest_length']}")
                self._advance(token["rest_length"])
            else:
                self._read_heads(token)
        voice = self._voice
        # music21 makes no measure of a bar without notes, but wants its key
        voice.rewritten.append("".join(self._out) + "|" if self._has_notes else self._fields())
        if self._has_notes:
            voice.numbers.append(self._index)

    def _fields(self) -> str:
        return "".join(text for text in self._out if text.startswith("\n"))

    def _tokens(self, text: str) -> Iterator[re.Match[str]]:
        at = 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is not None:
                yield match
            else:
                match = re.compile(r"[:|\]\[]+[\d,]*").match(text, at)
                if match is None:
                    raise ValueError(f"bar {self._index}: {text[at : at + 20]!r} in {text!r}")
            at = match.end()

    def _read_field(self, name: str, value: str) -> None:
        if name != "K":
            return
        if _KEY.match(value.strip()) or value.strip() == "none":
            self._voice.key = key_of(value)
            self._out.append(f"\nK:{value}\n")
        else:
            self._voice.octaves = clef_octaves(value)

    def _open_tuplet(self, text: str) -> None:
        self._out.append(f"({text}")
        actual, normal, count = (3, 2, 3) if text == "3" else map(int, text.split(":"))
        self._voice.brackets.append([Fraction(normal, actual), count])

    def _break(self, sign: str) -> None:
        """Move time between the note that was just read and the next."""
        self._out.append(sign)
        change = Fraction(1, 2) if sign == ">" else Fraction(-1, 2)
        self._now += self._last * change
        self._broken = 1 - change

    def _advance(self, length: str) -> None:
        top, slash, bottom = length.partition("/")
        size = Fraction(int(top or 1), int(bottom or 2) if slash else 1) / 2  # L:1/8
        for bracket in self._voice.brackets:
            size *= Fraction(bracket[0])
            bracket[1] -= 1
        self._voice.brackets = [bracket for bracket in self._voice.brackets if bracket[1] > 0]
        self._last = size
        self._now += size * self._broken
        self._broken = Fraction(1)

    def _read_grace(self, token: re.Match[str]) -> None:
        """Keep the accidentals of a grace note, which hold for the rest of the bar."""
        for head in _IN_CHORD.findall(token["chord"] or token["note"] or ""):
            place, _, sign = self._pitch(head[0])
            if sign:
                self._inserted.add(place)

    def _read_heads(self, token: re.Match[str]) -> None:
        chord = token["chord"]
        heads = _IN_CHORD.findall(chord.replace("!courtesy!", "") if chord else token["note"])
        tie = (token["chord_tie"] if chord else token["note_tie"]) == "-"
        length = token["chord_length"] if chord else token["note_length"]
        onset = round(self._now * TICKS)
        written = []
        tied: dict[str, int] = {}
        for head, own_tie in heads:
            place, alter, mark = self._pitch(head, in_chord=bool(chord))
            octave = 12 * self._voice.octaves
            self._voice.notes.append((self._index, onset, _midi(place, alter) + octave))
            written.append(mark + _move(place, self._voice.octaves))
            if tie or own_tie:
                tied[place] = alter
        self._voice.tied = tied
        self._has_notes = True
        text = "".join(written)
        self._out.append(f"[{text}]{length}" if chord else f"{text}{length}")
        self._advance(length)

    def _pitch(self, head: str, *, in_chord: bool = False) -> tuple[str, int, str]:
        """Find step with octave marks, alteration in semitones, and the accidental to write."""
        if head in self._voice.percussion:
            head = "=" + self._voice.percussion[head].lstrip("^_=")
        sign, step, marks = _PITCH.findall(head)[0]
        place = step + marks
        alter = _ALTER[sign]
        if alter is not None:
            self._accidentals[place] = alter
            (self._set_in_chord.add if in_chord else self._set_in_chord.discard)(place)
        elif place in self._accidentals:
            alter = self._accidentals[place]
            # music21 carries no accidental into a chord or out of one, and of two signs only one
            in_or_out = in_chord or place in self._set_in_chord
            said_again = in_or_out or abs(alter) > 1 or place in self._inserted
            sign = _SIGNS[alter] if said_again else ""
        elif place in self._voice.tied:
            alter = self._voice.tied[place]
            sign = _SIGNS[alter]
            self._inserted.add(place)  # else it would hold for the rest of the bar
        else:
            alter = self._voice.key.get(step.upper(), 0)
            sign = _SIGNS[alter] if place in self._inserted else ""
        return place, alter, sign


def _midi(place: str, alter: int) -> int:
    step = place[0]
    octave = 5 if step.islower() else 4
    octave += place.count("'") - place.count(",")
    return 12 * (octave + 1) + _SEMITONES[step.upper()] + alter


def _move(place: str, octaves: int) -> str:
    step = place[0].upper()
    octave = (5 if place[0].islower() else 4) + place.count("'") - place.count(",") + octaves
    if octave >= 5:
        return step.lower() + "'" * (octave - 5)
    return step + "," * (4 - octave)


def for_music21(score: Score, voices: dict[str, Voice]) -> str:
    """Write one voice after another, in the ABC that music21 reads."""
    key = next((line for line in score.header if line.startswith("K:")), "K:C")
    lines: list[str] = [
        "%abc-2.1",
        "X:1",
        "%%propagate-accidentals octave",
        "L:1/8",
        key.replace("none", "C"),
    ]
    for name, voice in voices.items():
        if voice.numbers:
            # else music21 would go on in the key that the voice before ended in
            lines += [f"V:{name}", lines[4], "".join(voice.rewritten)]
    return "\n".join(lines) + "\n"


# --- the two sides of the comparison


def notes_of_original(score: music21.stream.Score) -> tuple[Counter[Note], Counter[Note]]:
    """Collect the notes as music21 reads the file; those that are not printed beside them."""
    notes: Counter[Note] = Counter()
    unprinted: Counter[Note] = Counter()
    parts = [list(part.getElementsByClass(music21.stream.Measure)) for part in score.parts]
    for measures in parts:
        for index, measure in enumerate(measures, start=1):
            for element in measure.recurse().notes:
                for note in _notes_of(element, measure, index):
                    notes[note] += 1
                    unprinted[note] += bool(element.style.hideObjectOnPrint)
    return notes, +unprinted


def _notes_of(element: object, measure: object, index: int) -> Iterator[Note]:
    if isinstance(element, music21.harmony.Harmony) or element.duration.isGrace:
        return
    onset = round(Fraction(element.getOffsetInHierarchy(measure)) * TICKS)
    members = element.notes if hasattr(element, "notes") else [element]
    for member in members:
        pitch = member.displayPitch() if hasattr(member, "displayPitch") else member.pitch
        yield index, onset, pitch.midi


def notes_read_back(abc: str, voices: dict[str, Voice]) -> Counter[Note]:
    """Collect the notes as music21 reads our ABC."""
    score = music21.converter.parseData(abc, format="abc")
    parts = list(score.parts) if isinstance(score, music21.stream.Score) else [score]
    notes: Counter[Note] = Counter()
    written = [voice for voice in voices.values() if voice.numbers]
    for part, voice in zip(parts, written, strict=True):
        measures = list(part.getElementsByClass(music21.stream.Measure))
        if not measures:  # a single bar becomes no measure
            notes.update(_of_one_bar(part, voice.numbers[0]))
        for number, measure in zip(voice.numbers, measures, strict=False):
            for element in measure.recurse().notes:
                notes.update(_notes_of(element, measure, number))
    return notes


def _of_one_bar(part: music21.stream.Part, number: int) -> Iterator[Note]:
    for element in part.recurse().notes:
        yield from _notes_of(element, part, number)


def causes(lost: Counter[Note], gained: Counter[Note], unprinted: Counter[Note]) -> Counter[str]:
    """Say of each lost note what became of it, as far as the notes themselves tell."""
    found: Counter[str] = Counter()
    lost, gained = Counter(lost), Counter(gained)
    hidden = lost & unprinted
    found["not printed in the original, a rest here"] = hidden.total()
    lost -= hidden
    tests: tuple[tuple[str, Callable[[Note, Note], bool]], ...] = (
        ("a semitone or two off", lambda a, b: a[:2] == b[:2] and abs(a[2] - b[2]) <= 2),
        ("octaves off", lambda a, b: a[:2] == b[:2] and (a[2] - b[2]) % 12 == 0),
        (
            "moved by less than a 64th note",
            lambda a, b: a[0] == b[0] and abs(a[1] - b[1]) < TICKS // 16 and a[2] == b[2],
        ),
        ("moved within its bar", lambda a, b: a[0] == b[0] and a[2] == b[2]),
        ("in the bar before or after", lambda a, b: abs(a[0] - b[0]) == 1 and a[2] == b[2]),
    )
    for name, alike in tests:
        for note in list(lost.elements()):
            twin = next((other for other in gained if alike(note, other)), None)
            if twin is not None:
                found[name] += 1
                lost -= Counter([note])
                gained -= Counter([twin])
    found["gone"] = lost.total()
    return +found


# --- the run


def sample(count: int, seed: int) -> list[Path]:
    """Choose files of the corpus: all, sorted by name, shuffled by the seed, the first of them."""
    root = Path(music21.corpus.__file__).parent
    files = sorted(path for path in root.rglob("*") if path.suffix.lower() in ENDINGS)
    random.Random(seed).shuffle(files)  # noqa: S311 - nothing secret
    return files[:count]


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--list-lost", action="store_true", help="name the first notes lost")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # music21 warns of much in its own corpus
    paths = sample(options.files, options.seed)
    print(
        f"{len(paths)} files: *.mxl, *.xml and *.musicxml of the music21 {music21.__version__} corpus,"
        f" sorted by path, shuffled with seed {options.seed}"
    )
    totals: Counter[str] = Counter()
    why: Counter[str] = Counter()
    for path in paths:
        try:
            score = registry.read(path)[0]
        except Clamp3Error as error:
            totals["refused"] += 1
            print(f"REFUSED {path.name}: {error}")
            continue
        assert isinstance(score, Score)  # noqa: S101 - narrows the type
        original, unprinted = notes_of_original(
            music21.converter.parseFile(path, forceSource=True, storePickle=False)
        )
        compare(path, score, original, unprinted, totals, why, list_lost=options.list_lost)
    report(totals, why)
    return 0


def compare(  # noqa: PLR0913 - two tallies and a switch
    path: Path,
    score: Score,
    original: Counter[Note],
    unprinted: Counter[Note],
    totals: Counter[str],
    why: Counter[str],
    *,
    list_lost: bool,
) -> None:
    """Read the ABC of one file back in both ways and count."""
    totals["notes"] += original.total()
    try:
        voices = read_voices(score)
    except ValueError as error:
        print(f"NOT READ strictly {path.name}: {error}")
        totals["unreadable"] += 1
        return
    strict = Counter(note for voice in voices.values() for note in voice.notes)
    totals["strict"] += (original & strict).total()
    printed = original - unprinted
    totals["unprinted"] += unprinted.total()
    totals["strict printed"] += (printed & strict).total()
    totals["added"] += (strict - original).total()
    try:
        back = notes_read_back(for_music21(score, voices), voices)
    except Exception:  # noqa: BLE001 - whatever music21 raises is a result
        print(f"NOT READ by music21 {path.name}: {traceback.format_exc(limit=-1)}")
        back = Counter()
    totals["music21"] += (original & back).total()
    totals["music21 printed"] += (printed & back).total()
    lost, gained = original - strict, strict - original
    why.update(causes(lost, gained, unprinted))
    if lost or original - back:
        print(
            f"{path.parent.name}/{path.name}: {original.total()} notes,"
            f" lost {lost.total()} (strict) {(original - back).total()} (music21)"
            f" {dict(causes(lost, gained, unprinted))}",
            flush=True,
        )
        if list_lost:
            print("   lost  ", sorted(lost)[:6], "\n   gained", sorted(gained)[:6])
            print("   m21   ", sorted(original - back)[:6], sorted(back - original)[:6])


def report(totals: Counter[str], why: Counter[str]) -> None:
    """Print the figures."""
    notes = totals["notes"]
    print(f"notes of the originals        {notes}")
    print(
        f"read back by music21          {totals['music21']} ({100 * totals['music21'] / notes:.3f} %)"
    )
    print(
        f"read back by the strict reader {totals['strict']} ({100 * totals['strict'] / notes:.3f} %)"
    )
    print(f"of these notes not printed     {totals['unprinted']}")
    printed = notes - totals["unprinted"]
    print(
        f"of the printed notes read back {100 * totals['music21 printed'] / printed:.3f} % (music21),"
        f" {100 * totals['strict printed'] / printed:.3f} % (strict)"
    )
    print(f"notes that are not in the original {totals['added']}")
    print(f"refused {totals['refused']}, not read strictly {totals['unreadable']}")
    for cause, count in why.most_common():
        print(f"{count:7d}  {cause}")


if __name__ == "__main__":
    sys.exit(main())
