"""Entry point of `pulumi up`."""

import gc


def run() -> None:
    """Build the stack that Pulumi was asked for."""
    # Almost everything that a program makes lives until it ends: looking for garbage costs a fifth of its CPU time.
    gc.set_threshold(100_000)
    from stacks.program import main

    main()


run()
