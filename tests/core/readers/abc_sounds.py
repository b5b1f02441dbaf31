"""A small independent reading of interleaved ABC: what sounds in each bar of each voice.

It knows what the cut must carry: key, accidentals of the bar and of ties, metre, unit length, clef.
"""

import re
from dataclasses import dataclass, field
from functools import cache

SHARPS = "FCGDAEB"
TONICS = ["Fb", "Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#", "E#", "B#"]  # fmt: skip
MODES = {"": 0, "maj": 0, "ion": 0, "min": -3, "aeo": -3, "m": -3, "dor": -2, "phr": -4, "lyd": 1, "mix": -1, "loc": -5}  # fmt: skip
ACCIDENTALS = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}
CLEF = re.compile(r"(treble|alto|tenor|bass|perc|none|C[1-5]|F[1-5]|G[1-5])([+-]8|[+-]15)?\b")
TOKEN = re.compile(
    r'"[^"]*"|![^!]*!'  # words and ornaments; grace notes count as notes
    r"|\[([A-Za-z]):([^\]]*)\]"  # 1, 2: a field
    r"|((?:\^\^|__|\^|_|=)?)([A-Ga-g])([,']*)([0-9/]*)(-?)"  # 3-7: a note
    r"|([xzXZ])([0-9/]*)|\(\d+(?::\d*)*|\]([0-9/]*)(-?)|&|."  # 8, 9: a rest; 10, 11: a chord ends
)


@dataclass
class VoiceReading:
    """What is in force in one voice."""

    fields: dict = field(default_factory=dict)
    tied: dict = field(default_factory=dict)


@cache
def key_alterations(key):
    """Give the step alterations of a key.

    >>> key_alterations("Dmin")
    {'B': -1}
    """
    found = re.match(r"([A-G][#b]?)\s*([A-Za-z]*)", key)
    if not found or key.startswith("none"):
        return {}
    fifths = TONICS.index(found[1]) - 8 + MODES[found[2].lower()[:3]]
    return dict.fromkeys(SHARPS[:fifths], 1) if fifths >= 0 else dict.fromkeys(SHARPS[fifths:], -1)


def sounds(text):
    """Read all bars: for each its tempo and, by voice, its notes with what is in force."""
    lines = [line for line in text.split("\n") if line]
    header = [line for line in lines if not line.startswith("[V:")]
    common: dict[str, str] = {}
    voices: dict[str, VoiceReading] = {}
    opening = None
    for line in header:
        if line.startswith("V:"):
            name, _, rest = line[2:].strip().partition(" ")
            opening = voices.setdefault(name, VoiceReading(dict(common)))
            clef = CLEF.search(rest)
            opening.fields["clef"] = clef[0] if clef else rest.split(" ")[0]
        elif re.match("[KMLQ]:", line):
            target = common if opening is None else opening.fields
            target[line[0]] = line[2:].strip()
    tempo = [common.get("Q", "")]
    return [_bar(line, voices, tempo, common) for line in lines if line.startswith("[V:")]


def _bar(line, voices, tempo, common):
    pieces = re.split(r"\[V:\s*([^\]\s]+)[^\]]*\]", line)
    tempo[0] = ([q for _, q in re.findall(r"\[(Q):([^\]]*)\]", _leading(pieces))] or tempo)[-1]
    read = {}
    for name, music in zip(pieces[1::2], pieces[2::2], strict=True):
        voice = voices.setdefault(name, VoiceReading(dict(common)))
        read[name] = list(_notes(music, voice))
    begun = tempo[0]
    tempo[0] = ([q for _, q in re.findall(r"\[(Q):([^\]]*)\]", line)] or tempo)[-1]
    return begun, read


def _leading(pieces):
    """Take the fields that the voices begin with."""
    return "".join(re.findall(r"^(?:\[[A-Za-z]:[^\]]*\])*", music)[0] for music in pieces[2::2])


def _notes(music, voice):  # noqa: C901 - one branch for each kind of token
    bar: dict[str, int] = {}
    carried, tied = voice.tied, dict[str, int]()
    chord: list[tuple[str, int]] | None = None
    for token in TOKEN.finditer(music):
        letter, value, accidental, step, octave, length, tie = token.groups()[:7]
        if letter:
            is_clef = letter == "K" and not re.match(r"[A-G](?![1-5])|none", value)
            if letter in "KMLQ" and letter != "Q":
                voice.fields["clef" if is_clef else letter] = value
        elif step:
            pitch = step + octave
            if accidental:
                bar[pitch] = ACCIDENTALS[accidental]
            held = carried.pop(pitch, None)
            signature = key_alterations(voice.fields.get("K", ""))
            alter = bar.get(pitch, signature.get(step.upper(), 0))
            if held is not None and not accidental:
                alter = held
            if chord is not None:
                chord.append((pitch, alter))
            if tie:
                tied[pitch] = alter
                carried[pitch] = alter  # the next note may stand in this bar
            yield pitch, alter, length, tie, *_in_force(voice)
        elif token[0] == "[":
            chord = []
        elif token[0].startswith("]"):
            if token[11] and chord:
                tied.update(chord)
                carried.update(chord)
            chord = None
            yield "chord", token[0]
        elif token[8]:
            yield token[8], token[9], *_in_force(voice)
    voice.tied = {pitch: alter for pitch, alter in tied.items() if pitch in carried}


def _in_force(voice):
    return tuple(voice.fields.get(name, "") for name in ("K", "M", "L", "clef"))
