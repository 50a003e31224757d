"""What leaves the explorer: tables as files."""
