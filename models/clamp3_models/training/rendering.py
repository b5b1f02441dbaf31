"""Recordings to train on: pieces played through soundfonts, each time a little differently.

A rendering draws a soundfont, a stretch of the piece, a tempo, instruments, a tuning, a room and a mix; what
is drawn depends on seed, piece and number of the rendering alone. Instruments are those that the piece
names for its voices, most of the time; where it names none, any.

Conventions: *seconds of the piece* are those of its MIDI file, *seconds of the recording* those of the
wave; ``pace`` is how much faster than the file it is played.
"""

import random
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clamp3_models.training.records import Record
from clamp3_models.training.synthesizer import SAMPLE_RATE, Message, Room, Synthesizer
from clamp3_models.training.texts import facts_of
from clamp3_plugin.readers.general_midi import DRUM_CHANNEL
from clamp3_plugin.readers.performance import Performance

Samples = NDArray[np.float32]

PROGRAMS: Mapping[str, tuple[int, ...]] = {
    "piano": (0, 1), "harpsichord": (6,), "organ": (19, 16), "accordion": (21,),
    "guitar": (24, 25), "violin": (40,), "viola": (41,), "cello": (42,), "double-bass": (43,),
    "harp": (46,), "timpani": (47,), "strings": (48, 49), "choir": (52,), "voice": (53,),
    "soprano": (52, 53), "alto": (52, 53), "tenor": (52, 53), "bass-voice": (52, 53),
    "trumpet": (56,), "trombone": (57,), "tuba": (58,), "horn": (60,), "brass": (61,),
    "saxophone": (65, 66), "oboe": (68,), "bassoon": (70,), "clarinet": (71,), "flute": (73,),
    "recorder": (74,), "tin-whistle": (78,), "banjo": (105,), "bagpipes": (109,),
    "fiddle": (110, 40),
}  # fmt: skip
"""Programs of General MIDI, from 0, by the tag of the instrument."""

ANY = tuple(
    tag for tag in PROGRAMS if tag not in {"soprano", "alto", "tenor", "bass-voice", "timpani"}
)
"""What a piece that names no instrument may be played on."""

_VOICE_NAMES = (  # as scores of five languages name them; the first that matches
    ("soprano", r"sopr|canto|cantus|discant|superius"),
    ("alto", r"alt(o|us)\b|contralt|^a\.?$"),
    ("tenor", r"tenor|^t\.?$"),
    ("double-bass", r"contrabas|double bass|contra ?ba|violone|kontrabas"),
    ("cello", r"cello|violonc"),
    ("bassoon", r"fagot|bassoon|basson"),
    ("viola", r"viol[ae]\b|alto viola|bratsche"),
    ("violin", r"viol[io]|geige|vln"),
    ("fiddle", r"fiddle"),
    ("oboe", r"h?obo|hautb"),
    ("clarinet", r"clarinet|klarinet|claritt"),
    ("flute", r"flaut|flute|flöte|flet"),
    ("horn", r"corn[uio]|horn"),
    ("trumpet", r"clarin[oi]|tromb[ae]\b|trumpet|trompet"),
    ("trombone", r"trombon|posaun"),
    ("timpani", r"timpan|tympan|pauk"),
    ("organ", r"organ|orgel"),
    ("harpsichord", r"cembalo|harpsi|clavecin"),
    ("piano", r"piano|klavier|forte"),
    ("guitar", r"guitar|gitar"),
    ("harp", r"harp|arpa"),
    ("organ", r"continuo"),
    ("bass-voice", r"^ba(s|ſ)"),
    ("voice", r"voice|voc|stimme|chant|gesang|singst"),
)
_NAMED_VOICE = re.compile(r'^V:\s*(\d+)[^\n]*?\bnm="([^"]*)"', re.MULTILINE)
_HELD = frozenset({7, 10, 11, 64})
"""Controllers that are played: volume, pan, expression, sustain."""


@dataclass(frozen=True, slots=True)
class RenderSettings:
    """What is drawn for a rendering."""

    seconds: float = 24.0
    """Of the recording, at most."""
    pace: tuple[float, float] = (0.8, 1.25)
    from_start: float = 0.4
    """Share that begins where the piece begins."""
    other_instruments: float = 0.25
    """Share that is played on other instruments than the piece names."""
    cents: float = 30.0
    """Out of tune by this much at most."""
    dry: float = 0.3
    """Share without reverberation."""
    tilt_db: float = 2.0
    """Most that an octave is louder or softer than the one below, by the mix."""
    noisy: float = 0.5
    """Share with noise."""
    seed: int = 42


@dataclass(frozen=True, slots=True)
class Rendering:
    """A stretch of a piece as a recording."""

    samples: Samples
    soundfont: str
    start: float
    """Second of the piece where it begins."""
    pace: float
    instruments: frozenset[str]
    """Tags of what plays."""
    faithful: bool
    """Whether it is played on what the piece names, if it names anything."""

    @property
    def seconds(self) -> float:
        """Length of the recording."""
        return len(self.samples) / SAMPLE_RATE

    def of_piece(self, second: float) -> float:
        """Tell which second of the piece a second of the recording is."""
        return self.start + second * self.pace


class Renderer:
    """Renders with some soundfonts.

    Parameters
    ----------
    soundfonts : sequence of Path
        ``.sf2`` or ``.sf3``; each is loaded when it is drawn first.
    settings : RenderSettings
        What is drawn.
    """

    def __init__(self, soundfonts: Sequence[Path], settings: RenderSettings) -> None:
        self._soundfonts = soundfonts
        self._settings = settings
        self._loaded: dict[Path, Synthesizer] = {}

    def render(self, record: Record, performance: Performance, copy: int = 0) -> Rendering:
        """Render a stretch of a piece.

        Parameters
        ----------
        record : Record
            Names the instruments.
        performance : Performance
            Its notes.
        copy : int
            Number of the rendering.
        """
        settings = self._settings
        seed = zlib.crc32(f"rendering {copy} {record.id}".encode(), settings.seed)
        choose = random.Random(seed)  # noqa: S311 - reproducible, not secret
        soundfont = choose.choice(self._soundfonts)
        pace = choose.uniform(*settings.pace)
        latest = max(0.0, performance.duration - settings.seconds * pace)
        start = 0.0 if choose.random() < settings.from_start else choose.uniform(0, latest)
        seconds = min(settings.seconds, (performance.duration - start) / pace + 1.0)
        cast = _Cast.of(record, performance)
        faithful = choose.random() >= settings.other_instruments
        programs = cast.programs(choose, faithful=faithful)
        cents = choose.uniform(-settings.cents, settings.cents)
        messages = _messages(performance, programs, _Stretch(start, seconds, pace), cents)
        room = Room(
            reverb=choose.random() >= settings.dry,
            size=choose.uniform(0.2, 0.9),
            level=choose.uniform(0.1, 0.7),
            damp=choose.uniform(0.0, 0.6),
        )
        wave = self._synthesizer(soundfont).play(messages, seconds, room)
        return Rendering(
            _mixed(wave, choose, settings), soundfont.stem, start, pace,
            frozenset(_heard(programs, performance)),
            faithful or not cast.named,
        )  # fmt: skip

    def _synthesizer(self, soundfont: Path) -> Synthesizer:
        if soundfont not in self._loaded:
            self._loaded[soundfont] = Synthesizer(soundfont)
        return self._loaded[soundfont]


@dataclass(frozen=True)
class _Cast:
    """Who may play which channel of a piece."""

    channels: tuple[int, ...]
    """Those with notes, without drums."""
    named: Mapping[int, str]
    """Channel to the tag of an instrument, by the voices' names or the only instrument there is."""
    given: Mapping[int, int]
    """Channel to the program that the MIDI file chooses."""

    @classmethod
    def of(cls, record: Record, performance: Performance) -> "_Cast":
        channels = sorted({note.channel for note in performance.track.notes} - {DRUM_CHANNEL})
        given = {
            event.values[0]: event.values[1]
            for event in reversed(performance.track.events)
            if event.kind == "program_change"
        }
        return cls(tuple(channels), _named(record, channels), given)

    @cached_property
    def _stated(self) -> bool:
        return bool(self.named) or any(self.given.values())

    def programs(self, choose: random.Random, *, faithful: bool) -> dict[int, int]:
        """Choose a program for every channel."""
        if faithful and any(self.given.values()):
            return {channel: self.given.get(channel, 0) for channel in self.channels}
        alike = choose.choice(ANY) if choose.random() < 0.6 else ""
        programs = {}
        for channel in self.channels:
            other = alike or choose.choice(ANY)
            tag = self.named.get(channel, other) if faithful else other
            programs[channel] = choose.choice(PROGRAMS[tag])
        return programs


def _named(record: Record, channels: Sequence[int]) -> dict[int, str]:
    stated = [fact.concept for fact in facts_of(record.fields) if fact.field == "instrumentation"]
    playable = [tag for tag in stated if tag in PROGRAMS]
    if len(stated) == 1 and playable:
        return dict.fromkeys(channels, playable[0])
    names = dict(_NAMED_VOICE.findall(str(record.fields.get("abc") or "")))
    tags = {}
    for place, channel in enumerate(channels, 1):  # abc2midi gives voice after voice a channel
        tag = _instrument(names.get(str(place), ""))
        if tag:
            tags[channel] = tag
    return tags


def _instrument(name: str) -> str:
    """Tell the instrument of a voice's name; empty where it names none that is known."""
    lower = name.lower().strip()
    return next((tag for tag, pattern in _VOICE_NAMES if re.search(pattern, lower)), "")


def _heard(programs: Mapping[int, int], performance: Performance) -> set[str]:
    singers = {"soprano", "alto", "tenor", "bass-voice"}  # no soundfont tells them apart
    tags = {
        tag
        for program in programs.values()
        for tag, known in PROGRAMS.items()
        if program in known and tag not in singers
    }
    if any(note.channel == DRUM_CHANNEL for note in performance.track.notes):
        tags.add("drums")
    return tags


@dataclass(frozen=True, slots=True)
class _Stretch:
    start: float
    seconds: float
    pace: float

    def second(self, of_piece: float) -> float:
        return (of_piece - self.start) / self.pace


def _messages(
    performance: Performance, programs: Mapping[int, int], stretch: _Stretch, cents: float
) -> list[Message]:
    """List what is played, in time; notes that began before the stretch are left out."""
    messages = []
    for channel in {*programs, DRUM_CHANNEL}:
        if channel in programs:
            messages.append(Message(0.0, "program_change", (channel, programs[channel])))
        bend = round(cents / 200 * 8192)  # a bend reaches two semitones
        messages.append(Message(0.0, "pitchwheel", (channel, bend)))
    seconds = performance.timeline.seconds
    for event in performance.track.events:
        if event.kind == "control_change" and event.values[1] in _HELD:
            at = max(0.0, stretch.second(seconds(event.tick)))
            messages.append(Message(at, "control_change", event.values))
    for start, length, pitch, velocity, channel in performance.notes():
        begin = stretch.second(start)
        if 0 <= begin < stretch.seconds:
            end = begin + max(0.03, length / stretch.pace)
            messages.append(Message(begin, "note_on", (channel, pitch, velocity)))
            messages.append(Message(end, "note_off", (channel, pitch)))
    order = ("program_change", "pitchwheel", "control_change", "note_off", "note_on")
    return sorted(messages, key=lambda m: (m.second, order.index(m.kind)))


def _mixed(wave: Samples, choose: random.Random, settings: RenderSettings) -> Samples:
    """Colour, level and noise of a mix."""
    tilt = choose.uniform(-settings.tilt_db, settings.tilt_db)
    peak_db = choose.uniform(-20.0, -0.5)
    noise_db = choose.uniform(-70.0, -35.0) if choose.random() < settings.noisy else -np.inf
    spectrum = np.fft.rfft(wave)
    octaves = np.log2(np.maximum(np.fft.rfftfreq(len(wave), 1 / SAMPLE_RATE), 30.0) / 1000)
    coloured = np.fft.irfft(spectrum * 10 ** (tilt * octaves / 20), len(wave))
    level = 10 ** (peak_db / 20)
    noise = np.random.default_rng(choose.getrandbits(32)).standard_normal(len(wave))
    mixed = coloured / max(float(np.abs(coloured).max()), 1e-6) + noise * 10 ** (noise_db / 20)
    return np.asarray(mixed * level, np.float32)
