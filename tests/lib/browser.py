"""A browser (chromium), where there is one: what a script finds in a page. No package of `make deps` brings it."""
import os
import re
import shutil
import subprocess

CHROMIUM = shutil.which("chromium")


def browse(directory, page, script, width=360, dark=False):
    """What a script finds in the page, in a frame of this width, in light or dark: a window has at least 500 pixels."""
    inner, outer = os.path.join(directory, "page.html"), os.path.join(directory, "frame.html")
    with open(inner, "w") as file:
        file.write(page.replace("</body>", f"<script>onload=()=>parent.postMessage(String({script}),'*')</script></body>"))
    with open(outer, "w") as file:
        file.write("<!DOCTYPE html><html><head><meta name=color-scheme content='light dark'><title></title></head><body>"
                   "<script>onmessage=e=>{document.title=e.data}</script>"
                   f"<iframe width={width} height=900 style='border:0' src=page.html></iframe></body></html>")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={directory}/browser",
               "--window-size=1400,1000", f"--blink-settings=preferredColorScheme={0 if dark else 1}", "--virtual-time-budget=5000",
               "--dump-dom", f"file://{outer}"]
    out = subprocess.run(command, capture_output=True, text=True, timeout=180).stdout
    return re.search("<title>(.*?)</title>", out, re.S).group(1)
