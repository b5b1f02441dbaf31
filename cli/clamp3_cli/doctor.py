"""``clamp3 doctor``: is everything well, and what to do where it is not."""

import json
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from clamp3_cli import output
from clamp3_cli.promises import PROMISES, Finding
from clamp3_plugin import __version__
from clamp3_plugin.client import Client
from clamp3_plugin.config import Config, Home
from clamp3_plugin.errors import Clamp3Error, NoDaemonError, NoLibraryError

_LITTLE_SPACE = 1_000_000_000  # bytes; a library of 10,000 pieces has some 100 MB


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def doctor(home: Home, as_json: bool) -> int:
    """Check that everything is well.

    Looks at Python, torch and the device, the folders, the settings, the model, what it needs for
    recordings, the library and the daemon. Then it tries on this machine what this program promises:
    that nothing is lost, that a broken file harms nothing, that nobody else gets in. Each line is ok,
    warn or fail and says what to do. Exit code 1 if something failed.
    """
    failed = False
    for finding in findings(home):
        failed = failed or finding.state == "fail"
        if as_json:
            about = {"state": finding.state, "what": finding.what, "text": finding.text}
            click.echo(json.dumps(about))
        else:
            click.echo(f"{finding.state:4}  {finding.what:8}  {output.shown(finding.text)}")
    return 1 if failed else 0


def findings(home: Home) -> Iterator[Finding]:
    """Look at everything, one thing after the other."""
    checks = (_python, _folders, _settings, _torch, _model, _audio, _library, _daemon)
    for check in (*checks, *PROMISES):
        yield from _carefully(check, home)


def _carefully(check: Callable[[Home], Iterator[Finding]], home: Home) -> Iterator[Finding]:
    """Run a check; what a user can mend is a finding too."""
    try:
        yield from check(home)
    except Clamp3Error as error:
        yield Finding("fail", check.__name__.lstrip("_"), str(error))
    except OSError as error:
        text = f"{error.filename or 'The system'}: {error.strerror}"
        yield Finding("fail", check.__name__.lstrip("_"), text)


def _python(_home: Home) -> Iterator[Finding]:
    yield Finding("ok", "clamp3", f"{__version__} in {Path(__file__).parent}")
    yield Finding("ok", "python", f"{platform.python_version()} at {sys.executable}")


def _folders(home: Home) -> Iterator[Finding]:
    for name in ("config", "data", "cache", "state", "run"):
        folder: Path = getattr(home, name)
        there = folder
        while not there.exists():
            there = there.parent
        if not os.access(there, os.W_OK):
            yield Finding("fail", "folders", f"{folder} ({name}) may not be written: change that.")
        elif folder.exists() and os.name == "posix" and folder.stat().st_mode & 0o022:
            yield Finding("warn", "folders", f"Others may write to {folder}: chmod go-w {folder}")
        else:
            yield Finding("ok", "folders", f"{name}: {folder}")
        if name == "data" and shutil.disk_usage(there).free < _LITTLE_SPACE:
            free = output.size(shutil.disk_usage(there).free)
            yield Finding("warn", "folders", f"The disk of {folder} has only {free} left.")


def _settings(home: Home) -> Iterator[Finding]:
    config = Config.load(home)
    about = f"model {config.model}, device {config.device}, precision {config.precision}"
    yield Finding("ok", "settings", about)


def _torch(home: Home) -> Iterator[Finding]:
    try:
        import torch  # noqa: PLC0415 - what is being checked; seconds
    except (ImportError, OSError) as error:  # OSError: a shared library of it is missing
        yield Finding("fail", "torch", f"It cannot be imported ({error}): pip install torch")
        return
    from clamp3_models.device import choose_device, choose_dtype  # noqa: PLC0415 - needs torch

    config = Config.load(home)
    device = choose_device(config.device)
    dtype = str(choose_dtype(config.precision, device)).removeprefix("torch.")
    about = f"{torch.__version__} on {device}, {dtype}, {torch.get_num_threads()} threads"
    yield Finding("ok", "torch", about)


def _model(home: Home) -> Iterator[Finding]:
    from clamp3_models.store import ModelStore  # noqa: PLC0415 - takes numpy along

    name = Config.load(home).model
    info = ModelStore(home).verify(name)
    licence = info.licence or "no licence stated"
    yield Finding("ok", "model", f"{name}: verified, {output.size(info.size_bytes)}, {licence}")


def _audio(home: Home) -> Iterator[Finding]:
    from clamp3_models.store import PARTS, ModelStore  # noqa: PLC0415 - takes numpy along

    name = Config.load(home).model
    store = ModelStore(home)
    part = store.show(name).audio_front_end
    if part not in PARTS:
        yield Finding("ok", "audio", f"{name} reads {'recordings' if part else 'no recordings'}.")
        return
    needed = f"{name} reads recordings by way of {part}, CC BY-NC 4.0: non-commercial use only"
    if store.folder(part).exists():
        size = output.size(store.verify(part).size_bytes)
        yield Finding("ok", "audio", f"{needed}. It is here: verified, {size}.")
    else:
        yield Finding("ok", "audio", f"{needed}. It is not here: clamp3 models pull {part}")


def _library(home: Home) -> Iterator[Finding]:
    from clamp3_cli.wiring import make_service  # noqa: PLC0415 - torch, lancedb: seconds

    service = make_service(home, Config.load(home), read_only=True)
    try:
        service.load()
        counts = service.stats()
        problems = service.check(deep=False)
        refused = len(service.errors())
    except NoLibraryError as error:
        yield Finding("warn", "library", str(error))
        return
    finally:
        service.close()
    for problem in problems:
        yield Finding("fail", "library", f"{problem} (clamp3 library restore, or index again)")
    if not problems:
        about = f"sound: {counts['pieces']} pieces, {counts['passages']} passages"
        yield Finding("ok", "library", about)
    if refused:
        text = f"{refused} files could not be put in: clamp3 library errors"
        yield Finding("warn", "library", text)


def _daemon(home: Home) -> Iterator[Finding]:
    if not home.run_file.exists():
        yield Finding("ok", "daemon", "None runs; it is started when it is needed.")
        return
    try:
        with Client.connect(home) as client:
            about = client.status()
    except NoDaemonError as error:
        yield Finding("warn", "daemon", str(error))
        return
    text = f"pid {about.get('pid')}, {about.get('state')}, model {about.get('model')}"
    if about.get("state") == "failed":
        yield Finding("fail", "daemon", f"{text}: clamp3 daemon logs")
    elif about.get("model") != Config.load(home).model:
        yield Finding(
            "warn", "daemon", f"{text}, not the model of the settings: clamp3 daemon stop"
        )
    else:
        yield Finding("ok", "daemon", text)
