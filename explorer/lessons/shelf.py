"""All lessons: those that come with the app, and a folder of a teacher's own."""

import os
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple

from explorer.lessons.reader import MAX_BYTES, key_of, read_lesson
from explorer.lessons.records import Lesson, LessonError
from explorer.lessons.values import Known

FOLDER = Path(__file__).parent.parent.parent / "assets" / "lessons"
VARIABLE = "EXPLORER_LESSONS"
"""Environment variable that names a folder of further lessons."""

MAX_LESSONS = 60
"""Lessons of one folder."""
README = "README.md"


class Shelf(NamedTuple):
    """The lessons that could be read, in order, and sentences on the files that could not."""

    lessons: tuple[Lesson, ...]
    notices: tuple[str, ...]

    def find(self, key: str) -> Lesson | None:
        """Return the lesson of a short name, or None."""
        return next((lesson for lesson in self.lessons if lesson.key == key), None)


def shelf(known: Known) -> Shelf:
    """Return all lessons; a teacher's own stands in place of one of the same name.

    Files are looked at each time and read again when they have changed.

    Args:
        known: what a lesson may name, beside networks.
    """
    own = os.environ.get(VARIABLE, "")
    folders = [FOLDER, Path(own)] if own else [FOLDER]
    return read_folders(folders, known)


def read_folders(folders: Iterable[Path], known: Known) -> Shelf:
    """Return the lessons of some folders; a later one's stands in place of an earlier one's."""
    lessons: dict[str, Lesson] = {}
    notices = []
    for folder in folders:
        try:
            files = sorted(file for file in folder.iterdir() if file.suffix == ".md")
        except OSError as error:
            notices.append(
                f"The folder of lessons {str(folder)!r} cannot be read: {error.strerror}."
            )
            continue
        files = [file for file in files if file.name != README]
        if len(files) > MAX_LESSONS:
            notices.append(
                f"{folder.name} holds {len(files)} files; the first {MAX_LESSONS} count."
            )
        for file in files[:MAX_LESSONS]:
            found = _found(file, known)
            if isinstance(found, Lesson):
                lessons[key_of(file.name)] = found
            else:
                notices.append(found)
    return Shelf(tuple(lessons.values()), tuple(notices))


def _found(file: Path, known: Known) -> Lesson | str:
    """Return a file's lesson, or why it is left out."""
    try:
        about = file.stat()
        if not S_ISREG(about.st_mode):
            return f"A lesson is left out: {file.name} cannot be read: it is no file."
        if about.st_size > MAX_BYTES:
            return (
                f"A lesson is left out: {file.name} has {about.st_size:,} bytes; a lesson may have "
                f"{MAX_BYTES:,}."
            )
        return _read(file, about.st_mtime_ns, about.st_size, known)
    except OSError as error:
        return f"A lesson is left out: {file.name} cannot be read: {error.strerror}."


@lru_cache(maxsize=2 * MAX_LESSONS)
def _read(file: Path, changed_ns: int, size: int, known: Known) -> Lesson | str:
    """Read a file; the time of its last change and its size tell what is cached from what is new.

    Raises:
        OSError: if it cannot be read.
    """
    try:
        return read_lesson(file.read_text(encoding="utf-8"), file.name, known)
    except UnicodeDecodeError:
        return f"A lesson is left out: {file.name} is no text in UTF-8."
    except LessonError as error:
        return f"A lesson is left out: {error}."
