"""A process that lives by ``model.steps`` until it is killed; it says on stdout what is done.

python life.py LIBRARY SEED STATE.json JOURNAL
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from clamp3_plugin.library.library import Library
from tests.core.crash.model import DIM, SPACE, steps, take
from tests.core.crash.synced import noted


def say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def main() -> None:
    folder, seed, state, journal = Path(sys.argv[1]), int(sys.argv[2]), *map(Path, sys.argv[3:5])
    say("open")
    with noted(folder, journal), Library.open(folder, SPACE, DIM) as library:
        say("ready")
        for number, step in enumerate(steps(seed, json.loads(state.read_text()))):
            take(library, step)
            say(number)


if __name__ == "__main__":
    main()
