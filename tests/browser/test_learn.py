"""Lessons in Chromium: presented by keyboard to the end, and opened from the link on a phone."""

import re
from contextlib import suppress

from playwright.sync_api import Browser, Page, TimeoutError, expect

from explorer.ui.learning import known
from tests.browser.chromium import visit, wait_until_finished
from tests.serving import Server

LONG_MS = 120_000
FIRST = known.lessons().lessons[0]
TITLES = [*(step.title for step in FIRST.steps), "To take away"]


def heading(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible(timeout=LONG_MS)


def overflow(page: Page) -> int:
    return int(
        page.evaluate(
            "() => { const m = document.querySelector('[data-testid=stMain]');"
            " return m.scrollWidth - m.clientWidth; }"
        )
    )


def test_a_teacher_presents_the_first_lesson_by_keyboard(page: Page) -> None:
    visit(page, f"/learn?lesson={FIRST.key}")
    page.get_by_role("button", name="Present").focus()
    page.keyboard.press("Enter")
    heading(page, TITLES[0])
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    expect(page.get_by_role("link", name="Explore")).to_have_count(0)
    expect(page).to_have_url(re.compile("view=present"))
    for title in TITLES[1:]:
        answers = page.get_by_role("button", name="Show answers")
        if answers.count():
            page.keyboard.press("a")
            expect(page.get_by_role("button", name="Hide answers")).to_be_visible(timeout=LONG_MS)
        page.keyboard.press("ArrowRight")
        heading(page, title)
        assert overflow(page) <= 0
    page.keyboard.press("ArrowRight")  # behind the last there is nothing
    page.keyboard.press("ArrowLeft")
    heading(page, TITLES[-2])
    page.go_back()
    heading(page, TITLES[-1])
    page.reload()
    heading(page, TITLES[-1])
    page.get_by_role("button", name="Open it in Explore").click()
    heading(page, "Two variants side by side")
    expect(page.get_by_role("link", name="Learn")).to_be_visible()
    expect(page).not_to_have_url(re.compile("lesson=|view="))
    last = page.get_by_role("heading", name=TITLES[-1], level=1)
    for _ in range(6):
        page.go_back()
        wait_until_finished(page)
        # A busy server may not have begun yet: an address alone does not say what will be drawn.
        with suppress(TimeoutError):
            last.wait_for(timeout=10_000)
            break
    heading(page, TITLES[-1])


def test_a_student_opens_the_presented_step_on_a_phone(
    page: Page, browser: Browser, server: Server
) -> None:
    visit(page, "/learn?lesson=shortcuts&step=4&view=present")
    page.get_by_role("button", name="Share").click()
    link = page.get_by_role("dialog").get_by_test_id("stCode").inner_text().strip()
    code = page.get_by_role("dialog").get_by_role("img").last
    assert code.evaluate("image => image.naturalWidth > 0 && image.clientWidth") >= 400
    assert link.startswith(f"{server.url}/learn?") and "present" not in link
    with browser.new_context(viewport={"width": 390, "height": 844}) as phone:
        other = phone.new_page()
        visit(other, link)
        expect(other.get_by_role("heading", name="Not every projection")).to_be_visible()
        assert overflow(other) <= 0
        other.get_by_text("The number of channels alone").click()
        expect(other.get_by_text("Right.")).to_be_visible(timeout=LONG_MS)
        expect(other).to_have_url(re.compile("answers=4a"))
        other.reload()
        wait_until_finished(other)
        expect(other.get_by_text("Right.")).to_be_visible()
        other.get_by_role("button", name="Next").click()
        expect(other.get_by_role("heading", name="What is not the identity")).to_be_visible(
            timeout=LONG_MS
        )


def test_a_view_of_another_page_and_the_presentation_do_not_meet(page: Page) -> None:
    visit(page, "/predict?v=resnet20-cifar")
    page.get_by_role("link", name="Learn").click()
    heading(page, "Learn")
    page.get_by_role("button", name="Start lesson 3").click()
    page.get_by_role("button", name="Present").click()
    heading(page, "Where the shapes agree")
    page.get_by_role("button", name="Leave").click()
    heading(page, "Identity and projection shortcuts")
    page.get_by_role("link", name="Predict").click()
    heading(page, "Predict")
    wait_until_finished(page)
    expect(page).not_to_have_url(re.compile("lesson=|view=present"))
