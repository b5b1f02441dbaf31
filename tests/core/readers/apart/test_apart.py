"""Files read in workers: the same music as before, and a file harms nobody but itself.

Negative controls, 2026-11-24, each guard taken out once:
files read in this process: 9 tests failed, all deaths among them ("DID NOT RAISE");
no ``RLIMIT_AS``: the file that grows was given as one that died, not as one too large for memory;
no killing at the deadline: the test of the file that hangs went on until it was killed from outside;
no memory of deaths: a third reader died of ``again.abc``;
answers not checked: 3 of the 11 lies were believed, a title of numbers among them.
"""

import sys
import threading
import time

import pytest

from clamp3_plugin.errors import BrokenFileError, InputRefusedError, TooLargeError, UsageError
from clamp3_plugin.indexing.events import FileEvent
from clamp3_plugin.indexing.indexer import Indexer
from clamp3_plugin.library.library import Library
from clamp3_plugin.music import Passage
from clamp3_plugin.readers import registry
from clamp3_plugin.readers.apart.formats import ApartFormats
from clamp3_plugin.readers.apart.pool import Pool
from clamp3_plugin.readers.isolation.limits import Limits
from tests.core.readers.apart.deadly_job import LIES
from tests.fakes import HashEncoder

EAR = HashEncoder()
TUNE = b"X:1\nT:A jig\nM:6/8\nK:G\n" + b"GAB cde|dBG GAB|\n" * 8
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")


@pytest.fixture(scope="module")
def formats():
    formats = ApartFormats()
    yield formats
    formats.close()


@pytest.fixture(scope="module")
def weak():
    """Reads in workers that some files kill."""
    module = "tests.core.readers.apart.deadly_job"
    formats = ApartFormats(Pool(module, Limits(seconds=1, memory=2**29, patience=2)))
    yield formats
    formats.close()


def facts(piece):
    stretches = piece.indexed(EAR)
    return (
        piece.modality, piece.metadata, piece.digest, piece.passages(),
        [passage.printed for passage in piece.passages()],
        stretches.whole, stretches.passages, stretches.of_passages,
        piece.asked(EAR, None).inputs,
    )  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        "xml/in/x02_piano_two_staves.musicxml",
        "humdrum/*.krn",
        "midi/in/*.mid",
        "musescore/*.mscx",
    ],
)
def test_what_is_read_apart_is_what_is_read_here(golden, formats, name):
    path = min(golden.glob(name))
    here = registry.read(path)

    assert [facts(piece) for piece in formats.read(path)] == [facts(piece) for piece in here]
    asked = formats.read_bytes(path.read_bytes(), path.name)
    assert [facts(piece) for piece in asked] == [facts(piece) for piece in here]


def test_a_part_is_cut_apart_too(golden, formats):
    path = golden / "xml" / "in" / "x02_piano_two_staves.musicxml"
    (here,) = registry.read(path)
    (apart,) = formats.read_bytes(path.read_bytes(), path.name)
    bars = Passage(first_bar=2, last_bar=3)

    assert apart.asked(EAR, bars).inputs == here.asked(EAR, bars).inputs
    lower = here.of_staves(2, 2).asked(EAR, bars).inputs
    assert apart.of_staves(2, 2).asked(EAR, bars).inputs == lower
    with pytest.raises(UsageError, match="99"):
        apart.asked(EAR, Passage(first_bar=98, last_bar=99))
    with pytest.raises(UsageError, match="staves 8-9"):
        apart.of_staves(8, 9).asked(EAR, None)


def test_the_bars_of_a_part_are_told_as_the_whole_counts_them(formats):
    rests_first = b"X:1\nM:6/8\nL:1/8\nK:G\nz6|z6|" + b"GAB cde|dBG GAB|\n" * 8
    (piece,) = formats.read_bytes(rests_first, "a.abc")

    assert piece.part(None).bars == tuple(range(3, 19))
    assert piece.part(Passage(first_bar=2, last_bar=5)).bars == (3, 4, 5)


def test_a_tune_of_a_book_is_asked_for_by_its_number(formats):
    book = TUNE + b"\nX:2\nT:Another\nK:D\n" + b"D2F A2d|\n" * 9
    first, second = formats.read_bytes(book, "book.abc")

    assert [first.metadata.title, second.metadata.title] == ["A jig", "Another"]
    last = Passage(first_bar=9, last_bar=9)
    here = registry.read_bytes(book, "book.abc")[1]
    assert second.asked(EAR, last).inputs == here.asked(EAR, last).inputs


def test_a_file_that_is_what_the_encoder_reads_says_so(formats):
    text = registry.read_bytes(TUNE, "a.abc")[0].asked(EAR, None).whole

    assert formats.read_bytes(str(text).encode(), "a.abc")[0].is_interleaved
    assert not formats.read_bytes(TUNE, "a.abc")[0].is_interleaved


def test_a_refusal_is_the_one_that_the_reader_gives(formats):
    for data, name in [(b"MThd", "\x1b.mid"), (b"", "a.abc"), (b"<a/>", "a.xml"), (b"x", "a.doc")]:
        with pytest.raises(InputRefusedError) as here:
            registry.read_bytes(data, name)
        with pytest.raises(type(here.value)) as apart:
            formats.read_bytes(data, name)
        assert str(apart.value) == str(here.value)


@posix_only
@pytest.mark.parametrize(
    ("does", "error", "says"),
    [
        ("die", BrokenFileError, "exit code 139"),
        ("hang", TooLargeError, "within 1 s"),
        ("spin", TooLargeError, "within 1 s"),
        ("grow", TooLargeError, r"0\.5 GiB"),
        ("flood", TooLargeError, "128 MiB"),
    ],
)
def test_a_file_that_kills_its_reader_is_named_and_harms_no_other(weak, does, error, says):
    begun = time.monotonic()

    with pytest.raises(error, match=rf"^{does}\.abc: .*{says}"):
        weak.read_bytes(does.encode(), f"{does}.abc")

    assert time.monotonic() - begun < 10
    assert weak.read_bytes(TUNE, "a.abc")[0].metadata.title == "A jig"


def test_while_one_file_hangs_another_is_read(weak):
    def hang():
        with pytest.raises(TooLargeError):
            weak.read_bytes(b"hang", "slow.abc")

    hanging = threading.Thread(target=hang)
    hanging.start()
    time.sleep(0.1)

    assert weak.read_bytes(TUNE, "a.abc")[0].metadata.title == "A jig"
    assert hanging.is_alive()
    hanging.join()


def test_a_file_that_killed_two_readers_is_given_to_no_third(weak):
    for _ in range(2):
        with pytest.raises(BrokenFileError, match="exit code"):
            weak.read_bytes(b"die", "again.abc")
    begun = time.monotonic()

    with pytest.raises(BrokenFileError, match=r"^again\.abc: .*2 times"):
        weak.read_bytes(b"die", "again.abc")

    assert time.monotonic() - begun < 0.1
    assert len(weak.read_bytes(TUNE, "again.abc")) == 1


def test_a_reader_that_tells_the_truth_is_believed(weak):
    (piece,) = weak.read_bytes(b"truth", "a.abc")

    assert piece.asked(EAR, None).whole == "X:1\n"


@pytest.mark.parametrize("lie", LIES)
def test_a_reader_that_was_taken_over_is_not_believed(weak, lie):
    with pytest.raises(BrokenFileError, match=r"^a\.abc: "):
        weak.read_bytes(lie.encode(), "a.abc")


@posix_only
def test_an_index_run_goes_on_over_files_that_kill_their_readers(tmp_path, weak):
    music = tmp_path / "music"
    music.mkdir()
    for name in ("die", "grow", "no json"):
        (music / f"{name}.abc").write_text(name)
    for i in range(4):
        (music / f"{i}.abc").write_bytes(TUNE.replace(b"X:1", b"X:%d" % i))
    events: list[FileEvent] = []
    with Library.open(tmp_path / "library", EAR.space, EAR.dim) as library:
        Indexer(library, EAR, weak).run([music], events.append)
        told = {event.path.rpartition("/")[2]: event.status.value for event in events}

        assert told == dict.fromkeys(["0.abc", "1.abc", "2.abc", "3.abc"], "indexed") | (
            dict.fromkeys(["die.abc", "grow.abc", "no json.abc"], "refused")
        )
        assert len(library.pieces()) == 4
