"""What feature stacks may write in a target: objects of one feature, which no other request than its own can find.

A Role cannot say it: it knows kinds and names, no labels and no content. So the API server compares what the identity
of feature stacks writes with what this program writes for a feature.
"""

import json
import re
from collections.abc import Mapping

from boutique.admission.rule import ALL_WRITES, Kinds, Spec, spec
from boutique.application.application import ApplicationEntry
from boutique.names import labels
from boutique.routing import header_patterns
from boutique.routing.caching import FOR_SHARED_CACHES, NO_STORE, VARY
from boutique.routing.model import HEADER, MEMBER
from boutique.targets.target_names import features_deployer, user

_ANY = "ANY"
_KEY = "variables.key"
_VALUE = r"([^()\[\]{}?*+|^$\\.&~# \t\n\r\v\f,;\"-]|\\[^0-9A-Za-z])+"
"""A value that `re.escape` wrote: what has a meaning in a pattern is escaped, and nothing separates cookies."""


def rules(target: str, entry: ApplicationEntry, host: str | None) -> Mapping[str, Spec]:
    """Return the `spec` of each rule for the feature stacks of a target, by the name of the rule.

    Args:
        target: Its name.
        entry: The workload that people reach, and how it knows them.
        host: Where people reach its environment; None if they do not.
    """
    return {
        "features": _spec(target, _OBJECTS, _objects()),
        "feature-routes": _spec(target, _ROUTES, _routes(entry, host)),
    }


_ROUTES: Kinds = {("gateway.networking.k8s.io", "*"): ("httproutes",)}
_OBJECTS: Kinds = {
    ("", "v1"): ("services", "configmaps", "secrets"),
    ("apps", "v1"): ("deployments",),
    **_ROUTES,
}


def _spec(target: str, kinds: Kinds, validations: list[Spec]) -> Spec:
    return spec(
        kinds,
        validations,
        {
            "key": f"object == null ? '' : {_label('object')}",
            "before": f"oldObject == null ? variables.key : {_label('oldObject')}",
        },
        condition=("by-features", f"request.userInfo.username == {json.dumps(user(features_deployer(target)))}"),
        operations=ALL_WRITES,
    )


def _label(which: str) -> str:
    return f"has({which}.metadata.labels) ? {which}.metadata.labels[?{json.dumps(labels.FEATURE)}].orValue('') : ''"


def _objects() -> list[Spec]:
    name = json.dumps(labels.FEATURE)
    selected = f"object.spec.selector[?{name}].orValue('') == {_KEY}"
    labelled = f"object.spec.template.metadata.labels[?{name}].orValue('') == {_KEY}"
    return [
        {
            "expression": "variables.before != '' && (object == null || variables.key == variables.before)",
            "message": f"a feature stack writes objects of its feature only: those with the label {labels.FEATURE}",
        },
        {
            "expression": f"object == null || object.kind != 'Service' || (has(object.spec.selector) && {selected})",
            "message": "the Service of a feature selects the pods of that feature",
        },
        {
            "expression": "object == null || object.kind != 'Deployment' || "
            f"(has(object.spec.template.metadata.labels) && {labelled} && "
            f"object.spec.template.metadata.labels[?{json.dumps(labels.TRACK)}].orValue('') == 'feature')",
            "message": "the pods of a feature say by their labels whose they are",
        },
    ]


def _routes(entry: ApplicationEntry, host: str | None) -> list[Spec]:
    """Return what a feature's routes keep: they are for calls with its key, its preview host, or a tester's session."""
    to_services, to_gateways = _parents("Service"), _parents("Gateway")
    before, after = (json.dumps(part) for part in header_patterns.baggage(MEMBER, _ANY).split(_ANY))
    # As `re.escape` writes a key.
    key = f"{_KEY}.replace('-', '\\\\-')"
    with_key = _matches_header(f"h.name == 'baggage' && h.value == {before} + {key} + {after}")
    asking = _matches_header(f"{_session(entry)}(h.name == {json.dumps(HEADER)} && h.value == {_KEY})")
    to_people = preview = "false"
    if host:
        hosts = "has(object.spec.hostnames) && object.spec.hostnames.all(n, n == {name})"
        preview = hosts.format(name=f"{_KEY} + {json.dumps(f'.{host}')}")
        to_people = f"({preview}) || ({hosts.format(name=json.dumps(host))} && {asking})"
    return [
        {
            "expression": f"object == null || has(object.spec.parentRefs) && ({to_services} || {to_gateways})",
            "message": "a feature's route attaches to Services or to a Gateway",
        },
        {
            "expression": f"object == null || !({to_services}) || {with_key}",
            "message": "a feature's route takes calls that carry its key, and no others",
        },
        {
            "expression": f"object == null || !({to_gateways}) || {to_people}",
            "message": "a feature's route takes requests of its preview host, of one session, or that ask for it",
        },
        {
            "expression": f"object == null || !({to_services}) || {_filters('size(fs) == 0')}",
            "message": "a feature's route has no filters for calls",
        },
        {
            "expression": f"object == null || !({to_gateways}) || {_filters(_edge_filters(preview))}",
            "message": f"a feature's route at the gateway has two filters: one sets baggage to {MEMBER}=<key>, one "
            "keeps the answers out of caches; docs/routing.md has them",
        },
    ]


def _session(entry: ApplicationEntry) -> str:
    """Return whether a header is that of one session, with an `or` for the next condition; nothing without sessions."""
    if entry.session_header:
        return f"(h.name == {json.dumps(entry.session_header)} && h.?type.orValue('Exact') == 'Exact') || "
    if entry.session_cookie:
        cookie = "^" + re.escape(header_patterns.cookie(entry.session_cookie, _ANY)).replace(_ANY, _VALUE) + "$"
        return f"(h.name == 'cookie' && h.value.matches({json.dumps(cookie)})) || "
    return ""


def _filters(allowed: str) -> str:
    """Return whether the filters `fs` of each rule are those that are allowed, and no backend has any."""
    return (
        f"object.spec.rules.all(r, [r.?filters.orValue([])].all(fs, {allowed}) && "
        "r.?backendRefs.orValue([]).all(b, size(b.?filters.orValue([])) == 0))"
    )


def _edge_filters(preview: str) -> str:
    """Return whether filters `fs` are those that `boutique.routing.http_routes` writes for a feature.

    Args:
        preview: Whether the route is for the feature's preview host, which has answers of the feature only.
    """
    request, answers = "fs[0].requestHeaderModifier", "fs[1].responseHeaderModifier"
    no_store = json.dumps([f"{name}: {value}" for name, value in NO_STORE.items()])
    vary = json.dumps([f"Vary: {', '.join(VARY)}"])
    return " && ".join(
        (
            "fs.map(f, f.type) == ['RequestHeaderModifier', 'ResponseHeaderModifier']",
            f"{_lines(request, 'set')} == ['baggage: {MEMBER}=' + {_KEY}]",
            f"size({_list(request, 'add')}) == 0 && size({_list(request, 'remove')}) == 0",
            f"{_lines(answers, 'set')} == {no_store}",
            f"(({preview}) ? size({_list(answers, 'add')}) == 0 : {_lines(answers, 'add')} == {vary})",
            f"{_list(answers, 'remove')} == {json.dumps(FOR_SHARED_CACHES)}",
        )
    )


def _list(change: str, which: str) -> str:
    return f"{change}.?{which}.orValue([])"


def _lines(change: str, which: str) -> str:
    return f"{_list(change, which)}.map(h, h.name + ': ' + h.value)"


def _parents(kind: str) -> str:
    return f"object.spec.parentRefs.all(p, has(p.kind) && p.kind == {json.dumps(kind)})"


def _matches_header(header: str) -> str:
    """Return whether each match of each rule has a header `h` for which something holds."""
    match = f"has(m.headers) && m.headers.exists(h, {header})"
    return f"object.spec.rules.all(r, has(r.matches) && r.matches.all(m, {match}))"
