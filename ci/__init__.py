"""Scripts that the workflows in `.github/workflows` run beside the `boutique` command."""
