"""Milliseconds of a frame while the interactive page's picture moves, without a graphics card.

    python benchmarks/cpu/page.py      where selenium, Chromium and chromedriver are
"""
import shutil
import tempfile
from pathlib import Path

from draw import net

from lstm_lib import draw

try:
    from selenium import webdriver
except ImportError:
    webdriver = None

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
STEPS, FRAMES = (10, 100, 1000), 50
MOVE = """const [frames, done] = arguments, stage = document.getElementById('stage');
let left = frames;
const start = performance.now();
(function frame() {
  stage.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight'}));
  if (left-- > 0) requestAnimationFrame(frame);
  else done((performance.now() - start) / frames);
})();"""


def browser():
    """Chromium without a window."""
    settings = webdriver.ChromeOptions()
    settings.binary_location = CHROMIUM
    for option in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1300,700",
                   "--disable-dev-shm-usage"):
        settings.add_argument(option)
    return webdriver.Chrome(settings, webdriver.ChromeService(executable_path=DRIVER))


def frame_ms(driver, folder, steps):
    """Of the picture with all steps unfolded."""
    draw(net(steps), path=folder / "page.html")
    driver.get(f"file://{folder}/page.html")
    driver.find_element("id", "fold").click()
    return driver.execute_async_script(MOVE, FRAMES)


def main():
    if not (webdriver and CHROMIUM and DRIVER):
        return print("not measured: selenium, Chromium or chromedriver is not here")
    driver = browser()
    driver.set_script_timeout(600)
    try:
        with tempfile.TemporaryDirectory() as folder:
            for steps in STEPS:
                ms = frame_ms(driver, Path(folder), steps)
                print(f"T={steps:<5} {ms:7.1f} ms a frame", flush=True)
    finally:
        driver.quit()


if __name__ == "__main__":
    main()
