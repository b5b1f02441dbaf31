"""``clamp3 licenses``: who owns the program, the models and what it builds on."""

import json
import re
from collections.abc import Iterator
from importlib import metadata

import click

from clamp3_cli import output
from clamp3_plugin.config import Home

_NAME = "clamp3-plugin"
_LONGEST = 200  # characters; some packages put the whole text there
_MERT = (
    "MERT-v1-95M, by way of which saas and c2 read recordings, is CC BY-NC 4.0: that path is for"
    " non-commercial use only. It does not come with clamp3 and is not needed for texts, scores and MIDI"
    " files."
)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def licenses(home: Home, as_json: bool) -> int:
    """Say who owns what.

    The program, the models that are here, and the packages it builds on.
    """
    from clamp3_models.card import licences_of_others  # noqa: PLC0415 - takes numpy along
    from clamp3_models.store import ModelStore  # noqa: PLC0415 - the same

    rows = [("program", "clamp3-plugin", "MIT")]
    for info in ModelStore(home).list():
        rows.append((info.kind, info.name, info.licence or "not stated"))
        held = licences_of_others(info.path)
        rows += [(f"part of {info.name}", name, licence) for name, licence in held.items()]
    rows += [("library", name, licence) for name, licence in _dependencies()]
    if as_json:
        for kind, name, licence in rows:
            click.echo(json.dumps({"kind": kind, "name": name, "licence": licence}))
        return 0
    output.table(("kind", "name", "licence"), rows)
    click.echo(f"\n{_MERT}")
    click.echo("Your music stays yours; the scores that clamp3 demo reads belong to their editors.")
    return 0


def _dependencies() -> Iterator[tuple[str, str]]:
    """Give the licences of the packages that the program asks for, as they state them."""
    for requirement in metadata.requires(_NAME) or ():
        if "extra ==" in requirement:
            continue
        name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
        yield name, _licence(name)


def _licence(name: str) -> str:
    try:
        about = metadata.metadata(name).json
    except metadata.PackageNotFoundError:
        return "not installed"
    classifiers = about.get("classifier", [])
    stated = [
        about.get("license_expression"),
        about.get("license"),
        *(line.rpartition(" :: ")[2] for line in classifiers if line.startswith("License ::")),
    ]
    short = (text for text in stated if isinstance(text, str) and 0 < len(text) <= _LONGEST)
    return next((text for text in short if "\n" not in text), "see its package")
