"""``python -m clamp3_cli``: how the client starts the daemon."""

from clamp3_cli.main import clamp3

if __name__ == "__main__":
    clamp3(prog_name="clamp3")
