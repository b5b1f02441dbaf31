"""All figures of docs/performance.md, in one run: each measured beside what it is compared with.

    python benchmarks/run.py FOLDER [--rows 10000 100000 1000000] [--only NAME …] [--write]

FOLDER is for what the benchmarks make and is kept: invented libraries (1.5 GB for a million rows of vectors,
twice that for the indexes of other engines), a home with the demo's library, 100,000 empty files. The first
run needs an hour or two, later ones half of it. Every benchmark is a program of its own beside this one, with
its own explanation; what it prints is taken as it is. ``FOLDER/results.json`` has output, seconds, exit code
and the machine's load before and after; ``--write`` makes docs/performance.md of it. Run it on a machine that
does nothing else. Packages: ``pip install 'clamp3-plugin[dev]' faiss-cpu hnswlib usearch``.
"""

import argparse
import datetime as dt
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "performance.md"


@dataclass(frozen=True, slots=True)
class Section:
    """One benchmark: its name here, its heading, what the reader must know, and its words."""

    name: str
    heading: str
    about: str
    words: Sequence[str]
    home: Path | None = None
    needs: Path | None = None
    """Is made by it once, and then it need not run again."""


def sections(folder: Path, rows: Sequence[int]) -> list[Section]:
    """Name what is run, in order."""
    demo = folder / "demo"
    found = [
        Section("demo", "The demo's library", "", ("-m", "clamp3_cli", "demo"), demo, demo),
        Section(
            "encoders",
            "Encoders beside the reference",
            "Towers at their published size, batch 1 and padded as the reference does it, and ours.",
            ("encoders.py", "--pieces", "12", "--chunk", "6"),
        ),
        Section(
            "model",
            "Loading, a text, a score",
            "mini, and a model of the published size with generated weights.",
            ("model_latency.py", "--repeat", "20"),
        ),
        Section(
            "start",
            "From nothing to the first answer",
            "A daemon is started and asked at once.",
            ("start.py",),
        ),
        Section(
            "find",
            "`clamp3 find` as a process",
            "A warm daemon with mini and the demo's library, beside Python importing click.",
            ("find_latency.py", "--home", str(demo)),
        ),
        Section(
            "convert",
            "Reading scores",
            "MusicXML to what the encoder reads, beside music21 reading the same files.",
            ("convert_speed.py", "--files", "30", "--most", "100000"),
        ),
        Section(
            "audio",
            "Recordings",
            "Indexing and asking with recordings, beside the reference's loop (see docs/audio.md).",
            ("audio_speed.py",),
        ),
    ]
    for count in rows:
        found += _searches(folder / f"rows-{count}", count)
    largest = folder / f"rows-{max(rows)}"
    found += [
        Section(
            "growth",
            "A library that grows",
            "Vectors are written through the library, 64 pieces at a time, with housekeeping as a run has it.",
            ("index_growth.py", str(largest), "--rows", str(max(rows))),
        ),
        Section(
            "updates",
            "10,000 small updates",
            "Bytes on the disk beside a fresh build of 150,000 rows.",
            ("index_growth.py", str(largest), "--rows", "150000", "--updates", "10000"),
        ),
        Section(
            "rescan",
            "A run in which nothing changed",
            "100,000 files, beside `find` over the same folder; best of three.",
            ("rescan.py", str(folder / "rescan")),
        ),
    ]
    return found


def _searches(place: Path, count: int) -> list[Section]:
    size = f"{count:,} passages of 768 dimensions"
    return [
        Section(f"data-{count}", "", "", ("search_data.py", str(place), "--rows", str(count)), None, place),
        Section(f"truth-{count}", "", "", ("search_scale.py", str(place), "truth"), None, place / "truth.npz"),
        Section(f"engines-{count}", "", "", ("search_scale.py", str(place), "engines"), None, place / "hnswlib.index"),
        Section(
            f"search-{count}",
            f"Search: {size}",
            "The real daemon over HTTP, 200 questions whose vectors are prepared; `key` keeps a twentieth.",
            ("search_scale.py", str(place), "daemon"),
        ),
        Section(
            f"anchors-{count}",
            f"Other engines: {size}",
            "The same questions in this process, at the first setting with a recall of 0.99: rows, not pieces.",
            ("search_scale.py", str(place), "anchors"),
        ),
    ]  # fmt: skip


def measure(section: Section) -> dict[str, Any]:
    """Run one benchmark and take what it prints."""
    first = section.words[0]
    words = [*section.words] if first == "-m" else [str(HERE / first), *section.words[1:]]
    environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
    if section.home is not None:
        environment["CLAMP3_HOME"] = str(section.home)
    before, begun = os.getloadavg()[0], time.perf_counter()
    done = subprocess.run(
        [sys.executable, *words], env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    return {
        "command": " ".join(["python", *section.words]) if first != "-m" else "clamp3 demo",
        "exit": done.returncode,
        "seconds": round(time.perf_counter() - begun, 1),
        "load": [round(before, 1), round(os.getloadavg()[0], 1)],
        "day": dt.datetime.now(dt.UTC).date().isoformat(),
        "output": done.stdout,
    }


def machine() -> dict[str, str]:
    """Say on what it was measured."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    packages = ("torch", "lancedb", "numpy", "faiss-cpu", "hnswlib", "usearch")
    return {
        "processor": f"{os.cpu_count()} × {names[0] if names else platform.processor()}",
        "system": f"{platform.system()}, Python {platform.python_version()}",
        "packages": ", ".join(f"{name} {_version(name)}" for name in packages),
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except ModuleNotFoundError:
        return "(not there)"


def page(results: dict[str, Any], order: Sequence[Section]) -> str:
    """Make the page of the results."""
    about = results["machine"]
    parts = [
        "# Performance",
        (
            "Made by `benchmarks/run.py --write`; every table is what a benchmark printed. *Load* is that of the "
            "machine before and after (2 cores: above 2, something waited)."
        ),
        f"{about['processor']}; {about['system']}; {about['packages']}.",
    ]
    for section in order:
        found = results["sections"].get(section.name)
        if found is None or not section.heading or section.name == "demo":
            continue
        load = " and ".join(map(str, found["load"]))
        failed = (
            "" if found["exit"] == 0 else f" **It ended with {found['exit']}: a limit is broken.**"
        )
        parts += [
            f"## {section.heading}",
            f"{section.about}{failed}",
            f"`{_plain(found['command'])}`, {found['day']}, load {load}:",
            _shown(found["output"]),
        ]
    return "\n\n".join(parts) + "\n"


def _plain(command: str) -> str:
    """Leave out where the folder was."""
    words = (Path(word).name if word.startswith("/") else word for word in command.split())
    return " ".join(words)


def _shown(output: str) -> str:
    """Give tables as they are and other lines as they were printed."""
    text = output.strip()
    return text if text.startswith("|") else f"```\n{text}\n```"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, nargs="+", default=[10**4, 10**5, 10**6])
    parser.add_argument("--only", nargs="+", help="names of sections; all by default")
    parser.add_argument("--write", action="store_true", help="make docs/performance.md")
    options = parser.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "results.json"
    results = json.loads(kept.read_text("utf-8")) if kept.exists() else {"sections": {}}
    results["machine"] = machine()
    order = sections(folder, options.rows)
    for section in order:
        is_made = section.needs is not None and section.needs.exists()
        if is_made or (options.only and section.name not in options.only):
            continue
        print(section.name, flush=True)
        results["sections"][section.name] = measure(section)
        print(results["sections"][section.name]["output"], flush=True)
        kept.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    if options.write:
        PAGE.write_text(page(results, order), "utf-8")
    return max((each["exit"] for each in results["sections"].values()), default=0)


if __name__ == "__main__":
    sys.exit(main())
