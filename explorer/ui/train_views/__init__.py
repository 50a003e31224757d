"""What the Train page is made of: settings, experiments, commands, and what is measured."""
