"""The programs into which ``clamp3 bridge install`` puts something; a new one is named here."""

from collections.abc import Mapping
from types import MappingProxyType

from clamp3_bridges.ardour.host import ArdourHost
from clamp3_bridges.installing import Host
from clamp3_bridges.musescore.host import MuseScoreHost
from clamp3_bridges.puredata.host import PureDataHost
from clamp3_bridges.reaper.host import ReaperHost
from clamp3_bridges.supercollider.host import SuperColliderHost

_ALL: tuple[Host, ...] = (
    MuseScoreHost(),
    ArdourHost(),
    ReaperHost(),
    PureDataHost(),
    SuperColliderHost(),
)

HOSTS: Mapping[str, Host] = MappingProxyType({host.name: host for host in _ALL})
"""By the name that is typed."""
