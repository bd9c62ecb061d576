"""The report in a real browser, with the network off: it must show, fit, stay quiet and run nothing."""

import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "quality"))
from reports import HOSTILE, second

from pipeline.quality.render import render
from pipeline.quality.repeated import Removed, Repeated, Template

pytestmark = pytest.mark.browser
WIDTHS = (360, 1280)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    report = second()
    samples = tuple(replace(report.kept_samples[0], text=words, record_id=words) for words in HOSTILE)
    path = tmp_path_factory.mktemp("report") / "report.html"
    lines = tuple(Template(words * 3, True, 4321, 0.5) for words in HOSTILE)
    repeated = {HOSTILE[0]: Repeated(99, 2000, 0.12, 0.4, Removed(1234, 98765, 432), lines)}
    path.write_bytes(render(replace(report, kept_samples=samples, name=HOSTILE[0], repeated=repeated)))
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium on this machine: install Debian's chromium to run the browser tests")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra dev)")
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield started
        started.close()


@pytest.fixture
def page(browser: Any, file: Path) -> Iterator[Any]:
    """The opened report; everything that it asks for or says is in `page.seen`."""
    context = browser.new_context(offline=True)
    opened = context.new_page()
    seen: list[str] = []
    opened.on("request", lambda request: seen.append(f"request {request.url}"))
    opened.on("console", lambda message: seen.append(f"console {message.text}"))
    opened.on("pageerror", lambda error: seen.append(f"error {error}"))
    opened.on("dialog", lambda dialog: (seen.append(f"dialog {dialog.message}"), dialog.dismiss()))
    opened.seen = seen
    opened.goto(file.as_uri())
    yield opened
    context.close()


def test_it_asks_for_nothing_and_complains_of_nothing(page: Any, file: Path) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    page.mouse.move(200, 200)
    page.wait_for_timeout(100)
    assert page.seen == [f"request {file.as_uri()}"]


def test_hostile_strings_are_shown_and_do_nothing(page: Any) -> None:
    assert page.evaluate("document.querySelectorAll('script, iframe, img, object, embed, form').length") == 0
    assert page.title().startswith(HOSTILE[0])
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    shown = page.inner_text("body")
    assert all(words in shown for words in HOSTILE[:5])
    assert "U+202E" in shown


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("opened", [False, True])
def test_nothing_is_wider_than_the_window(page: Any, width: int, language: str, opened: bool) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.click(f"label[for=in-{language}]")
    page.evaluate("open => document.querySelectorAll('details').forEach(part => part.open = open)", opened)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_one_language_shows_at_a_time_and_the_keyboard_switches_it(page: Any) -> None:
    assert page.is_visible("#sv h1")
    assert page.is_hidden("#en h1")
    page.focus("#in-sv")
    page.keyboard.press("ArrowRight")
    assert page.is_visible("#en h1")
    assert page.is_hidden("#sv h1")


def test_the_verdict_is_on_the_first_screen(page: Any) -> None:
    for width, height in ((1280, 800), (360, 740)):
        page.set_viewport_size({"width": width, "height": height})
        for part in ("#sv h1", "#sv .why", "#sv .rest"):
            box = page.locator(part).bounding_box()
            assert box["y"] + box["height"] <= height, part


def test_text_can_be_told_from_its_ground_in_light_and_dark(page: Any) -> None:
    """WCAG AA asks 4.5 : 1 of small text."""
    script = """() => {
      const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).map(x => x / 255).map(x => x <= .04045 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4);
                           return .2126 * r + .7152 * g + .0722 * b; };
      const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (!/, 0\\)$/.test(c) && !/\\/ 0/.test(c)) return c; } return 'rgb(255,255,255)'; };
      return ['#sv .lead', '#sv .kicker', '#sv .why', '#sv .quiet', '#sv .badge', '#sv .counters .none', '#sv .note', '#sv .command', '#sv h1']
        .map(s => [s, document.querySelector(s)]).filter(([s, e]) => e)
        .map(([s, e]) => { const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x); return [s, (a + .05) / (b + .05)]; });
    }"""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        measured = dict(page.evaluate(script))
        assert len(measured) > 6
        assert {name: ratio for name, ratio in measured.items() if ratio < 4.5} == {}, scheme


def test_every_plot_has_a_title_a_description_and_its_numbers(page: Any) -> None:
    plots = page.evaluate(
        """() => [...document.querySelectorAll('#sv svg.plot')].map(svg => [
             svg.getAttribute('aria-labelledby').split(' ').every(id => document.getElementById(id)?.textContent.length > 0),
             !!svg.closest('section').querySelector('details table'),
           ])"""
    )
    assert len(plots) >= 5
    assert all(described and tabled for described, tabled in plots)


def test_ids_are_unique(page: Any) -> None:
    ids = page.evaluate("() => [...document.querySelectorAll('[id]')].map(part => part.id)")
    assert len(ids) == len(set(ids))
