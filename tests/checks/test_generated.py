"""What is made from the code is as the code would make it, and every setting is described."""

from pathlib import Path

from policies.schema import schema_text
from winback.settings import Settings
from winback.settings_file import load_settings
from winback.settings_text import keys, reference, starting_config

ROOT = Path(__file__).parents[2]


def test_config_yaml_is_the_starting_one() -> None:
    """`make docs` was run."""
    assert (ROOT / "config.yaml").read_text(encoding="utf-8") == starting_config()


def test_the_settings_page_is_up_to_date() -> None:
    """`make docs` was run."""
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == reference()


def test_the_policy_schema_is_up_to_date() -> None:
    """`make docs` was run."""
    assert (ROOT / "policies" / "policy.schema.json").read_text(encoding="utf-8") == schema_text()


def test_every_setting_is_described() -> None:
    """No key without words."""
    assert [path for path, field in keys() if not field.description] == []


def test_the_starting_config_is_the_defaults() -> None:
    """Writing the defaults down changes nothing but where `home` is."""
    loaded = load_settings(ROOT / "config.yaml", {})
    assert loaded.model_copy(update={"home": Path("data")}) == Settings()
