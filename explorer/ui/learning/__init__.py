"""The parts of the Learn page: the overview, lessons step by step, the glossary."""
