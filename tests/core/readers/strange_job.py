"""A job for a worker that does to its process whatever the question says."""

import os
import sys
import time
from pathlib import Path

from clamp3_plugin.readers.isolation.child import Ask, Job, serve_asking
from clamp3_plugin.readers.isolation.framing import Message


def prepare(ask: Ask) -> Job:
    sys.stdout.write("what is printed reaches nobody")
    return lambda question: do(question, ask)


def do(question: Message, ask: Ask) -> Message:  # noqa: C901 - a list of misdeeds
    match question.text("do"):
        case "ask back":
            answers = [ask(Message({"number": i}, question.body)) for i in range(3)]
            return Message({}, b"".join(answer.body for answer in answers))
        case "echo":
            sys.stdout.write("noise on standard output")
            return Message({"pid": os.getpid()}, question.body)
        case "die":
            os._exit(3)
        case "hang":
            time.sleep(60)
        case "spin":
            while True:
                pass
        case "grow":
            return Message({}, b"x" * 2**34)
        case "write":
            Path("file").write_bytes(bytes(2**20))
        case "raise":
            raise LookupError("no such key")
        case "recurse":
            return do(question, ask)
        case "where":
            names = [str(Path.cwd()), *sorted(os.environ), str(list(Path.cwd().iterdir()))]
            return Message({"session": os.getsid(0)}, "\n".join(names).encode())
    return Message({})


if __name__ == "__main__":
    serve_asking(prepare)
