"""Put every hostile file before a real daemon, by index and by question, and every hostile request.

Says for each case how long it took, how much more memory the daemon and its workers held, and which
files outside of the library were opened (Linux with strace). P3, P4 and P5 of the security page: exit
code 1 if anything crashes, takes over 10 s (audio 30 s) or a GiB, opens a file outside, runs, is
answered otherwise than it should be, or if a good question after it finds the wrong thing.

    python benchmarks/hostile.py [--mutations 10000] [--daemon FILE.py] [--all-times]
    python benchmarks/hostile.py --corpus FOLDER     files of somebody else; refusals are all good
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ["CLAMP3_HOSTILE"] = "all"

from clamp3_plugin.client import ensure_daemon
from clamp3_plugin.client.start import SERVE
from clamp3_plugin.config import Home
from clamp3_plugin.daemon.refusals import STATUS
from clamp3_plugin.errors import NoDaemonError
from clamp3_plugin.readers import registry
from clamp3_plugin.readers.apart.pool import Pool
from clamp3_plugin.wire import RunFile
from tests.hostile import http_requests, json_bodies
from tests.hostile.case import CANARY, Answered, Outcome, RequestCase, Skipped, may_end
from tests.hostile.corpus import GOOD_TUNE, SHARE, files, lay_out
from tests.hostile.mutations import SEEDS, mutated, outcome_of
from tests.hostile.sending import answers_well, find, send
from tests.hostile.watching import Watch, foreign, opened_in, watch

_GIB = 2**30
_REASONS = {"", "broken_file", "too_large", "empty", "unsupported_format", "not_found"}
_INDEX_S = 1800


@dataclass(frozen=True, slots=True)
class Question:
    """A file that is asked with, and how it may end."""

    name: str
    content: bytes
    good: Outcome | None
    """None where any refusal by a reason is good."""

    def may_end(self, code: str) -> bool:
        """Tell whether it may end so."""
        return code in _REASONS if self.good is None else may_end(self.good, code)

    @property
    def most_s(self) -> float:
        """Seconds that it may take."""
        return 30 if str(registry.modality_of(Path(self.name))) == "audio" else 10


@dataclass
class Report:
    """What was found."""

    own: list[Path]
    took: list[tuple[float, int, str]] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)
    _read: int = 0

    def note(self, name: str, seconds: float, most_s: float, seen: Watch) -> None:
        """Note what a case cost, and forget it for the next."""
        more = max(0, seen.peak - seen.before)
        seen.peak = 0
        self.took.append((seconds, more, name))
        if seconds > most_s:
            self.bad.append(f"{name}: {seconds:.1f} s")
        if more > _GIB:
            self.bad.append(f"{name}: {more >> 20} MiB more")
        if seen.log.exists():
            with seen.log.open(encoding="utf-8", errors="replace") as log:
                log.seek(self._read)
                lines = log.readlines()
                self._read = log.tell()
            self.bad += [f"{name}: opened {p}" for p in foreign(opened_in(lines), self.own)]

    def tell(self, what: str, *, all_times: bool) -> None:
        """Print it."""
        by_time, by_memory = sorted(self.took)[::-1], sorted(self.took, key=lambda t: -t[1])
        print(f"{what}: {len(self.took)} cases, {sum(t for t, _, _ in self.took):.0f} s")
        print("  slowest ", *(f"{t:.2f} s {n}," for t, _, n in by_time[: None if all_times else 4]))
        print("  largest ", *(f"{m >> 20} MiB {n}," for _, m, n in by_memory[:4]), flush=True)
        self.took.clear()


def index(place: Path, root: Path, home: Home) -> tuple[dict[Path, dict[str, str]], int]:
    """Put a folder into the library as a user does; gives what became of each file."""
    stand = place / "stand"
    stand.mkdir(exist_ok=True)
    command = [sys.executable, "-P", "-m", "clamp3_cli", "--home", str(home.run.parent)]
    done = subprocess.run(
        [*command, "index", "--json", str(root)],
        cwd=stand,
        capture_output=True,
        timeout=_INDEX_S,
        check=False,
    )
    if CANARY.encode() in done.stdout + done.stderr:
        raise SystemExit("BAD: the secret outside is in what the command says")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {Path(line["path"]): line for line in lines if "path" in line}, done.returncode


def ask_all(questions: list[Question], run: RunFile, seen: Watch, report: Report) -> Counter[str]:
    """Ask with each file, and a good question after it."""
    ended: Counter[str] = Counter()
    for question in questions:
        begun = time.monotonic()
        reply = find(run, quote(question.name), question.content)
        seconds = time.monotonic() - begun
        ended[reply.code or "answered"] += 1
        report.note(question.name, seconds, question.most_s, seen)
        if not question.may_end(reply.code) or reply.status != STATUS.get(reply.code, 200):
            report.bad.append(f"{question.name}: {reply.status} {reply.code}, not {question.good}")
        if not is_well(run):
            report.bad.append(f"{question.name}: the good question after it")
    return ended


def send_all(cases: list[RequestCase], run: RunFile, seen: Watch, report: Report) -> None:
    """Send each request, and a good question after it."""
    for case in cases:
        begun = time.monotonic()
        reply = send(run, case.write)
        report.note(f"{case.kind} {case.name}", time.monotonic() - begun, 10, seen)
        if Answered(reply.status, reply.code) != case.good:
            report.bad.append(f"{case.name}: {reply.status} {reply.code}, not {case.good}")
        if not is_well(run):
            report.bad.append(f"{case.name}: the good question after it")


def is_well(run: RunFile) -> bool:
    """Tell whether a good question is answered right, and at all."""
    try:
        return answers_well(run)
    except NoDaemonError:
        return False


def damage(count: int) -> Iterator[str]:
    """Have damaged files read in a worker; gives what should not have come of them."""
    pool = Pool()
    for name in SEEDS:
        ended: Counter[str] = Counter()
        slowest = 0.0
        for data in mutated(name, count):
            each = outcome_of(pool, name, data)
            ended[each.code or "music"] += 1
            slowest = max(slowest, each.seconds)
            if each.has_killed or (each.code and each.code not in _REASONS):
                yield f"{name}: {each.code} {each.message} {data!r}"
        print(f"{count} damaged {name}: {dict(ended)}, slowest {slowest:.2f} s", flush=True)
    pool.close()


def foreign_corpus(folder: Path, place: Path) -> tuple[Path, list[Question]]:
    """Copy what somebody else has collected, links as links, with a good tune beside it."""
    root = place / "corpus"
    shutil.copytree(folder, root, symlinks=True, ignore_dangling_symlinks=True)
    (root / "good.abc").write_text(GOOD_TUNE)
    plain = sorted(p for p in root.rglob("*") if p.is_file() and not p.is_symlink())
    questions = [
        Question(os.fsencode(path.name).decode("utf-8", "replace"), path.read_bytes(), None)
        for path in plain
        if path.stat().st_size < 64 * 2**20
    ]
    return root, questions


def own_corpus(place: Path) -> tuple[Path, list[Question], dict[Path, Outcome]]:
    """Lay out our own."""
    corpus = lay_out(place)
    asked = [
        Question(case.name, case.content, case.good)
        for case in files(SHARE)
        if case.kind != "names"
    ]
    return corpus.root, asked, corpus.expected


def became(outcome: Outcome, event: dict[str, str] | None) -> bool:
    """Tell whether a file of the index run ended as it should."""
    if event is None:
        return isinstance(outcome, Skipped)
    return may_end(outcome, event["reason"] or "")


def try_all(place: Path, options: argparse.Namespace) -> list[str]:
    """Put everything before a daemon; gives what was bad."""
    expected: dict[Path, Outcome] = {}
    if options.corpus:
        root, questions = foreign_corpus(options.corpus, place)
    else:
        root, questions, expected = own_corpus(place)
    home, report = Home.locate(str(place / "home")), Report([root, place / "home"])
    command = (sys.executable, "-P", str(options.daemon.resolve())) if options.daemon else SERVE
    with ensure_daemon(home, command=command, timeout_s=120) as client:
        while client.status()["state"] == "loading":
            time.sleep(0.05)
        with watch(client.run.pid, place) as seen:
            begun = time.monotonic()
            events, code = index(place, root, home)
            report.note("clamp3 index", time.monotonic() - begun, _INDEX_S, seen)
            report.bad += [
                f"index {os.fsencode(path)!r}: {events.get(path)}, not {outcome}"
                for path, outcome in expected.items()
                if not became(outcome, events.get(path))
            ]
            states = Counter(event["reason"] or event["status"] for event in events.values())
            print(f"index: exit code {code}, {dict(states)}")
            report.tell("index", all_times=False)
            print(f"questions: {dict(ask_all(questions, client.run, seen, report))}")
            report.tell("questions", all_times=options.all_times)
            if not options.corpus:
                requests = [*json_bodies.cases(), *http_requests.cases()]
                send_all(requests, client.run, seen, report)
                report.tell("requests", all_times=False)
        report.bad += client.check(deep=True)
        client.stop()
    return report.bad + after_all(place, root, seen)


def after_all(place: Path, root: Path, seen: Watch) -> list[str]:
    """Look for what ran, was called, or was read though it lies outside."""
    calls = [line for line in seen.reached() if '"clamp3_plugin.readers.' not in line]
    ran = [path.name for path in place.rglob("PWNED*") if root not in path.parents]
    kept = [path for path in (place / "home").rglob("*") if path.is_file()]
    for closed in (root / "traps").rglob("closed"):
        closed.chmod(0o700)  # so that it can be removed
    return [
        *(f"called or started: {line}" for line in calls),
        *(f"it ran: {name}" for name in ran),
        *(f"the secret is in {p}" for p in kept if CANARY.encode() in p.read_bytes()),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, help="a folder of somebody else's files")
    parser.add_argument(
        "--mutations", type=int, default=10_000, help="damaged files of each format"
    )
    parser.add_argument("--daemon", type=Path, help="another daemon: a Python file")
    parser.add_argument("--all-times", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bad = try_all(Path(folder).resolve(), options)
    bad += damage(options.mutations)
    print(f"bad: {len(bad)}", *bad, sep="\n  ")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
