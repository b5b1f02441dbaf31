"""Published benchmarks as records: WikiMT, WikiMT-X, MidiCaps, the Song Describer Dataset.

Every function gives the fields of JSON lines in the layout of ``training.records``; ``filepaths`` name
the music relative to the folder that the JSONL will stand in. Nothing is downloaded; how to get each
dataset stands in docs/evaluation.md. Pieces whose music is not there are left out.
"""

import csv
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from clamp3_plugin.errors import BrokenFileError, MissingFileError

Fields = dict[str, Any]
_MUSIC = (".abc", ".mxl", ".musicxml", ".xml", ".mid", ".midi", ".mtf", ".npy", ".mp3", ".wav")
_TEXTS = ("background", "analysis", "description", "scene", "region", "language", "tags")


def wikimt(file: Path, music: Path | None, target: Path) -> Iterator[Fields]:
    """Read ``wikimusictext.jsonl``: title, artist, genre, description and, in some versions, music.

    Parameters
    ----------
    file
        JSON lines, or one JSON array as in the first version.
    music
        Folder of scores named by title, for versions without the ABC.
    target
        Folder that the records will stand in.
    """
    for number, row in enumerate(_objects(file), 1):
        fields = {
            "id": f"wikimt/{number}",
            "src": "wikimt",
            "title": row.get("title", ""),
            "artists": _list(row.get("artist")),
            "genres": _list(row.get("genre")),
            "description": row.get("description", ""),
        }
        paths = _found(music, [str(row.get("title", "")), str(number)], target)
        if row.get("music"):
            yield {**fields, "abc": row["music"]}
        elif paths:
            yield {**fields, "filepaths": paths}


def wikimt_x(file: Path, music: Path | None, target: Path) -> Iterator[Fields]:
    """Read WikiMT-X: four texts a piece, its sheet music and a recording.

    Parameters
    ----------
    file
        JSON lines with id, title, artists, genre and the four texts.
    music
        Folder with the files of the pieces, named by id.
    target
        Folder that the records will stand in.
    """
    for number, row in enumerate(_objects(file), 1):
        key = str(row.get("id", number))
        named = [str(name) for name in row.get("filepaths") or ()]
        paths = _found(music, [key, *(Path(name).stem for name in named)], target)
        abc = row.get("leadsheet") or row.get("music") or row.get("abc") or ""
        if not paths and not abc:
            continue
        yield {
            "id": f"wikimt-x/{key}",
            "src": "wikimt-x",
            "title": row.get("title", ""),
            "artists": _list(row.get("artists") or row.get("artist")),
            "genres": _list(row.get("genres") or row.get("genre")),
            **{name: row[name] for name in _TEXTS if row.get(name)},
            **({"translations": row["translations"]} if row.get("translations") else {}),
            **({"abc": abc} if abc else {}),
            "filepaths": paths,
        }


def midicaps(file: Path, music: Path | None, target: Path) -> Iterator[Fields]:
    """Read MidiCaps: ``train.json`` of location, caption and what was computed from the file.

    Parameters
    ----------
    file
        JSON lines.
    music
        Folder that the archive was unpacked to; ``location`` is relative to it.
    target
        Folder that the records will stand in.
    """
    for row in _objects(file):
        location = str(row.get("location", ""))
        path = (music or file.parent) / location
        if location and path.is_file():
            yield {
                "id": f"midicaps/{location}",
                "src": "midicaps",
                "description": row.get("caption", ""),
                "genres": _list(row.get("genre")),
                "mood": _list(row.get("mood")),
                "key": row.get("key", ""),
                "metre": row.get("time_signature", ""),
                "instrumentation": _list(row.get("instrument_summary")),
                "filepaths": [_relative(path, target)],
            }


def song_describer(file: Path, music: Path | None, target: Path) -> Iterator[Fields]:
    """Read the Song Describer Dataset: ``song_describer.csv``, a caption a line.

    Parameters
    ----------
    file
        CSV with caption_id, track_id, caption and path.
    music
        Folder of recordings (or of their embeddings), by ``path`` or by track id; recordings of the
        release end in ``.2min.mp3``.
    target
        Folder that the records will stand in.
    """
    folder = music or file.parent
    for row in _table(file):
        track, caption = row.get("track_id", ""), row.get("caption", "")
        named = Path(row.get("path", "") or track)
        stems = [named.with_suffix(""), Path(named.stem), Path(track)]
        tries = [f"{stem}{end}" for stem in stems for end in (".2min", "")]
        paths = _found(folder, tries, target)
        if caption and paths:
            yield {
                "id": f"song-describer/{row.get('caption_id') or track}",
                "src": "song-describer",
                "family": f"song-describer/{track}",
                "description": caption,
                "filepaths": paths,
            }


DATASETS: Mapping[str, Callable[[Path, Path | None, Path], Iterator[Fields]]] = {
    "wikimt": wikimt,
    "wikimt-x": wikimt_x,
    "midicaps": midicaps,
    "song-describer": song_describer,
}


def write_records(records: Iterator[Fields], path: Path) -> int:
    """Write records as JSON lines; gives how many there were."""
    count = 0
    with path.open("w", encoding="utf-8") as out:
        for fields in records:
            out.write(json.dumps(fields, ensure_ascii=False) + "\n")
            count += 1
    return count


def _found(folder: Path | None, stems: Sequence[str], target: Path) -> list[str]:
    """Find the files of one piece: the first stem that has any, in every kind of music."""
    for stem in stems if folder else ():
        tries = [folder / f"{stem}{end}" for end in _MUSIC] if folder and stem else []
        found = [_relative(path, target) for path in tries if path.is_file()]
        if found:
            return found
    return []


def _relative(path: Path, target: Path) -> str:
    return Path(os.path.relpath(path, target)).as_posix()


def _list(value: object) -> list[str]:
    """Make a list of one value, of several, or of several in one string."""
    items = value if isinstance(value, list) else str(value or "").split(",")
    return [str(item).strip() for item in items if str(item).strip()]


def _objects(file: Path) -> Iterator[Mapping[str, Any]]:
    text = _read(file)
    try:
        rows = json.loads(text) if text.lstrip().startswith("[") else _lines(text)
    except ValueError as error:
        raise BrokenFileError(f"{file} is neither JSON nor JSON lines: {error}.") from error
    for row in rows:
        if not isinstance(row, dict):
            raise BrokenFileError(f"{file} holds something that is no object: {str(row)[:60]!r}.")
        yield row


def _lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def _table(file: Path) -> Iterator[Mapping[str, str]]:
    yield from csv.DictReader(_read(file).splitlines())


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except OSError as error:
        raise MissingFileError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BrokenFileError(f"{file} is no text in UTF-8.") from error
