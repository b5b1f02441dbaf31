"""Time mini beside a model of the official size: loading, one short text, one score of 64 bars.

    python benchmarks/model_latency.py [--threads 2] [--repeat 40]

Each model is loaded and asked in a process of its own. The one of official size (saas, c2) has random
weights, written to a temporary folder (1.9 GB) with mini's tokenizer: time does not depend on what
the numbers are.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TEXT = "a cheerful Irish jig in D major for fiddle and flute"
BARS = 64


def score() -> str:
    bar = "[V:1](3DEF GA Bc d2|[V:2]D,2 A,2 [F,A,]4|\n"
    header = 'M:4/4\nK:D\nV:1 treble nm="Violin"\nV:2 bass nm="Violoncello"\n'
    return header + bar * BARS


def asked(folder: str, threads: int, repeat: int) -> dict[str, float]:
    import torch  # noqa: PLC0415 - importing is part of what is timed apart

    from clamp3_models.weights import load_model  # noqa: PLC0415 - the same

    torch.set_num_threads(threads)
    begun = time.perf_counter()
    model = load_model(Path(folder))
    found = {"load_s": time.perf_counter() - begun}
    for name, ask in (
        ("text_ms", lambda: model.encode_text([TEXT])),
        ("score_ms", lambda: model.encode_score([score()])),
    ):
        ask()
        times = []
        for _ in range(repeat):
            begun = time.perf_counter()
            ask()
            times.append(time.perf_counter() - begun)
        found[name] = statistics.median(times) * 1000
    return found


def in_own_process(folder: Path, threads: int, repeat: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--folder", str(folder)]
    options = ["--threads", str(threads), "--repeat", str(repeat)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def write_full_size(folder: Path, mini: Path) -> None:
    import shutil  # noqa: PLC0415

    from clamp3_models.clamp3 import Clamp3, Clamp3Config  # noqa: PLC0415
    from clamp3_models.folder import TOKENIZER_FILES, write_sums  # noqa: PLC0415
    from clamp3_models.weights import write_model  # noqa: PLC0415

    config = Clamp3Config.official("random")
    write_model(folder, config, Clamp3(config).state_dict())
    for name in TOKENIZER_FILES:
        if (mini / name).exists():
            shutil.copyfile(mini / name, folder / name)
    write_sums(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=40)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.folder:
        print(json.dumps(asked(given.folder, given.threads, given.repeat)))
        return

    import clamp3_models  # noqa: PLC0415

    mini = Path(clamp3_models.__file__).parent / "mini"
    with tempfile.TemporaryDirectory() as name:
        full = Path(name)
        write_full_size(full, mini)
        small = in_own_process(mini, given.threads, given.repeat)
        large = in_own_process(full, given.threads, max(5, given.repeat // 8))
    print(f"{given.threads} threads; medians of {given.repeat} calls")
    print("| what | mini | official size | ratio |\n|---|---|---|---|")
    for key, what, unit in (
        ("load_s", "load", "s"),
        ("text_ms", f"text of {len(TEXT.split())} words", "ms"),
        ("score_ms", f"score of {BARS} bars, two voices", "ms"),
    ):
        ratio = large[key] / small[key]
        print(f"| {what} | {small[key]:.2f} {unit} | {large[key]:.2f} {unit} | {ratio:.1f} |")


if __name__ == "__main__":
    main()
