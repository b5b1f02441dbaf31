"""Ray, and nothing else of it in this code: a cluster that is there, or one of this machine's own."""

import logging
import os
import secrets
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from types import TracebackType
from typing import Any, Self

from clamp3_plugin.errors import UsageError
from clamp3_plugin.scale.worker import Row, Worker

_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nobody is told that somebody uses this
    "RAY_BACKEND_LOG_LEVEL": "fatal",  # what it tells of workers that die, we tell if it matters
}
_ALONE = {
    # Without these, ports on which code can be run are open to the network (the variable with the long
    # name keeps them on loopback, on any system), and to every user of this machine.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_AUTH_MODE": "token",
}
_OBJECTS = 256 << 20
"""Bytes of memory for rows on their way: they are names, hashes and counts."""


class Cluster:
    """Workers for one run; ``RAY_ADDRESS`` names a cluster, else there is one of this machine's cores.

    It begins when there is something to do.

    Parameters
    ----------
    workers
        How many there are; 0 for as many as there are cores.
    threads
        Cores for each of them.
    """

    def __init__(self, workers: int = 0, threads: int = 1) -> None:
        self._wanted = workers
        self._threads = threads
        self._shut_down: Callable[[], None] = _nothing

    @cached_property
    def workers(self) -> int:
        """How many there are.

        Raises
        ------
        UsageError
            There are fewer cores than so many need.
        """
        cores = int(self._ray.cluster_resources().get("CPU", 1))
        workers = self._wanted or max(1, cores // self._threads)
        if workers * self._threads > cores:  # Ray would wait for them for ever
            raise UsageError(
                f"{workers} workers of {self._threads} threads each need"
                f" {workers * self._threads} cores; the cluster has {cores}.",
                "Ask for fewer workers.",
            )
        return workers

    @cached_property
    def _ray(self) -> Any:  # noqa: ANN401 - Ray is untyped here
        os.environ.update(_QUIET)
        address = os.environ.get("RAY_ADDRESS")
        if not address:
            os.environ.update(_ALONE)
            os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # what Ray says of its own future is nobody's business here
            import ray  # noqa: PLC0415 - it reads these variables when it is imported
            import ray.data  # noqa: PLC0415 - as above

            self._begin(ray, address)
            context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        for name in ("ray", "ray.data"):
            logging.getLogger(name).setLevel(logging.ERROR)
        return ray

    def _begin(self, ray: Any, address: str | None) -> None:  # noqa: ANN401 - as above
        options: dict[str, Any] = {"address": address}
        if not address:
            options = {
                "num_cpus": self._wanted * self._threads or None,
                "object_store_memory": _OBJECTS,
                "include_dashboard": False,
            }
        self._shut_down = ray.shutdown
        ray.init(log_to_driver=False, logging_level=logging.ERROR, **options)

    def close(self) -> None:
        """Let go of the cluster, or end it."""
        self._shut_down()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def each(self, function: Callable[[Row], Row], rows: Sequence[Row]) -> Iterator[Row]:
        """Call a function with every row; gives what comes of them as it comes."""
        return self._run(self._of(rows), function, num_cpus=1)

    def by_workers(
        self, worker: type[Worker], arguments: Sequence[object], rows: Sequence[Row]
    ) -> Iterator[Row]:
        """Give every row to one of several workers, each made once; gives what comes of them.

        The rows of one that dies go to another.
        """
        size = min(self.workers, len(rows))
        return self._run(
            self._of(rows),
            worker,
            fn_constructor_args=tuple(arguments),
            compute=self._ray.data.ActorPoolStrategy(size=size),
            num_cpus=self._threads,
        )

    def _of(self, rows: Sequence[Row]) -> Any:  # noqa: ANN401 - Ray is untyped here
        # a block a row, and they are there already: no task that reads waits for a core which the
        # workers have (ray-project/ray#44687)
        return self._ray.data.from_items(list(rows), override_num_blocks=len(rows))

    def _run(self, rows: Any, function: object, **options: Any) -> Iterator[Row]:  # noqa: ANN401 - as above
        yield from rows.map(function, **options).iter_rows()


def _nothing() -> None:
    """Shut down what has not begun."""
