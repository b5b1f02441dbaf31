"""The real daemon with the encoder that counts characters; ``python hash_daemon.py`` serves it."""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from clamp3_cli.wiring import make_service
from clamp3_plugin.config import Config, Home
from clamp3_plugin.daemon.lifecycle import serve
from tests.fakes import HashEncoder


class SlowOnDemand(HashEncoder):
    """Takes its time over a text that asks for it; gives frames and a device like the real one."""

    device = "cpu"
    folder = None

    def encode_text(self, texts):
        time.sleep(5 if "slowly now" in texts else 0)
        return self._encode(texts)


def load(_home: Home, _config: Config):
    return SlowOnDemand()


def main() -> int:
    home = Home.locate()
    return serve(home, Config(), lambda: make_service(home, Config(), load))


if __name__ == "__main__":
    sys.exit(main())
