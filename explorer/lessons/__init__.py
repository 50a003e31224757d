"""Lessons: text files that teachers write, read into steps with live parts and questions.

What a file may hold is described in `assets/lessons/README.md`. Nothing is drawn here.
"""
