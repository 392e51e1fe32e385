"""What models hold, as the page shows it, and the button that frees it."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.board import Board


def test_models_in_memory_are_listed_and_leave_when_asked(board: Board) -> None:
    board.type_into(board.node("sample"), "seed", "88123")
    board.run()
    board.expect_state(board.node("save_image"), "done")
    board.menu("memory")
    dialog = board.page.get_by_role("dialog", name="Memory")
    models = dialog.locator('[data-list="models"] li')
    expect(models.filter(has_text="denoiser of")).to_have_count(1)
    expect(dialog).to_contain_text("free")
    board.action("free-memory").click()
    expect(board.says("Every model has left memory.")).to_be_visible()
    expect(models).to_have_text(["No model is in memory."])
    expect(board.action("free-memory")).to_be_disabled()
