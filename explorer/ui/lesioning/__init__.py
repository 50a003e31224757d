"""The lesion board: networks whose units are switched off or swapped, and what that does."""
