"""``clamp3 demo``: real scores into a library of its own, and questions in five languages.

The scores are those that an installed music21 carries; they are read where they are, and nothing is
downloaded. See docs/demo.md for what they are and whose.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clamp3_cli import output
from clamp3_cli.find import show_table
from clamp3_cli.progress import progress, summary
from clamp3_plugin.config import Config, Home
from clamp3_plugin.errors import MissingFileError
from clamp3_plugin.music import Passage
from clamp3_plugin.query import Answer, Query, Source
from clamp3_plugin.wire import dumps, hit_to_wire

if TYPE_CHECKING:  # torch, lancedb: seconds
    from clamp3_cli.wiring import MusicService

FOLDERS = (
    "bach",  # some 400 chorales in four voices
    "ryansMammoth",  # 1,059 tunes of the fiddler: jigs, reels, hornpipes, clogs
    "essenFolksong/han1.abc",  # 554 songs of the Han Chinese
    "essenFolksong/altdeu10.abc",  # 313 old German songs
    "haydn",  # string quartets
    "mozart",
    "monteverdi",  # madrigals for five voices
    "joplin",
)
"""Below the corpus: styles that a musician tells apart at once, and small enough for two minutes."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and in which words."""

    language: str
    text: str
    meaning: str = ""


QUESTIONS = (
    Question("en", "lively Irish jig in 6/8"),
    Question("ko", "바흐의 4성부 코랄", "a four-part chorale by Bach"),
    Question("zh", "文艺复兴时期的牧歌", "a Renaissance madrigal"),
    Question("fi", "jousikvartetto", "a string quartet"),
    Question("ar", "رقصة الريل الأيرلندية", "an Irish reel"),
)
PASSAGE_OF = "bach/bwv269.mxl"
PASSAGE = Passage(first_bar=1, last_bar=8)
_N = 5


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a question.")
@click.pass_obj
def demo(home: Home, as_json: bool) -> int:
    """Take a tour on real music.

    Puts scores that the installed music21 carries (chorales, fiddle tunes, folk songs, quartets,
    madrigals) into a library of its own, apart from yours, and asks questions in five languages and
    with eight bars of a score. Takes some minutes the first time and uses no network.
    """
    from clamp3_cli.wiring import make_service  # noqa: PLC0415 - torch, lancedb: seconds
    from clamp3_models.loading import load_encoder  # noqa: PLC0415 - as above

    corpus = find_corpus()
    own = Home.locate(str(home.data / "demo")).create()
    # the library is the demo's own, settings and models are the user's
    service = make_service(own, Config.load(home), lambda _, config: load_encoder(home, config))
    try:
        service.load()
        tour(service, corpus, as_json=as_json)
    finally:
        service.close()
    if not as_json:
        click.echo("\nNow with your own music:  clamp3 index FOLDER  and then  clamp3 find WORDS")
    return 0


def tour(
    service: "MusicService", corpus: Path, folders: Sequence[str] = FOLDERS, *, as_json: bool
) -> None:
    """Index folders of the corpus and ask."""
    output.say(f"reading scores of music21 in {corpus}")
    with progress("reading scores") as show:
        counts = service.index([str(corpus / name) for name in folders], show, lambda: False)
    output.say(summary(counts))
    for number, (title, query) in enumerate(_queries(corpus), 1):
        begun = time.perf_counter()
        answer = service.find(query)
        took_ms = 1000 * (time.perf_counter() - begun)
        if as_json:
            click.echo(dumps(_line(title, answer, took_ms)))
            continue
        click.echo(f"\n{number}. {title}  [{took_ms:.0f} ms]")
        show_table(answer.hits, str(corpus))


def find_corpus() -> Path:
    """Find the scores that music21 carries, without importing it (which takes seconds).

    Raises
    ------
    MissingFileError
        It is not installed, or was installed without them.
    """
    spec = find_spec("music21")
    folders = spec.submodule_search_locations if spec else None
    corpus = Path(next(iter(folders)), "corpus") if folders else None
    if corpus is None or not (corpus / FOLDERS[0]).is_dir():
        raise MissingFileError(
            "The demo reads scores that the Python package music21 carries, and they are not here.",
            "Install it: pip install 'clamp3-plugin[demo]'",
        )
    return corpus.resolve()  # as the library names files


def _queries(corpus: Path) -> Iterator[tuple[str, Query]]:
    for asked in QUESTIONS:
        meaning = f"  ({asked.meaning})" if asked.meaning else ""
        yield f"{asked.language}: {asked.text}{meaning}", _query(Source(text=asked.text))
    file = corpus / PASSAGE_OF
    source = Source(data=file.read_bytes(), name=file.name, passage=PASSAGE)
    yield f"{output.place(PASSAGE)} of {PASSAGE_OF}", _query(source)


def _query(*plus: Source) -> Query:
    return Query(plus, n=_N)


def _line(title: str, answer: Answer, took_ms: float) -> dict[str, object]:
    hits = [hit_to_wire(hit, rank) for rank, hit in enumerate(answer.hits, 1)]
    return {"question": title, "took_ms": round(took_ms, 1), "hits": hits}
