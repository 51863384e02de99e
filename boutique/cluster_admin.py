"""Reads a cluster with its admin's kubeconfig, whatever way of signing in that names: certificates, tokens, commands.

Deployers have tokens, for which `boutique.listing` is enough and much faster to load.
"""

import json
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from boutique import reach
from boutique.kubeconfig import ApiServer, KubeconfigError
from boutique.listing import NAMES_ONLY
from support.network_settings import NetworkSettingError

Object = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ClusterAdmin:
    """Asks an API server with the rights of the cluster's admin.

    Attributes:
        server: The address of the API server.
        client: Of the library `kubernetes`.
    """

    server: str
    client: Any

    def metadata(self, path: str) -> tuple[Object, ...]:
        """Return the metadata of each object in a list, such as `/api/v1/namespaces`; none if there is no such API.

        Raises:
            KubeconfigError: The API server does not answer, or refuses.
        """
        return tuple(item["metadata"] for item in self._list(path, NAMES_ONLY, "items"))

    def resources(self, group_version: str) -> frozenset[str]:
        """Return the names of what a version of an API serves, such as `httproutes`; none if there is no such API.

        Raises:
            KubeconfigError: The API server does not answer, or refuses.
        """
        return frozenset(one["name"] for one in self._list(f"/apis/{group_version}", "application/json", "resources"))

    def _list(self, path: str, accept: str, field: str) -> tuple[Object, ...]:
        answer = self._ask(path, accept)
        if answer is None:
            return ()
        # An empty list of metadata may come as null.
        if not isinstance(answer, dict) or not isinstance(answer.get(field, ""), list | None):
            raise KubeconfigError(
                f"the API server {self.server} answers GET {path} with what is no list; is it the cluster's?"
            )
        return tuple(answer[field] or ())

    def _ask(self, path: str, accept: str) -> dict[str, Any] | None:
        from urllib3.exceptions import HTTPError

        headers = {"Accept": accept}
        self.client.update_params_for_auth(headers, [], ["BearerToken"])
        try:
            # Not by `call_api`, which fails by an AttributeError where TLS does.
            response = self.client.rest_client.pool_manager.request(
                "GET", f"{self.server}{path}", headers=headers, timeout=reach.TIMEOUT_SECONDS, retries=False
            )
            if response.status == HTTPStatus.NOT_FOUND:
                return None
            if response.status != HTTPStatus.OK:
                raise KubeconfigError(
                    f"the API server {self.server} answers {response.status} {response.reason} to GET {path}; the "
                    "context of boutique:cluster needs the rights of the cluster's admin (`kubectl auth can-i --list` "
                    "shows them)"
                )
            answer: dict[str, Any] = json.loads(response.data)
        except (HTTPError, OSError, ValueError) as error:
            if isinstance(error, KubeconfigError):
                raise
            raise KubeconfigError(
                f"the API server {self.server} cannot be asked for {path}: {type(error).__name__}; "
                "is the cluster running, and is its certificate trusted?"
            ) from None
        return answer


def from_files(api_server: ApiServer, context: str, paths: Sequence[Path]) -> ClusterAdmin:
    """Return the admin of a context in kubeconfig files.

    Raises:
        KubeconfigError: The context's user cannot be read.
    """
    from kubernetes import config

    existing = ":".join(str(path) for path in paths if path.is_file())
    return _connect(
        api_server,
        lambda settings: config.new_client_from_config(
            config_file=existing, context=context, persist_config=False, client_configuration=settings
        ),
    )


def from_content(api_server: ApiServer, content: str) -> ClusterAdmin:
    """Return the admin of a kubeconfig's current context.

    Raises:
        KubeconfigError: Its user cannot be read.
    """
    from kubernetes import config

    return _connect(
        api_server,
        lambda settings: config.new_client_from_config_dict(
            json.loads(content), persist_config=False, client_configuration=settings
        ),
    )


def _connect(api_server: ApiServer, load: Any) -> ClusterAdmin:  # noqa: ANN401 - the library has no types
    from kubernetes import client, config
    from urllib3 import disable_warnings, make_headers
    from urllib3.exceptions import InsecureRequestWarning
    from urllib3.util.ssl_ import create_urllib3_context

    settings = client.Configuration()
    settings.retries = False
    try:
        settings.proxy, settings.no_proxy = reach.proxy(api_server), None
        login = urlsplit(settings.proxy or "")
        if login.username is not None:
            settings.proxy_headers = make_headers(
                proxy_basic_auth=f"{unquote(login.username)}:{unquote(login.password or '')}"
            )
        api = load(settings)
    except (config.ConfigException, NetworkSettingError, OSError) as error:
        raise KubeconfigError(f"the kubeconfig of {api_server.server} cannot be used: {error}") from None
    # As `reach` does: authorities of clusters often lack the extensions that Python 3.13 insists on.
    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED if settings.verify_ssl else ssl.CERT_NONE)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not settings.verify_ssl:
        # The kubeconfig says so (insecure-skip-tls-verify): one warning a request would tell nothing new.
        disable_warnings(InsecureRequestWarning)
    api.rest_client.pool_manager.connection_pool_kw["ssl_context"] = context
    return ClusterAdmin(server=api_server.server, client=api)
