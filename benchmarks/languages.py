"""Whether a question finds the same piece in Korean, Chinese, Finnish and Arabic as in English.

Asks the demo's library (run `clamp3 demo` first) for ten dances and genres in each language, in the
words of the vocabulary that ships, and prints the table of docs/languages.md.

    python benchmarks/languages.py --home FOLDER/data/demo [--encoder-alone]

With --encoder-alone the words go to the encoder as they are, untranslated by the vocabulary.
"""

import argparse
import json
import sys
from importlib import resources
from pathlib import Path

from clamp3_models.loading import load_encoder
from clamp3_plugin.config import Config, Home
from clamp3_plugin.encoding import encode
from clamp3_plugin.finder import Finder
from clamp3_plugin.library.library import Library
from clamp3_plugin.music import Modality
from clamp3_plugin.query import Query, Source
from clamp3_plugin.readers import registry
from clamp3_plugin.tags import Tagger, Vocabulary

CONCEPTS = (
    "jig", "reel", "hornpipe", "strathspey", "march", "string-quartet", "chorale", "madrigal",
    "ragtime", "folk-song",
)  # fmt: skip
LANGUAGES = ("ko", "zh", "fi", "ar")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--encoder-alone", action="store_true")
    options = parser.parse_args()
    vocabulary = json.loads(
        resources.files("clamp3_plugin").joinpath("vocabulary.json").read_text("utf-8")
    )
    labels = {concept["tag"]: concept["labels"] for concept in vocabulary["concepts"]}
    home = Home.locate(str(options.home))
    encoder = load_encoder(home, Config())
    library = Library.open(home.library, encoder.space, encoder.dim, read_only=True)
    finder = Finder(encoder, library, registry, Tagger(encoder, Vocabulary.load()))

    def first(text: str) -> tuple[str, str]:
        if options.encoder_alone:
            hit = library.search(encode(encoder, Modality.TEXT, [text])[0], 1)[0]
        else:
            hit = finder.find(Query((Source(text=text),), n=1)).hits[0]
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
    library.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
