"""The corpus of the judging benchmark is the same every time, and its page says what was measured."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.judge import inputs, plot, report, run
from benchmarks.judge.tools import PEERS

DOCUMENTS = [("lag", "Skogen växer. "), ("bok", "Ån rinner."), ("brev", "Hej")]
LINES = st.lists(st.sampled_from(["skog", "å. ä", "", ". ", "x" * 40, "\n", "En mening. "]), max_size=30).map(
    "".join
)


def stages(setting: str, together: float) -> dict[str, Any]:
    told = {"together": together, "first": 2 * together, "read": 0.1, "asked": 3, "language_first": 0.1}
    told |= dict.fromkeys(report.STAGES, together / 4)
    runs = [{"cpu": 9.0, "wall": 9.0, "pss_mb": 100.0, "load": 1.0, "told": told}] * 3
    return {
        "tool": "stages",
        "setting": setting,
        "version": "1",
        "documents": 10,
        "bytes": 10_000_000,
        "runs": runs,
    }


def command(tool: str, setting: str, *costs: float) -> dict[str, Any]:
    """Runs that cost so many seconds above two of start-up."""
    runs = [
        {"cpu": cost + 2, "wall": cost + 2, "start_cpu": 2, "start_wall": 2, "pss_mb": 90.0, "load": 2.0, "told": {"kept": 7}}
        for cost in costs
    ]  # fmt: skip
    return {
        "tool": tool,
        "setting": setting,
        "version": "0.1",
        "documents": 10,
        "bytes": 10_000_000,
        "runs": runs,
    }


def results(*entries: dict[str, Any]) -> dict[str, Any]:
    machine = {"processor": "P", "cores": 2, "memory_gib": 8, "python": "3"}
    return {"machine": machine, "entries": list(entries)}


def test_each_turn_has_every_document_once_in_an_order_of_its_own() -> None:
    size = sum(len(text.encode()) for _, text in DOCUMENTS)
    found = list(inputs.filled(DOCUMENTS, 6 * size))
    turns = [found[at : at + 3] for at in range(0, len(found), 3)]
    assert len(turns) == 6
    for number, turn in enumerate(turns):
        assert sorted(text for _, text in turn) == sorted(text for _, text in DOCUMENTS)
        assert all(name.endswith(f".{number}") for name, _ in turn)
    assert len({tuple(text for _, text in turn) for turn in turns}) > 1
    assert found == list(inputs.filled(DOCUMENTS[::-1], 6 * size))


def test_a_smaller_input_is_the_beginning_of_a_larger_one() -> None:
    small, large = list(inputs.filled(DOCUMENTS, 30)), list(inputs.filled(DOCUMENTS, 300))
    assert large[: len(small)] == small
    assert (
        sum(len(text.encode()) for _, text in small[:-1]) < 30 <= sum(len(text.encode()) for _, text in small)
    )


def test_no_documents_are_no_endless_input() -> None:
    with pytest.raises(ValueError, match="no document was read"):
        list(inputs.filled([], 10))


@given(LINES)
def test_pieces_lose_no_letter_and_all_but_the_last_are_long_enough(text: str) -> None:
    found = inputs.pieces(text, 20)
    assert "".join("".join(found).split()).rstrip(".") == "".join(text.split()).rstrip(".")
    assert all(len(piece.encode()) >= 20 for piece in found[:-1])


def test_the_first_document_of_a_file_is_a_file_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "HERE", tmp_path)
    inputs.write(tmp_path / "all.jsonl", DOCUMENTS)
    assert list(inputs.documents(inputs.first(tmp_path / "all.jsonl"))) == [("lag", "Skogen växer.")]
    assert inputs.facts(tmp_path / "all.jsonl") == {"documents": 3, "bytes": 29}


def test_speed_leaves_start_up_out_and_takes_the_median() -> None:
    assert report.speed(command("datatrove", "all", 20, 10, 99)) == 0.5
    assert report.speed(stages("clean", 2.0)) == 5.0


def test_the_page_has_ratios_goals_and_what_failed() -> None:
    failed = {
        "tool": "data-juicer",
        "setting": "all",
        "version": "1",
        "error": "exit 1: no model",
        "runs": [],
    }
    page = report.page(
        results(
            stages("clean", 1.0), stages("short", 2.0), command("kvarn measure", "1 worker", 2.0),
            command("datatrove", "all", 50.0), command("libraries", "langdetect", 10.0), failed,
        )
    )  # fmt: skip
    assert "Our stages on clean text: 10.0 MB/s a core; the goal is 12." in page
    assert "datatrove: 50.0 to 50.0 times slower than our stages" in page
    assert "25.0 to 25.0 times slower than our whole command; the goal is 30." in page
    assert "| datatrove 0.1, all | 10.0 | 10 | 7 | 52.0 | 2.00 | 0.20 | 50.0 | 25.0 |" in page
    assert "| langdetect 0.1 | language | 1.00 | 40.0 | 40.0 | 1 |" in page
    assert "- data-juicer, all: exit 1: no model" in page
    assert "1.0 to 2.0: others" in page


def test_a_page_of_nothing_can_be_written() -> None:
    assert "None." in report.page(results())


def test_a_peers_runs_are_kept_while_its_key_stays() -> None:
    old = command("datatrove", "all", 50.0) | {"key": "a"}
    now = {name: old[name] for name in ("tool", "setting", "version")}
    assert run.begun(results(old), now | {"key": "a"}, fresh=False)["runs"] == old["runs"]
    assert run.begun(results(old), now | {"key": "b"}, fresh=False)["runs"] == []
    assert run.begun(results(old), now | {"key": "a"}, fresh=True)["runs"] == []
    ours = results(stages("clean", 1.0))
    begun = run.begun(ours, {"tool": "stages", "setting": "clean", "version": "2"}, fresh=False)
    assert begun["runs"] == []
    assert ours["entries"] == [begun]


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_every_peer_is_pinned_and_its_page_names_its_version(peer: Any) -> None:
    assert peer.script.is_file()
    for setting in peer.settings:
        assert f'"{setting}"' in peer.script.read_text()
        assert peer.version(setting), (peer.name, setting)
    pins = [line for line in peer.requirements.read_text().splitlines() if not line.startswith("#")]
    assert all("==" in pin for pin in pins)


def test_the_figure_shows_the_fastest_first_and_how_much_slower_a_peer_is(tmp_path: Path) -> None:
    found = results(command("datatrove", "all", 50.0), stages("clean", 1.0))
    assert plot.rows(found)["name"].tolist()[0] == "Kvarn, stages in memory"
    plot.write(found, tmp_path / "figure.svg")
    assert "0.20 MB/s, 50.0 times slower" in (tmp_path / "figure.svg").read_text()
    plot.write(results(), tmp_path / "none.svg")
    assert not (tmp_path / "none.svg").exists()
