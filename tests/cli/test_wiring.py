"""The service that answers from a library."""

from pathlib import Path

from clamp3_cli.wiring import make_service
from clamp3_plugin.config import Config, Home
from clamp3_plugin.query import Filter
from tests.cli.hash_daemon import load

BOOK = "X:1\nT:Lost\nK:C\n\nX:2\nT:Found\nK:C\nCDEF|\n\nX:3\nT:Last\nK:C\nGABc|\n"


def test_the_tunes_of_a_book_are_counted_until_it_changes(home: Home, tmp_path: Path):
    book = tmp_path / "book.abc"
    book.write_text(BOOK)
    service = make_service(home.create(), Config(), load)
    service.load()
    service.index([str(book)], lambda _: None, lambda: False)
    (first, last) = service.pieces(Filter(), 0, 10)

    assert (service.tunes(first), service.tunes(last)) == (2, 2)

    book.write_text(BOOK + "\nX:4\nK:C\nC|\n")
    assert service.tunes(last) == 0

    book.unlink()
    assert service.tunes(last) == 0
    service.close()
