"""The probes of the Gradients page, a view each."""
