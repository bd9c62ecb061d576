"""docs/measures.md says what the code says."""

from pathlib import Path

from flows.measures import ELSEWHERE, document
from flows.settings import Settings
from pipeline.stages.noise import LIMIT_KEYS
from pipeline.stages.noise_limits import PRESETS
from pipeline.stages.noise_profiles import PROFILES

ROOT = Path(__file__).resolve().parents[2]


def test_the_shipped_table_is_what_the_code_says() -> None:
    assert (ROOT / "docs/measures.md").read_text(encoding="utf-8") == document(), (
        "run: python -m flows.measures > docs/measures.md"
    )


def test_every_measure_and_limit_has_its_row() -> None:
    lines = document().split("\n")
    for stage in Settings().measure.stages():
        for spec in stage.measures:
            assert any(line.startswith(f"| `{spec.name}` | {spec.unit} |") for line in lines), spec.name
    for key in LIMIT_KEYS:
        assert sum(line.startswith(f"| `{key}` |") for line in lines) >= 2, key


def test_every_profile_and_preset_has_its_column() -> None:
    (head,) = [line for line in document().split("\n") if line.startswith("| key | general |")]
    assert all(f"| {name} " in head for name in (*PROFILES, *PRESETS) if name != "default")


def test_limits_of_other_sections_exist() -> None:
    settings = Settings()
    assert all(hasattr(getattr(settings, section), key) for _, section, key, _ in ELSEWHERE)
