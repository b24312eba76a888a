"""The figures to play with obey the laws of their pages; the landing page starts a reader."""

import math
import re

import pytest
from backends import ROOT

NETWORK = "chapters/dropout.html"
GALLERIES = {"spatial": "chapters/spatial.html", "choosing": "chapters/choosing.html"}
PLAYABLE = (NETWORK, *GALLERIES.values())
LANDING = "chapters/index.html"
STATIC = ROOT / "d2lcompat" / "book" / "static"

# What the picture of the network shows
UNITS = """() => [...document.querySelectorAll('.mask-on-network .unit')].map(unit => ({
    h: unit.dataset.value ? Number(unit.dataset.value) : null,
    weights: (unit.dataset.weights ?? '').split(' ').map(Number),
    shown: Number(unit.querySelector('.value').textContent.replace('−', '-')),
    dropped: unit.classList.contains('dropped'),
    line: unit.querySelector('path')
        && Number(getComputedStyle(unit.querySelector('path')).strokeOpacity),
}))"""

# What a gallery shows: for each panel its masks, as rows of booleans, true where a cell is filled
PANELS = """() => [...document.querySelectorAll('.mask-gallery .panel')].map(panel => {
    const [rows, columns] = [Number(panel.dataset.rows), Number(panel.dataset.columns)];
    return {
        per: panel.dataset.per,
        share: panel.querySelector('.share').textContent,
        masks: [...panel.querySelectorAll('.dropped')].map(path => {
            const cells = Array.from({length: rows}, () => Array(columns).fill(false));
            for (const [, j, i] of (path.getAttribute('d')).matchAll(/M(\\d+) (\\d+)h1v1h-1z/g))
                cells[i][j] = true;
            return cells;
        }),
    };
})"""


def draw(page, times=1, button="Draw 100"):
    """Press a button. From the page itself: two thousand masks are soon drawn."""
    page.get_by_role("button", name=button).evaluate(
        "(button, times) => { for (; times > 0; times -= 1) button.click(); }", times
    )


def start_again(page):
    page.get_by_role("button", name="Start again").click()


def set_range(page, name, value):
    """Move a slider as a keyboard does: to one end, then step by step."""
    slider = page.get_by_role("slider", name=name)
    slider.press("Home")
    step, least = (float(slider.get_attribute(key)) for key in ("step", "min"))
    for _ in range(round((value - least) / step)):
        slider.press("ArrowRight")
    assert float(slider.input_value()) == pytest.approx(value)


def deviation(number, width, chance=1e-9):
    """How far the mean of so many draws from an interval of that width may be off (Hoeffding)."""
    return width * math.sqrt(math.log(2 / chance) / (2 * number))


def rounded(value):
    """As the figure writes it: to three digits."""
    return pytest.approx(value, rel=5.1e-3, abs=1e-9)


# --- the network --------------------------------------------------------------------------------


def obeys_the_definition(units, p):
    """Every hidden unit shows 0 or h/(1-p), every output the sum of what it gets."""
    hidden = [unit for unit in units if unit["h"] is not None]
    assert len(hidden) == 5
    for unit in hidden:
        assert unit["shown"] == (0 if unit["dropped"] else rounded(unit["h"] / (1 - p)))
        assert (unit["line"] < 0.2) == unit["dropped"]  # pale
    outputs = units[len(hidden) :]
    assert len(outputs) == 3
    for k, output in enumerate(outputs):
        kept = (unit for unit in hidden if not unit["dropped"])
        sum_ = sum(unit["weights"][k] * unit["h"] for unit in kept) / (1 - p)
        assert output["shown"] == rounded(sum_)
    return tuple(unit["dropped"] for unit in hidden)


@pytest.mark.parametrize("p", [0.05, 0.3, 0.5, 0.95])
def test_kept_units_are_divided_and_dropped_ones_are_zero(page, book, p):
    page.goto(f"{book}/{NETWORK}")
    set_range(page, "Probability to drop", p)
    masks = set()
    for _ in range(40):
        draw(page, button="Draw a mask")
        masks.add(obeys_the_definition(page.evaluate(UNITS), p))
    assert len(masks) > 3  # fresh masks, not one for ever
    assert any(any(mask) for mask in masks)


def test_the_slider_works_by_keyboard_and_its_value_is_shown(page, book):
    page.goto(f"{book}/{NETWORK}")
    slider = page.get_by_role("slider", name="Probability to drop")
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert slider.input_value() == "0.55"
    assert page.locator("[data-shows=p]").inner_text() == "0.55"
    obeys_the_definition(page.evaluate(UNITS), 0.55)
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("radio", name="evaluation").is_checked()


def test_nothing_is_dropped_at_0_and_everything_at_1(page, book):
    page.goto(f"{book}/{NETWORK}")
    set_range(page, "Probability to drop", 0)
    draw(page)
    assert not any(obeys_the_definition(page.evaluate(UNITS), 0))
    set_range(page, "Probability to drop", 1)
    draw(page)
    units = page.evaluate(UNITS)
    assert all(unit["shown"] == 0 for unit in units)
    assert [unit["dropped"] for unit in units] == [True] * 5 + [False] * 3
    assert "NaN" not in page.locator(".mask-on-network").inner_html()
    assert "Infinity" not in page.locator(".mask-on-network").inner_html()


def test_evaluation_is_the_identity_and_draws_nothing(page, book):
    page.goto(f"{book}/{NETWORK}")
    set_range(page, "Probability to drop", 0.8)
    before = page.evaluate(UNITS)
    page.get_by_role("radio", name="evaluation").check()
    assert not any(obeys_the_definition(page.evaluate(UNITS), 0))
    assert page.get_by_role("button", name="Draw a mask").is_disabled()
    assert page.get_by_role("button", name="Draw 100").is_disabled()
    page.get_by_role("radio", name="training").check()
    assert page.evaluate(UNITS) == before


@pytest.mark.parametrize("p", [0.2, 0.5, 0.9])
def test_the_running_mean_approaches_the_value_without_dropout(page, book, p):
    page.goto(f"{book}/{NETWORK}")
    set_range(page, "Probability to drop", p)
    draw(page, 20)
    units = page.evaluate(UNITS)
    h = [unit["h"] for unit in units[:5]]
    sums = [sum(unit["weights"][k] * unit["h"] for unit in units[:5]) for k in range(3)]
    for place, value in enumerate(h + sums):
        page.get_by_role("combobox", name="Unit whose mean").select_option(index=place)
        said = page.get_by_role("status").inner_text().replace("−", "-")
        number, mean, expected = re.search(
            r"over (\d+) masks: (\S+)\. Without dropout, \S+ = (\S+)\.", said
        ).groups()
        assert int(number) == 2001
        assert float(expected) == value
        width = (value if place < 5 else sum(h)) / (1 - p)
        assert abs(float(mean) - value) < deviation(2001, width)
        # The chart says the same: in its middle stands the value, at the end of the line the mean.
        tick = page.locator(".mask-on-network .tick").nth(1).text_content().replace("−", "-")
        assert float(tick) == value
        scale = value if place < 5 else sum(h)
        end = float(page.locator(".mask-on-network .mean").get_attribute("d").split()[-1])
        assert end == pytest.approx(-40 * (float(mean) - value) / scale, abs=0.3)


def test_drawing_can_be_repeated(page, book):
    page.goto(f"{book}/{NETWORK}")

    def first_masks():
        start_again(page)
        found = [page.evaluate(UNITS)]
        for _ in range(5):
            draw(page, button="Draw a mask")
            found.append(page.evaluate(UNITS))
        return found

    once = first_masks()
    set_range(page, "Probability to drop", 0.9)
    draw(page, 3)
    assert first_masks() == once
    assert page.get_by_role("slider", name="Probability to drop").input_value() == "0.5"


# --- the galleries ------------------------------------------------------------------------------


def cover(rows, columns, block):
    """How many of the blocks that lie inside a map cover each pixel; counted one by one."""
    covers = [[0] * columns for _ in range(rows)]
    for top in range(rows - block + 1):
        for left in range(columns - block + 1):
            for i in range(top, top + block):
                for j in range(left, left + block):
                    covers[i][j] += 1
    return [n for row in covers for n in row]


def is_made_of_blocks(mask, size):
    """Whether every filled cell lies in a filled square of that size."""
    rows, columns = len(mask), len(mask[0])
    left = {(i, j) for i in range(rows) for j in range(columns) if mask[i][j]}
    for top in range(rows - size + 1):
        for start in range(columns - size + 1):
            square = {(top + i, start + j) for i in range(size) for j in range(size)}
            if all(mask[i][j] for i, j in square):
                left -= square
    return not left


def shares(page):
    """For each panel, the share that is shown for now and on average."""
    return [
        [float(number) / 100 for number in re.findall(r"([\d.]+) %", panel["share"])]
        for panel in page.evaluate(PANELS)
    ]


@pytest.mark.parametrize("path", GALLERIES.values(), ids=GALLERIES)
def test_a_gallery_drops_nothing_at_0_and_everything_at_1(page, book, path):
    page.goto(f"{book}/{path}")
    for p in (0, 1):
        set_range(page, "Probability to drop", p)
        draw(page)
        cells = [c for panel in page.evaluate(PANELS) for m in panel["masks"] for r in m for c in r]
        assert len(cells) > 500
        assert set(cells) == {bool(p)}
        assert shares(page) == [[p, p]] * len(shares(page))


@pytest.mark.parametrize("path", GALLERIES.values(), ids=GALLERIES)
def test_what_shares_a_decision_is_dropped_together(page, book, path):
    page.goto(f"{book}/{path}")
    set_range(page, "Probability to drop", 0.4)
    mixed = {}
    for _ in range(20):
        draw(page, button="Draw again")
        for number, panel in enumerate(page.evaluate(PANELS)):
            for mask in panel["masks"]:
                columns = list(zip(*mask, strict=True))
                same_rows = all(len(set(row)) == 1 for row in mask)
                same_columns = all(len(set(column)) == 1 for column in columns)
                if panel["per"] == "map":
                    assert same_rows
                    assert same_columns
                elif panel["per"] == "row":
                    assert same_rows
                elif panel["per"] == "column":
                    assert same_columns
                elif panel["per"] == "block":
                    assert is_made_of_blocks(mask, 5)
                mixed.setdefault((number, panel["per"]), []).append(
                    (not same_rows, not same_columns)
                )
    for (_, per), found in mixed.items():
        rows, columns = (any(values) for values in zip(*found, strict=True))
        assert rows == (per in ("cell", "column", "block"))
        assert columns == (per in ("cell", "row", "block"))


@pytest.mark.parametrize("size", [1, 3, 7, 13])
def test_blocks_have_the_size_that_was_set(page, book, size):
    page.goto(f"{book}/{GALLERIES['spatial']}")
    set_range(page, "Block size", size)
    found = []
    for _ in range(30):
        draw(page, button="Draw again")
        found += next(panel for panel in page.evaluate(PANELS) if panel["per"] == "block")["masks"]
    assert all(is_made_of_blocks(mask, size) for mask in found)
    assert not all(is_made_of_blocks(mask, size + 1) for mask in found)


@pytest.mark.parametrize("path", GALLERIES.values(), ids=GALLERIES)
@pytest.mark.parametrize("p", [0.1, 0.5])
def test_the_share_that_is_dropped_is_near_the_rate(page, book, path, p):
    page.goto(f"{book}/{path}")
    set_range(page, "Probability to drop", p)
    draw(page, 10)
    for panel, (now, mean) in zip(page.evaluate(PANELS), shares(page), strict=True):
        cells = [cell for mask in panel["masks"] for row in mask for cell in row]
        assert now == pytest.approx(sum(cells) / len(cells), abs=6e-4)
        decisions = {"cell": len(cells), "row": 8, "column": 12}.get(panel["per"], 4)
        assert abs(mean - p) < deviation(1001 * decisions, 1) + 1e-3


def test_gamma_is_solved_for_and_the_papers_falls_short(page, book):
    page.goto(f"{book}/{GALLERIES['spatial']}")
    p, size, side = 0.5, 7, 14
    set_range(page, "Probability to drop", p)
    set_range(page, "Block size", size)
    covers = cover(side, side, size)

    def shown():
        draw(page, 10)
        gamma = float(re.search(r"γ = (\S+)\.", page.get_by_role("status").inner_text())[1])
        exact = sum(1 - (1 - gamma) ** n for n in covers) / len(covers)
        block = [panel["per"] for panel in page.evaluate(PANELS)].index("block")
        return gamma, exact, shares(page)[block][1]

    gamma, exact, mean = shown()
    assert exact == pytest.approx(p, abs=5e-3)
    assert abs(mean - p) < deviation(4004, 1) + 1e-3
    page.get_by_role("checkbox", name="γ of the paper").check()
    papers, exact, mean = shown()
    assert papers == rounded(p * side**2 / (size**2 * (side - size + 1) ** 2))
    assert papers < gamma
    assert abs(mean - exact) < deviation(4004, 1) + 5e-3
    assert mean < p - 0.05


# --- all of them --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PLAYABLE)
def test_without_a_script_the_same_picture_stands_still(page, chromium, book, path, tmp_path):
    still = chromium.new_context(java_script_enabled=False).new_page()
    still.goto(f"{book}/{path}")
    assert still.locator(".playable svg[role=img]").is_visible()
    assert still.locator(".playable form").count() == 0
    page.goto(f"{book}/{path}")
    svg = page.locator(".playable svg")
    # The controls are there; until they are touched, the script has changed nothing.
    assert page.locator(".playable form").is_visible()
    drawn = tmp_path / "still.svg"
    drawn.write_text(svg.evaluate("svg => new XMLSerializer().serializeToString(svg)"))
    assert svg.inner_html() == still.locator(".playable svg").inner_html(), (
        f"The script draws another picture now: without `role` and `aria-label`, {drawn} is the "
        "new file in chapters/img/."
    )
    label = still.locator(".playable svg").get_attribute("aria-label")
    assert label == svg.get_attribute("aria-label"), "The figure's `:alt:` tells another state."
    still.context.close()


@pytest.mark.parametrize("path", PLAYABLE)
def test_a_screen_reader_is_told_what_changed(page, book, path):
    page.goto(f"{book}/{path}")
    svg, status = page.locator(".playable svg"), page.get_by_role("status")
    before = svg.get_attribute("aria-label"), status.inner_text()
    draw(page)
    after = svg.get_attribute("aria-label"), status.inner_text()
    assert before[0] != after[0]
    assert before[1] != after[1]
    assert len(after[1]) < 220
    assert page.get_by_role("img", name=after[0], exact=True).count() == 1
    # While a slider is dragged nothing is read out, and at its end one sentence is.
    slider = page.get_by_role("slider", name="Probability to drop")
    slider.evaluate("e => e.dispatchEvent(new InputEvent('input', {bubbles: true}))")
    assert status.get_attribute("aria-busy") == "true"
    slider.evaluate("e => e.dispatchEvent(new Event('change', {bubbles: true}))")
    assert status.get_attribute("aria-busy") == "false"
    assert page.locator(".playable [aria-live], .playable output").count() == 0  # no second voice


@pytest.mark.parametrize("path", PLAYABLE)
def test_every_control_is_reached_by_keyboard_and_has_a_name(page, book, path):
    page.goto(f"{book}/{path}")
    controls = page.locator(".playable :is(input, select, button)")
    names = controls.evaluate_all(
        "all => all.map(e => (e.labels?.[0] ?? e).textContent.trim()).filter(Boolean)"
    )
    assert len(names) == controls.count() >= 4
    page.get_by_role("slider", name="Probability to drop").focus()
    reached = {"p"}
    for _ in range(controls.count()):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("() => document.activeElement.name || document.activeElement.value")
        )
    everything = set(controls.evaluate_all("all => all.map(e => e.name || e.value)"))
    assert everything <= reached
    page.get_by_role("button", name="Draw 100").focus()
    before = page.get_by_role("status").inner_text()
    page.keyboard.press("Enter")
    assert page.get_by_role("status").inner_text() != before
    # Nobody needs to have asked for less motion: there is none.
    moving = "svg => svg.getAnimations({subtree: true}).length"
    assert page.locator(".playable svg").evaluate(moving) == 0


@pytest.mark.parametrize("path", PLAYABLE)
def test_on_paper_there_is_the_picture_and_no_control(page, book, path):
    page.goto(f"{book}/{path}")
    page.emulate_media(media="print")
    assert page.locator(".playable svg").is_visible()
    assert page.locator(".playable svg").bounding_box()["width"] > 200
    assert not page.locator(".playable :is(input, button, select)").first.is_visible()
    assert not page.get_by_text("Draw 100").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [*PLAYABLE, LANDING])
def test_a_picture_takes_the_colours_of_the_page(chromium, book, path, scheme):
    page = chromium.new_context(color_scheme=scheme).new_page()
    page.goto(f"{book}/{path}")
    paper, ground, ink, words = page.evaluate(
        """() => {
            const svg = document.querySelector('.inline > svg');
            const style = (element) => getComputedStyle(element);
            return [style(svg.querySelector('.paper')).fill, style(document.body).backgroundColor,
                    style(svg.querySelector('text')).fill, style(document.body).color];
        }"""
    )
    assert paper == ground
    assert ink == words
    bright = sum(map(float, re.findall(r"[\d.]+", ground)[:3])) > 3 * 128
    assert bright == (scheme == "light")
    page.context.close()


@pytest.mark.parametrize("path", [*PLAYABLE, LANDING])
def test_a_telephone_shows_the_picture_whole_and_readable(page, book, path):
    page.set_viewport_size({"width": 375, "height": 720})
    page.goto(f"{book}/{path}")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 375
    svg = page.locator(".inline > svg").first
    box = svg.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 375
    sizes = svg.locator("text").evaluate_all(
        "all => all.map(t => parseFloat(getComputedStyle(t).fontSize) * t.getScreenCTM().a"
        " || parseFloat(getComputedStyle(t).fontSize) * Math.abs(t.getScreenCTM().b))"
    )
    assert min(sizes) > 9
    cut = svg.evaluate(
        """svg => { const box = svg.getBoundingClientRect();
            return [...svg.querySelectorAll('text')].filter(text => {
                const at = text.getBoundingClientRect();
                return at.width && (at.left < box.left - 1 || at.right > box.right + 1
                                    || at.bottom > box.bottom + 1 || at.top < box.top - 1);
            }).map(text => text.textContent); }"""
    )
    assert cut == []


@pytest.mark.parametrize("path", [*PLAYABLE, LANDING])
def test_a_figure_asks_nobody_else(page, book, path):
    asked, errors = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{book}/{path}", wait_until="networkidle")
    if path in PLAYABLE:
        draw(page)
    assert len(asked) > 3
    assert [url for url in asked if not url.startswith((book, "data:"))] == []
    assert errors == []
    assert any("playable_figures.js" in url for url in asked) == (path in PLAYABLE)


def test_the_script_is_small():
    assert 0 < (STATIC / "playable_figures.js").stat().st_size < 15_000


# --- the landing page ---------------------------------------------------------------------------


def test_the_first_screen_shows_a_picture_and_where_to_start(page, book):
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(f"{book}/{LANDING}")
    seen = [
        page.locator(".bd-article h1"),
        page.get_by_role("img", name=re.compile("network four times")),
    ]
    links = page.locator(".start-links a")
    seen += [links.nth(place) for place in range(links.count())]
    assert links.all_inner_texts() == ["PyTorch", "TensorFlow", "JAX", "MXNet"]
    for element in seen:
        box = element.bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 720
        assert box["width"] > 40


@pytest.mark.parametrize("framework", ["pytorch", "tensorflow", "jax", "mxnet"])
def test_one_click_starts_a_reader_with_a_framework(page, book, framework):
    page.goto(f"{book}/{LANDING}")
    page.locator(f".start-links a[href*='framework={framework}']").click()
    page.wait_for_url("**/preliminaries.html**")
    chosen = page.locator("input:checked + label[data-sync-group=framework]").evaluate_all(
        "labels => labels.map(label => label.dataset.syncId)"
    )
    assert len(chosen) > 3
    assert set(chosen) == {framework}


def test_the_landing_page_says_what_each_page_answers(page, book):
    page.goto(f"{book}/{LANDING}")
    pages = page.locator("dd a.internal").evaluate_all("links => links.map(a => a.href)")
    listed = page.locator(".bd-sidebar-primary nav a.internal").evaluate_all(
        "links => links.map(a => a.href).filter(href => !/index.html|\\/api\\//.test(href))"
    )
    assert len(listed) > 8
    missing = {url.split("#")[0] for url in listed} - {url.split("#")[0] for url in pages}
    assert {url.rsplit("/", 1)[1] for url in missing} <= {"references.html", "#"}, missing
