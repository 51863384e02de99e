"""Entry point of `pulumi up`."""

from boutique.program import main

main()
