"""Draws docs/demo.svg from a real run of the demo. `python docs/picture.py`"""

import os
import pty
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
COMMAND = "cli.py demo"
WIDTH = 112
REDRAWN = re.compile(r"\r?(?:\x1b\[2K(?:\x1b\[1A)?)+")  # what a table that stays in place begins each frame with
SHOWN = "orders flow"


def played() -> tuple[str, str]:
    """The last frame while orders flow, and the report."""
    terminal, ours = pty.openpty()
    env = os.environ | {"COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
    command = [sys.executable, *COMMAND.split()]
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=ours, text=True) as demo:
        os.close(ours)
        shown = "".join(iter(lambda: _read(terminal), ""))
        report = demo.communicate()[0]
    assert demo.returncode == 0, report
    frames = [frame for frame in REDRAWN.split(shown) if SHOWN in frame]
    return "\n".join(line.rstrip() for line in frames[-1].strip().splitlines()), report


def _read(terminal: int) -> str:
    """Empty at the end, which Linux tells by an error."""
    try:
        return os.read(terminal, 65536).decode(errors="replace")
    except OSError:
        return ""


def draw(frame: str, report: str) -> str:
    console = Console(record=True, width=WIDTH, file=StringIO(), highlight=False)
    console.print(f"[bold green]$[/] {COMMAND}")
    console.print(Text.from_ansi(frame))
    console.print()
    console.print(Text(report.rstrip()))
    without_web_fonts = re.sub(r"@font-face \{\{.*?\}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.S)
    return console.export_svg(title="Crossdock", code_format=without_web_fonts, unique_id="demo")


if __name__ == "__main__":
    (ROOT / "docs/demo.svg").write_text(draw(*played()), encoding="utf-8")
