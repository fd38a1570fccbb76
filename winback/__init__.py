"""Winback notices that a customer is drifting away and does something about it.

Importing this package makes its five sibling packages importable ahead of any other
distribution's: they lie beside it in a checkout, and in `_app/` in an installed wheel.
"""

import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
HOME = _HERE / "_app" if (_HERE / "_app").is_dir() else _HERE.parent
PACKAGES = ("agents", "tools", "policies", "prompts", "workers")

for _name in PACKAGES:
    _other = sys.modules.get(_name)
    if _other is not None and Path(_other.__path__[0]).resolve() != HOME / _name:
        raise ImportError(f"another distribution's package {_name!r} was imported first")
if sys.path[0] != str(HOME):
    sys.path.insert(0, str(HOME))

__version__ = "0.1.0"
