"""The user's indexed music: LanceDB keeps it, memory answers from it. Nothing else knows LanceDB."""

import os

# Lance reads these when it is loaded; at its own level it talks to stderr, and reading with eight
# threads, whatever the machine, it keeps up to sixty with their stacks and heaps
os.environ.setdefault("LANCE_LOG", "error")
os.environ.setdefault("LANCE_IO_THREADS", str(max(2, (os.cpu_count() or 2) // 2)))
