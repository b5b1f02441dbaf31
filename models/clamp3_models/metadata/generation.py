"""Generation: records in, records with metadata out, several at a time, each kept once it is done.

A record that fails is named and holds up nothing; it is asked about again by the next run. Records
come out in the order in which they are finished.
"""

import os
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from clamp3_models.metadata.answers import LISTS, TEXTS, Answer
from clamp3_models.metadata.codes import languages, regions
from clamp3_models.metadata.conversation import Gate, Outcome, Plan, converse
from clamp3_models.metadata.endpoint import Endpoint
from clamp3_models.metadata.journal import Journal
from clamp3_models.metadata.material import RETRIEVED, Material, Unfit
from clamp3_plugin.errors import NoModelError

_HOPELESS = 10
"""Records in a row that failed by the endpoint's fault, after which a run ends."""
_ENDPOINTS_FAULT = frozenset({"endpoint", "refused"})


def generate(
    materials: Iterable[Material | Unfit],
    journal: Journal,
    endpoint: Endpoint,
    plan: Plan,
    *,
    concurrency: int = 4,
) -> Generator[Outcome, None, None]:
    """Write metadata of every piece that the journal lacks; gives what became of each record.

    Raises
    ------
    NoModelError
        The endpoint takes no question, or failed for many records in a row. What is in the journal
        stays.
    """
    gate = Gate()
    hopeless = 0
    pool = ThreadPoolExecutor(concurrency, thread_name_prefix="metadata")
    try:

        def submit(material: Material) -> Future[Outcome]:
            return pool.submit(converse, material, endpoint, plan, gate)

        for material, outcome in _outcomes(materials, journal, submit, 2 * concurrency):
            if material is not None and outcome.answer is not None:
                journal.append(merged(material, outcome.answer, endpoint.llm))
            yield outcome
            if outcome.requests:
                hopeless = hopeless + 1 if outcome.reason in _ENDPOINTS_FAULT else 0
            if hopeless >= _HOPELESS:
                raise NoModelError(
                    f"{endpoint.url}: {hopeless} records failed in a row, the last one"
                    f" {outcome.message}.",
                    "Run the same command again later: it goes on from there.",
                )
    finally:
        gate.stop()
        pool.shutdown(wait=False, cancel_futures=True)


def merged(material: Material, answer: Answer, llm: str) -> dict[str, object]:
    """Put an answer into its record: what was found replaces, what was not leaves what there was.

    Name and artists stay those of the record. A region or language that is no code goes. Who wrote a
    field is said in ``text_origin``.
    """
    had = {name: value for name, value in material.fields.items() if name not in RETRIEVED}
    found: dict[str, object] = {
        "region": answer.region,
        "language": answer.language,
        "genres": list(answer.genres),
        "tags": list(answer.tags),
        **answer.texts,
    }
    origin = f"written by {llm} from the record and retrieved text"
    origins = had.get("text_origin")
    written = {name: origin for name, value in found.items() if value}
    return {
        **had,
        "id": material.id,
        "title": material.title,
        "artists": list(material.artists or answer.artists),
        "region": answer.region or _kept_code(had.get("region"), regions()),
        "language": answer.language or _kept_code(had.get("language"), languages()),
        **{name: found[name] or had.get(name) or [] for name in LISTS},
        **{name: found[name] or had.get(name) or "" for name in TEXTS},
        "translations": dict(answer.translations),
        "text_origin": {**(origins if isinstance(origins, dict) else {}), **written},
    }


def moved(material: Material, source: Path, target: Path) -> Material:
    """Let a record name its music from another folder."""
    names = material.fields.get("filepaths")
    if not isinstance(names, list) or source.resolve() == target.resolve():
        return material
    paths = [
        Path(os.path.relpath(source.resolve() / str(name), target.resolve())) for name in names
    ]
    fields = {**material.fields, "filepaths": [path.as_posix() for path in paths]}
    return Material(
        material.id, material.title, material.artists, material.facts, material.sources, fields
    )


def _kept_code(value: object, known: frozenset[str]) -> str:
    return value if isinstance(value, str) and value in known else ""


def _outcomes(
    materials: Iterable[Material | Unfit],
    journal: Journal,
    submit: Callable[[Material], Future[Outcome]],
    most: int,
) -> Iterator[tuple[Material | None, Outcome]]:
    """Ask about records as workers come free: a data set of millions is never in memory."""
    asked: dict[Future[Outcome], Material] = {}
    begun: set[str] = set()
    for material in materials:
        if isinstance(material, Unfit):
            yield None, Outcome(material.id, "unfit", material.reason, material.message)
        elif material.id in journal.ids or material.id in begun:
            yield None, Outcome(material.id, "skipped")
        else:
            begun.add(material.id)
            asked[submit(material)] = material
            if len(asked) >= most:
                yield from _finished(asked)
    while asked:
        yield from _finished(asked)


def _finished(asked: dict[Future[Outcome], Material]) -> Iterator[tuple[Material, Outcome]]:
    done, _ = wait(asked, return_when=FIRST_COMPLETED)
    for future in done:
        yield asked.pop(future), future.result()
