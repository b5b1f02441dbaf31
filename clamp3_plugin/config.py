"""Where things are kept, and the user's settings: Home and Config. Standard library only.

``CLAMP3_HOME`` (or ``--home``) puts everything under one folder; otherwise platformdirs says where.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from clamp3_plugin.errors import UsageError


@dataclass(frozen=True, slots=True)
class Home:
    """Folders of this user: ``config``, ``data``, ``cache``, ``state`` and ``run``."""

    config: Path
    data: Path
    cache: Path
    state: Path
    run: Path

    @classmethod
    def locate(cls, home: str | None = None) -> "Home":
        """Take ``home``, else ``CLAMP3_HOME``, else what the system provides."""
        root = home or os.environ.get("CLAMP3_HOME")
        if root:
            base = Path(root).expanduser().absolute()
            return cls(*(base / name for name in ("config", "data", "cache", "state", "run")))
        return cls._by_xdg() if sys.platform == "linux" else cls._by_platformdirs()

    @classmethod
    def _by_platformdirs(cls) -> "Home":
        import platformdirs  # noqa: PLC0415 - 13 ms that a fixed home need not pay

        dirs = platformdirs.PlatformDirs("clamp3", appauthor=False)
        return cls(
            dirs.user_config_path,
            dirs.user_data_path,
            dirs.user_cache_path,
            dirs.user_state_path,
            # not user_runtime_path: it is emptied at logout and absent on some systems,
            # and the MuseScore plugin needs one path that stays
            dirs.user_state_path / "run",
        )

    @classmethod
    def _by_xdg(cls) -> "Home":
        """Answer as platformdirs does on Linux, in none of its time: every command waits for it."""
        defaults = {
            "CONFIG": ".config",
            "DATA": ".local/share",
            "CACHE": ".cache",
            "STATE": ".local/state",
        }
        config, data, cache, state = (
            Path(os.environ.get(f"XDG_{name}_HOME", "").strip() or Path.home() / default) / "clamp3"
            for name, default in defaults.items()
        )
        return cls(config, data, cache, state, state / "run")

    @property
    def library(self) -> Path:
        """Folder of the LanceDB library."""
        return self.data / "library"

    @property
    def models(self) -> Path:
        """Folder of imported and downloaded models."""
        return self.data / "models"

    @property
    def run_file(self) -> Path:
        """Where the daemon says its port and token."""
        return self.run / "daemon.json"

    @property
    def log_file(self) -> Path:
        """Log of the daemon."""
        return self.state / "daemon.log"

    def create(self) -> "Home":
        """Make the folders, for this user only."""
        for folder in (self.config, self.data, self.cache, self.state, self.run):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self


@dataclass(frozen=True, slots=True)
class Config:
    """The user's settings, from ``config.toml``; all optional."""

    model: str = "mini"
    device: str = "auto"
    """``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``."""
    precision: str = "auto"
    """``auto``, ``fp32``, ``bf16``, ``fp16``, ``int8``."""
    keep_alive_s: float = 600.0
    """The daemon leaves after this many idle seconds; 0 keeps it for ever."""
    threads: int = 0
    """Threads of the encoder; 0 lets torch choose."""
    library: str = ""
    """A library on object storage that is looked on: ``s3://bucket/prefix``. Else the user's own."""

    @classmethod
    def load(cls, home: Home) -> "Config":
        """Read ``config.toml``; a missing file means the defaults.

        Raises
        ------
        UsageError
            A line that cannot be read, an unknown name, or a value of the wrong type.
        """
        path = home.config / "config.toml"
        if not path.exists():
            return cls()
        import tomllib  # noqa: PLC0415 - 4 ms that a command which asks the daemon need not pay

        try:
            table = tomllib.loads(path.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError(
                f"{path} is no valid TOML: {error}.", "Mend it or remove it."
            ) from error
        return cls._from_table(table, path)

    @classmethod
    def _from_table(cls, table: Mapping[str, object], path: Path) -> "Config":
        default = cls()
        known = {field.name: getattr(default, field.name) for field in fields(cls)}
        for name, value in table.items():
            if name not in known:
                raise UsageError(
                    f"{path}: unknown setting {name!r}.", f"Known: {', '.join(known)}."
                )
            wanted = float if isinstance(known[name], float) else type(known[name])
            if isinstance(value, bool) or not isinstance(value, (int, wanted)):
                raise UsageError(f"{path}: {name} must be a {wanted.__name__}, not {value!r}.")
            known[name] = wanted(value)
        return cls(**known)
