import os
from pathlib import Path

import pytest

from pipeline.errors import UsageError
from pipeline.train.evaluate import score_texts
from pipeline.train.load import EMBEDDED, generate, load_adapter, load_base, prepare_environment, resolve_base


def test_names_folders_and_hub_names_are_told_apart(tiny: Path) -> None:
    assert resolve_base("embedded").location == str(EMBEDDED)
    assert resolve_base(str(tiny)).name == "tiny"
    hub = resolve_base("owner/model")
    assert (hub.name, hub.local) == ("owner/model", False)


@pytest.mark.parametrize("name", ["embeded", "./finns-inte", "/finns/inte", "a/b/c"])
def test_a_base_that_is_nothing_known_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"train\.base_model = .* expected"):
        resolve_base(name)


def test_a_local_base_forbids_the_network_and_a_hub_name_does_not(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", dict[str, str]())
    prepare_environment(resolve_base("owner/model"))
    assert "HF_HUB_OFFLINE" not in os.environ
    assert os.environ["HF_HUB_DISABLE_TELEMETRY"] == "1"
    prepare_environment(resolve_base(str(tiny)))
    assert os.environ["HF_HUB_OFFLINE"] == "1"


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be loaded"):
        load_base(resolve_base(str(tmp_path)))


def test_a_folder_without_an_adapter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no adapter here"):
        load_adapter(tmp_path)


def test_the_embedded_model_loads_knows_swedish_from_noise_and_writes() -> None:
    loaded = load_base(resolve_base("embedded"))
    swedish = "Regeringen har ansvar för att alla barn i Sverige får en bra skola."
    noise = "Skola bra en får Sverige i barn alla att för ansvar har regeringen."
    likely, unlikely = (score_texts(loaded, [text], 512, "float32") for text in (swedish, noise))
    assert likely.loss < unlikely.loss
    text = generate(loaded, "Regeringen har", tokens=12)
    assert text
    assert text == generate(loaded, "Regeringen har", tokens=12)
