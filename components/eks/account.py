"""The connection to AWS."""

from collections.abc import Mapping

import pulumi_aws as aws


def provider(name: str, *, region: str, account: str | None, tags: Mapping[str, str]) -> aws.Provider:
    """Create the provider for an account of AWS, with the credentials of the environment.

    Args:
        name: Of the provider in the stack.
        region: Where everything is.
        account: The only account that is right; None takes any.
        tags: Of everything that can have tags.
    """
    return aws.Provider(
        name,
        region=region,
        allowed_account_ids=[account] if account else None,
        default_tags=aws.ProviderDefaultTagsArgs(tags=tags),
    )
