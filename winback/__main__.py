"""The `winback` command."""

import sys


def main() -> None:
    """Run the command line; a mistake of the user's ends in one line and an exit code."""
    from winback.cli.app import main as run  # noqa: PLC0415  an import failure below must reach the same handler

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
