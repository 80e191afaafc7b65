"""A page that runs as Streamlit runs it (AppTest), and fails the test where it raises."""


def run(page):
    page.run()
    assert not page.exception, [error.value for error in page.exception]
    return page


def press(page, key):
    page.button(key=key).click()
    return run(page)
