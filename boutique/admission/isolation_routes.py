"""Routes that are about the calls of one namespace, and that no proxy refuses."""

import json
import re

from boutique.admission.rule import Spec, spec, validation

LONGEST_PATTERN = 1024
"""What Istio lets a regular expression of a VirtualService have."""

_HTTP, _ISTIO = "HTTPRoute", "VirtualService"


def rule(namespace: str, cluster_domain: str) -> Spec:
    """Return the `spec` of the rule.

    Args:
        namespace: Of the target.
        cluster_domain: The domain of the cluster's DNS.
    """
    own = _service(namespace, cluster_domain)
    http = [
        (
            _patterns(),
            f"a deployer's routes match by regular expressions of RE2, of at most {LONGEST_PATTERN} characters",
        ),
        (_backends(namespace), f"a deployer's routes lead to Services of {namespace}"),
    ]
    istio = [
        (
            _hosts(own),
            f"a deployer's VirtualServices are for Services of {namespace}, by short or full names",
        ),
        (_destinations(own), f"a deployer's VirtualServices lead to Services of {namespace}, by HTTP"),
    ]
    return spec(
        {
            ("gateway.networking.k8s.io", "*"): ("httproutes",),
            ("networking.istio.io", "*"): ("virtualservices",),
        },
        [
            *(
                validation(f"object.kind != {json.dumps(_HTTP)} || ({expression})", message)
                for expression, message in http
            ),
            *(
                validation(f"object.kind != {json.dumps(_ISTIO)} || ({expression})", message)
                for expression, message in istio
            ),
        ],
        {"rules": "object.spec.?rules.orValue([])", "http": "object.spec.?http.orValue([])"},
    )


def _patterns() -> str:
    """Return whether every regular expression of an HTTPRoute is one.

    Istio hands them to Envoy as they are, and Envoy refuses all routes of a port, those of other namespaces among
    them, for one that it cannot read: https://github.com/istio/istio/issues/49993
    """

    def is_valid(match: str) -> str:
        # Working it out is what fails for one that is none; whether the empty text matches does not matter.
        valid = f"size({match}.value) <= {LONGEST_PATTERN} && ''.matches({match}.value) in [true, false]"
        return f"{match}.?type.orValue('') != 'RegularExpression' || ({valid})"

    lists = " && ".join(f"m.?{field}.orValue([]).all(h, {is_valid('h')})" for field in ("headers", "queryParams"))
    path = f"!has(m.path) || {is_valid('m.path')}"
    return f"variables.rules.all(r, r.?matches.orValue([]).all(m, {lists} && ({path})))"


def _backends(namespace: str) -> str:
    """Return whether an HTTPRoute leads to the own namespace: a host of Istio's needs no grant of the other one."""

    def own(backend: str) -> str:
        return (
            f"{backend}.?group.orValue('') == '' && {backend}.?kind.orValue('Service') == 'Service' && "
            f"{backend}.?namespace.orValue({json.dumps(namespace)}) == {json.dumps(namespace)}"
        )

    mirrored = f"!has(f.requestMirror) || ({own('f.requestMirror.backendRef')})"
    return (
        f"variables.rules.all(r, r.?filters.orValue([]).all(f, {mirrored}) && r.?backendRefs.orValue([]).all(b, "
        f"{own('b')} && b.?filters.orValue([]).all(f, {mirrored})))"
    )


def _hosts(own: str) -> str:
    """Return whether a VirtualService leaves the callers of other namespaces alone, to whom it applies too by default.

    What is for a gateway only is that gateway's to judge: it says which namespace may use which host.
    """
    gateways = "object.spec.?gateways.orValue([])"
    return (
        f"(size({gateways}) > 0 && !('mesh' in {gateways})) || object.spec.?hosts.orValue([]).all(h, h.matches({own}))"
    )


def _destinations(own: str) -> str:
    """Return whether a VirtualService leads to the own namespace: Istio does not ask the owner of that namespace."""
    return (
        "!has(object.spec.tcp) && !has(object.spec.tls) && variables.http.all(r, !has(r.delegate) && "
        f"(!has(r.mirror) || r.mirror.host.matches({own})) && "
        f"r.?mirrors.orValue([]).all(m, m.destination.host.matches({own})) && "
        f"r.?route.orValue([]).all(d, d.destination.host.matches({own})))"
    )


def _service(namespace: str, cluster_domain: str) -> str:
    """Return the regular expression, as CEL has it, of the names that Istio takes for a Service of a namespace."""
    domain = cluster_domain.replace(".", "[.]")
    return json.dumps(f"^[a-z0-9-]+([.]{re.escape(namespace)}[.]svc[.]{domain})?$")
