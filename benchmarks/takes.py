"""Whether a tune that is played on a keyboard finds its own MIDI file, by how the take is read.

    python benchmarks/takes.py

The files are 248 tunes that the installed music21 carries, in a library that is made for this in a
temporary folder. 40 of them are played by a hand that is made up: notes begin 12 ms too early or late
(standard deviation), last 75 to 98 % of what is written, and are struck with 74 of 127, give or take 9; in
time with 120 quarter notes a minute, or at a tempo between 80 and 160. The first 64 notes are asked with,
as a MIDI file (``.mid``) and as a take (``.take``, see ``readers/take.py``).
"""

import random
import statistics
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from clamp3_plugin.client import Client, ensure_daemon
from clamp3_plugin.config import Home
from clamp3_plugin.daemon.hearing.tones import Tone
from clamp3_plugin.daemon.hearing.written import playing_of
from clamp3_plugin.query import Query, Source
from clamp3_plugin.readers import registry

PLAYED = 40
NOTES = 64
BARS = range(8, 49)
LOOKED_AT = 200
BEGINNING = b"\0\xff\x51\x03\x07\xa1\x20\0\xff\x58\4\4\2\x18\x08\0\xc0\0"  # 120, 4/4, piano


def main() -> None:
    tunes = dict(_tunes())
    with tempfile.TemporaryDirectory() as at:
        for name, abc in tunes.items():
            Path(at, f"{name}.mid").write_bytes(_file(_tones(abc, 120)))
        with ensure_daemon(Home.locate(f"{at}/home"), timeout_s=180) as client:
            list(client.index([at]))
            print(f"{len(client.pieces(limit=1000))} MIDI files")
            for free in (False, True):
                _ask(client, tunes, is_free=free)
            client.stop()


def _ask(client: Client, tunes: dict[str, str], *, is_free: bool) -> None:
    hand = random.Random(7)  # noqa: S311 - nothing secret
    ranks: dict[str, list[int]] = {"mid": [], "take": []}
    for name in hand.sample(sorted(tunes), PLAYED):
        tempo = hand.uniform(80, 160) if is_free else 120
        data = _file([_played(tone, hand) for tone in _tones(tunes[name], tempo)[:NOTES]])
        for ending, found in ranks.items():
            query = Query((Source(data=data, name=f"x.{ending}"),), n=LOOKED_AT)
            names = [Path(hit.piece.path).stem for hit in client.find(query).hits]
            found.append(names.index(name) + 1 if name in names else LOOKED_AT + 1)
    print("tempo 80 to 160" if is_free else "tempo 120")
    for ending, found in ranks.items():
        print(
            f"  as .{ending}: MRR {statistics.mean(1 / rank for rank in found):.2f}, first"
            f" {sum(rank == 1 for rank in found)}, in ten {sum(rank <= 10 for rank in found)}"
            f" of {len(found)}, median {statistics.median(found):g}"
        )


def _tunes() -> Iterator[tuple[str, str]]:
    spec = find_spec("music21")
    if spec is None or spec.origin is None:
        raise SystemExit("needs music21")
    corpus = Path(spec.origin).parent / "corpus"
    alone = sorted((corpus / "ryansMammoth").glob("*.abc"))[:990:9]
    books = [corpus / "essenFolksong" / name for name in ("han1.abc", "altdeu10.abc")]
    for file, step in [*((file, 1) for file in alone), *((book, 5) for book in books)]:
        for number, score in list(enumerate(registry.read_written(file)))[::step]:
            if len(lines := score.whole().splitlines()) and score.metadata.bars in BARS:
                timeless = [line for line in lines if not line.startswith("Q:")]
                yield f"{file.stem}{number}", "\n".join(timeless)


def _tones(abc: str, tempo: float) -> list[Tone]:
    return playing_of(abc, tempo).tones


def _played(tone: Tone, hand: random.Random) -> Tone:
    start = 1 + tone.start + hand.gauss(0, 0.012)
    length = max(0.03, tone.length * hand.uniform(0.75, 0.98) + hand.gauss(0, 0.008))
    return Tone(start, length, tone.pitch, max(30, min(120, round(hand.gauss(74, 9)))))


def _file(tones: list[Tone]) -> bytes:
    """Write a MIDI file as notation programs do, with 480 ticks a quarter note at 120."""
    zero = min(tone.start for tone in tones)
    events = []
    for tone in tones:
        start, end = (round(960 * (at - zero)) for at in (tone.start, tone.start + tone.length))
        events.append((start, 1, bytes((0x90, tone.pitch, tone.velocity))))
        events.append((max(end, start + 1), 0, bytes((0x80, tone.pitch, 0))))
    track, now = bytearray(BEGINNING), 0
    for tick, _, message in sorted(events):
        track += bytes((0x80 | tick - now >> 14, 0x80 | tick - now >> 7 & 127, tick - now & 127))
        track += message
        now = tick
    track += b"\0\xff\x2f\0"
    return b"MThd\0\0\0\6\0\0\0\1\1\xe0MTrk" + len(track).to_bytes(4) + bytes(track)


if __name__ == "__main__":
    main()
