"""Text large enough for the back of a classroom, by Streamlit's own means: as headings."""

import re

_ITEM = re.compile(r"([-*]|\d+\.) +")


def large(text: str) -> str:
    """Return Markdown in the type of headings; formulas of their own line and tables stay."""
    return "\n\n".join(_paragraph(paragraph) for paragraph in re.split(r"\n\s*\n", text.strip()))


def _paragraph(text: str) -> str:
    if text.startswith(("$$", "|")):
        return text
    lines = text.splitlines()
    if not _ITEM.match(lines[0]):
        return f"### {' '.join(line.strip() for line in lines)}"
    items: list[str] = []
    for line in lines:
        if _ITEM.match(line):
            items.append(line.strip())
        else:
            items[-1] += f" {line.strip()}"
    return "\n\n".join(f"### {re.sub(r'^[-*]', '•', item)}" for item in items)
