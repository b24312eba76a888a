"""The copy button copies exactly the code."""

PAGE = "chapters/dropout.html"


def test_a_cell_in_a_tab_is_copied_without_its_output(page, book):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{book}/{PAGE}?framework=jax")
    cell = page.locator("div.cell:has(> .cell_output)").filter(visible=True).first
    source = cell.locator(".cell_input pre")
    cell.locator(".cell_input .highlight").hover()
    cell.locator(".cell_input button.copybtn").click()
    page.locator("button.copybtn.success").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == source.evaluate("pre => pre.textContent").rstrip("\n")
    assert "jax" in copied or "jnp" in copied or "X" in copied
    output = cell.locator(".cell_output").inner_text().strip()
    assert output
    assert output.splitlines()[0] not in copied
    assert not copied.startswith((">>>", "In ["))


def test_outputs_have_no_button(visit):
    page = visit(PAGE)
    assert page.locator(".cell_input button.copybtn").count() > 10
    assert page.locator(".cell_output button.copybtn").count() == 0


def test_the_button_has_a_name_and_works_by_keyboard(page, book):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{book}/{PAGE}?framework=pytorch")
    button = page.get_by_role("button", name="Copy to clipboard").filter(visible=True).first
    button.focus()
    page.keyboard.press("Enter")
    page.locator("button.copybtn.success").wait_for()
    assert "import torch" in page.evaluate("navigator.clipboard.readText()")


def test_prompts_are_not_copied(page, book):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{book}/chapters/dropout.html?framework=pytorch")
    button = page.get_by_role("button", name="Copy to clipboard").filter(visible=True).first
    pre = button.locator("xpath=..").locator("pre")
    pre.evaluate(
        "pre => { pre.innerHTML = '<span class=gp>&gt;&gt;&gt; </span>1 + 1\\n"
        "<span class=go>2</span>\\n' }"
    )
    button.focus()
    page.keyboard.press("Enter")
    page.locator("button.copybtn.success").wait_for()
    assert page.evaluate("navigator.clipboard.readText()").strip() == "1 + 1"
