"""What every command shares: where the settings come from, and how it prints."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from winback.settings import Settings, load_settings

DEFAULT_CONFIG = Path("config.yaml")

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")


class Session:
    """One run of the command line: the settings, read at most once, and the two streams."""

    def __init__(self, config: Path | None = None) -> None:
        self.config = config
        self.out = Console(highlight=False)
        self.err = Console(stderr=True, highlight=False)
        self._settings: Settings | None = None

    @property
    def config_path(self) -> Path | None:
        """The named file, else $WINBACK_CONFIG, else ./config.yaml if there is one, else defaults."""
        named = self.config or (Path(found) if (found := os.environ.get("WINBACK_CONFIG")) else None)
        return named or (DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None)

    @property
    def settings(self) -> Settings:
        if self._settings is None:
            self._settings = load_settings(self.config_path, os.environ)
        return self._settings


pass_session = click.make_pass_decorator(Session)


def print_json(value: Any) -> None:
    """One JSON document on the standard output."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2, default=str)
    sys.stdout.write("\n")
