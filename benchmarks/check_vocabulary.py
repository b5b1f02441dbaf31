"""Compare the shipped vocabulary with the labels of the development data's vocabulary.

Run by hand: ``python benchmarks/check_vocabulary.py [LANGUAGE…] [--table FILE]``. It prints how far
each language agrees, then the disagreements (of the named languages, or of all).

Conventions: *same* means equal to one of the table's labels once case, accents, hyphens, spaces and
our disambiguation in brackets are dropped; *part* means that one contains the other (a classifier
such as Vietnamese "đàn", a plural); *differs* is for a person to look at.
"""

import argparse
import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
VOCABULARY = PROJECT / "clamp3_plugin" / "vocabulary.json"
TABLE = PROJECT.parent / "shared" / "data" / "vocab_multilingual.json"

# Where the table files what we file under a category; its other categories hold other senses.
TABLE_CATEGORIES = {
    "genre": ("genre", "form", "musical_term", "instrument"),  # MuseScore's families
    "dance": ("dance", "genre", "form", "musical_term"),
    "form": ("form", "genre", "musical_term", "instrument"),  # "string quartet" is there
    "mood": ("mood", "mood_keywords"),
    "instrument": ("instrument", "emoji_concept", "musical_term"),
    "region": ("region",),
    "period": ("genre", "musical_term"),
}
# The table's names for what we call otherwise.
TABLE_NAMES = {
    "art-song": ("lied (art song)", "lied", "art song"),
    "bagpipes": ("bagpipe", "bagpipes"),
    "classical": ("classical", "classical music"),
    "drums": ("drum kit", "drum set", "drums (drum set)"),
    "electronic": ("electronic", "electronic music"),
    "etude": ("etude", "étude"),
    "gregorian-chant": ("plainchant", "gregorian chant", "plainsong"),
    "hip-hop": ("hip-hop", "hip hop"),
    "horn": ("french horn", "horn (french horn)"),
    "lament": ("dirge/lament", "lament", "dirge"),
    "pop": ("pop", "popular music", "pop music"),
    "rock": ("rock", "rock music"),
    "sacred": ("church music", "sacred music", "religious music"),
    "strings": ("strings", "string section", "bowed strings"),
    "turkey": ("türkiye",),
    "united-states": ("united states", "united states of america"),
    "variations": ("variation", "variations"),
    "voice": ("voice", "voices", "vocals"),
}
# Language codes of the table that count for ours.
TABLE_LANGUAGES = {"zh": ("zh", "zh-CN", "zh-Hans"), "pt": ("pt", "pt-BR"), "en": ("en", "en-GB")}
LETTERS = str.maketrans({"ي": "ی", "ك": "ک", "ё": "е", "ß": "ss", "ς": "σ", "ł": "l", "đ": "d"})

Labels = dict[str, list[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One of our labels beside those of the table."""

    tag: str
    language: str
    label: str
    reference_labels: tuple[tuple[str, str], ...]
    """Each with its source."""

    @property
    def verdict(self) -> str:
        """How the two relate: ``same``, ``part`` or ``differs``."""
        ours = plain(self.label)
        reference = [plain(text) for text, _ in self.reference_labels]
        if ours in reference:
            return "same"
        if any(ours in text or text in ours for text in reference if text):
            return "part"
        return "differs"


def plain(text: str) -> str:
    """Drop what two spellings of one word may differ in."""
    text = re.sub(r"[(\uff08].*?[)\uff09]", "", text).casefold()
    text = unicodedata.normalize("NFD", text).translate(LETTERS)
    # Latin accents, Hebrew points, Arabic vowels; the marks of other scripts are letters.
    text = re.sub("[\u0300-\u036f\u0591-\u05c7\u064b-\u0655]", "", text)
    composed = unicodedata.normalize("NFC", text)
    return "".join(sign for sign in composed if unicodedata.category(sign)[0] in "LMN")


def table_index(table: Path) -> dict[tuple[str, str], list[Labels]]:
    """Read the table by category and lower-case English name."""
    index: dict[tuple[str, str], list[Labels]] = defaultdict(list)
    for entry in json.loads(table.read_text(encoding="utf-8"))["concepts"]:
        index[entry["category"], entry["concept"].casefold()].append(entry["labels"])
    return index


def comparisons(table: Path) -> Iterator[Comparison]:
    """Pair each of our labels with those the table has for it."""
    index = table_index(table)
    vocabulary = json.loads(VOCABULARY.read_text(encoding="utf-8"))
    for concept in vocabulary["concepts"]:
        english = re.sub(r" \(.*\)", "", concept["labels"]["en"]).casefold()
        names = TABLE_NAMES.get(concept["tag"], (english,))
        entries = [
            labels
            for category in TABLE_CATEGORIES[concept["category"]]
            for name in names
            for labels in index.get((category, name), [])
        ]
        for language, label in concept["labels"].items():
            codes = TABLE_LANGUAGES.get(language, (language,))
            found = [
                (text, source)
                for labels in entries
                for code in codes
                for text, source in labels.get(code, [])
            ]
            if found:
                yield Comparison(concept["tag"], language, label, tuple(dict.fromkeys(found)))


def print_agreement(compared: list[Comparison]) -> None:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for comparison in compared:
        counts[comparison.language][comparison.verdict] += 1
    print(f"{'':4}{'checked':>8}{'same':>6}{'part':>6}{'differs':>9}{'agreement':>11}")
    for language, count in [*counts.items(), ("all", sum(counts.values(), Counter[str]()))]:
        agreement = (count["same"] + count["part"]) / count.total()
        print(
            f"{language:4}{count.total():8}{count['same']:6}{count['part']:6}{count['differs']:9}{agreement:11.1%}"
        )


def print_disagreements(compared: list[Comparison], languages: list[str]) -> None:
    for comparison in sorted(compared, key=lambda c: c.language):
        if comparison.verdict == "differs" and (not languages or comparison.language in languages):
            reference = ", ".join(
                f"{text} [{source}]" for text, source in comparison.reference_labels
            )
            print(f"{comparison.language} {comparison.tag}: {comparison.label} | {reference}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("languages", nargs="*", metavar="LANGUAGE")
    parser.add_argument("--table", type=Path, default=TABLE)
    options = parser.parse_args()
    compared = list(comparisons(options.table))
    print_agreement(compared)
    print()
    print_disagreements(compared, options.languages)


if __name__ == "__main__":
    main()
