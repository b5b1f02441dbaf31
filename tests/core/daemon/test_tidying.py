import time

from clamp3_plugin.daemon.app import Daemon
from clamp3_plugin.daemon.tidying import Tidying
from clamp3_plugin.errors import LibraryFullError
from tests.core.daemon.trivial import TrivialService


class Compacting(TrivialService):
    """Counts how often it was tidied; the disk may be full."""

    def __init__(self, *, full: bool = False) -> None:
        super().__init__()
        self.full = full
        self.times = 0

    def compact(self):
        self.times += 1
        if self.full:
            raise LibraryFullError("There is no room.")
        return {"bytes_before": 2, "bytes_after": 1}


def daemon_of(service: TrivialService) -> Daemon:
    daemon = Daemon(service, lambda: None)
    daemon.loading.state = "ready"
    return daemon


def wait_for(service: Compacting, times: int) -> None:
    deadline = time.monotonic() + 10
    while service.times < times and time.monotonic() < deadline:
        time.sleep(0.01)


def test_an_idle_daemon_tidies_once_an_hour():
    service = Compacting()
    hourly, often = Tidying(daemon_of(service), 0), Tidying(daemon_of(service), 0, every_s=0)

    for _ in range(5):
        hourly.when_idle()
        wait_for(service, 1)
    assert service.times == 1

    often.when_idle()
    often.when_idle()
    wait_for(service, 3)
    assert service.times == 3


def test_nothing_is_tidied_while_somebody_asks_or_the_model_loads():
    service = Compacting()
    daemon = daemon_of(service)
    tidying = Tidying(daemon, 0)

    with daemon.activity.request():
        tidying.when_idle()
    daemon.loading.state = "loading"
    tidying.when_idle()
    Tidying(daemon_of(service), idle_s=60).when_idle()

    assert service.times == 0


def test_a_full_disk_ends_the_tidying_and_nothing_else():
    service = Compacting(full=True)
    tidying = Tidying(daemon_of(service), 0, every_s=0)

    tidying.when_idle()
    wait_for(service, 1)
    tidying.when_idle()
    wait_for(service, 2)

    assert service.times == 2
