"""A headless Chromium for tests, for which no other host than this machine exists."""
import shutil

import pytest

CHROME = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
              None)
DRIVER = shutil.which("chromedriver")
PATIENCE = 600  # seconds, against hanging; no test waits so long where things work
OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
           "--no-first-run", "--disable-background-networking", "--disable-component-update",
           "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")


def start(folder, width=1280, height=800):
    """A driver of a fresh browser, whose profile lies in `folder`; skips where there is none."""
    if not (CHROME and DRIVER):
        pytest.skip("needs the programs chromium and chromedriver")
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    settings = webdriver.ChromeOptions()
    settings.binary_location = CHROME
    for option in (*OPTIONS, f"--window-size={width},{height}", f"--user-data-dir={folder}"):
        settings.add_argument(option)
    settings.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=settings,
                              service=webdriver.ChromeService(executable_path=DRIVER))
    driver.set_script_timeout(PATIENCE)
    driver.set_page_load_timeout(PATIENCE)
    return driver
