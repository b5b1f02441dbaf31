"""``python -m clamp3_cli``: how the client starts the daemon."""

from clamp3_cli.main import program

if __name__ == "__main__":
    program()
