"""Where Ray, the models and the core meet: an index run on many workers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial

from clamp3_cli.loaded import told
from clamp3_models.encoder import Clamp3Encoder
from clamp3_models.loading import load_encoder
from clamp3_plugin.config import Config, Home
from clamp3_plugin.errors import UsageError
from clamp3_plugin.readers.apart.formats import ApartFormats
from clamp3_plugin.wire import IndexEvent


def index_by_ray(
    home: Home,
    library: str,
    paths: Sequence[str],
    on_event: Callable[[IndexEvent], None],
    *,
    retry: bool = False,
    workers: int = 0,
    threads: int = 1,
) -> Mapping[str, float]:
    """Put files and folders into a library; gives the counts of the run.

    Parameters
    ----------
    library
        A folder or a URI.
    workers, threads
        How many, and the threads of each; 0 workers for as many as there are cores.

    Raises
    ------
    UsageError
        The extra that brings Ray is not installed, or there are not so many cores.
    """
    try:
        from clamp3_plugin.scale.cluster import Cluster  # noqa: PLC0415 - an extra
        from clamp3_plugin.scale.run import index  # noqa: PLC0415 - as above
        from clamp3_plugin.scale.worker import Job  # noqa: PLC0415 - as above

        config = replace(Config.load(home), threads=threads)
        job = Job(partial(_load, home, config), ApartFormats, library)
        with Cluster(workers, threads) as cluster:
            summary = index(job, cluster, paths, lambda event: on_event(told(event)), retry=retry)
    except ModuleNotFoundError as error:
        if error.name not in {"lance", "ray"}:
            raise
        raise UsageError(
            f"The package {error.name!r} is not installed.", "pip install 'clamp3-plugin[scale]'"
        ) from error
    counts = asdict(summary)
    del counts["cancelled"]
    return {name: round(count, 3) for name, count in counts.items()}


def _load(home: Home, config: Config) -> Clamp3Encoder:
    return load_encoder(home, config)
