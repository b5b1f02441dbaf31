"""Whether a question finds the same piece in Korean, Chinese, Finnish and Arabic as in English.

Asks the demo's library (run `clamp3 demo` first) for ten dances and genres in each language, in the
words of the vocabulary that ships, and prints the table of docs/languages.md.

    python benchmarks/languages.py --home FOLDER/data/demo
"""

import argparse
import json
import sys
from importlib import resources
from pathlib import Path

from clamp3_cli.wiring import make_service
from clamp3_models.loading import load_encoder
from clamp3_plugin.config import Config, Home
from clamp3_plugin.query import Query, Source

CONCEPTS = (
    "jig", "reel", "hornpipe", "strathspey", "march", "string-quartet", "chorale", "madrigal",
    "ragtime", "folk-song",
)  # fmt: skip
LANGUAGES = ("ko", "zh", "fi", "ar")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    options = parser.parse_args()
    vocabulary = json.loads(
        resources.files("clamp3_plugin").joinpath("vocabulary.json").read_text("utf-8")
    )
    labels = {concept["tag"]: concept["labels"] for concept in vocabulary["concepts"]}
    service = make_service(Home.locate(str(options.home)), Config(), load_encoder, read_only=True)
    service.load()

    def first(text: str) -> tuple[str, str]:
        hit = service.find(Query((Source(text=text),), n=1)).hits[0]
        return hit.piece.id, hit.piece.metadata.title or Path(hit.piece.path).stem

    same = dict.fromkeys(LANGUAGES, 0)
    print("| English | first hit | " + " | ".join(LANGUAGES) + " |")
    print("|---|---|" + "---|" * len(LANGUAGES))
    for concept in CONCEPTS:
        english, title = first(labels[concept]["en"])
        cells = []
        for language in LANGUAGES:
            found, its_title = first(labels[concept][language])
            same[language] += found == english
            mark = "same" if found == english else its_title
            cells.append(f"{labels[concept][language]}: {mark}")
        print(f"| {labels[concept]['en']} | {title} | " + " | ".join(cells) + " |")
    print("same of", len(CONCEPTS), same)
    service.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
