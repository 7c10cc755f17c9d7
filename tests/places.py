"""Where the tests find the project and what it ships."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
SHIPPED = ROOT / "artifacts"
