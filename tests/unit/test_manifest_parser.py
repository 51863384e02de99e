"""Manifest files as they come: YAML, JSON, and what is neither."""

import pytest

from boutique.application.manifests import manifest_parser
from boutique.application.manifests.manifest_errors import ManifestError
from boutique.application.manifests.manifest_parser import parse_documents


def error_of(content: str | bytes) -> str:
    with pytest.raises(ManifestError) as error:
        parse_documents(content.encode() if isinstance(content, str) else content, "x.yaml")
    [line] = error.value.errors
    return line


def test_every_document_of_a_file_is_read() -> None:
    assert parse_documents(b"a: 1\n---\n# nothing\n---\nb: [2]\n", "x.yaml") == [{"a": 1}, {"b": [2]}]


@pytest.mark.parametrize("text", ['{"a": 1}\n{"b": 2}', '\n[{"a": 1}, {"b": 2}]', '{\n\t"a": 1}\t{"b": 2}'])
def test_json_is_read(text: str) -> None:
    documents = parse_documents(text.encode(), "x.json")
    assert documents in ([{"a": 1}, {"b": 2}], [[{"a": 1}, {"b": 2}]])


def test_anchors_are_expanded() -> None:
    text = b"a: &x {k: [1]}\nb: *x\nc: {<<: *x, l: 2}\n"
    [document] = parse_documents(text, "x.yaml")
    assert document == {"a": {"k": [1]}, "b": {"k": [1]}, "c": {"k": [1], "l": 2}}
    assert document["a"] is not document["b"]


def test_dates_are_texts_and_keys_are_texts() -> None:
    assert parse_documents(b"on: 2024-01-31\n5: x\n", "x.yaml") == [{"true": "2024-01-31", "5": "x"}]


def test_a_field_that_is_null_is_absent() -> None:
    assert parse_documents(b"a:\nb: [~, 1]\n", "x.yaml") == [{"b": [1]}]


@pytest.mark.parametrize(
    "text",
    [
        "kind: {{ .Values.kind }}\n",
        "a: 1\n{{- if .Values.x }}\nb: 2\n{{- end }}\n",
        '{{ include "x" . }}\n',
    ],
)
def test_a_template_is_not_a_manifest(text: str) -> None:
    line = error_of(text)
    number = next(i for i, part in enumerate(text.splitlines(), 1) if "{{" in part)
    assert line.startswith(f"x.yaml: line {number}: is a template, not a manifest: ")
    assert "helm template" in line


def test_a_tab_is_named_with_its_line() -> None:
    assert error_of("a:\n  b: 1\n\tc: 2\n") == "x.yaml: line 3: has a tab; YAML is indented with spaces"


def test_broken_yaml_is_named_with_its_line() -> None:
    assert error_of("a: 1\nb: [\n").startswith("x.yaml: line 3: is not YAML: ")


def test_a_key_that_occurs_twice_is_refused() -> None:
    assert error_of("a: 1\nb:\n  c: 1\n  c: 2\n") == "x.yaml: line 4: is not YAML: the key 'c' occurs twice"


def test_large_files_are_refused_before_they_are_parsed() -> None:
    assert "at most 5242880" in error_of(b"#" * (5 * 2**20 + 1))


def test_a_file_that_is_not_utf_8_is_refused() -> None:
    assert error_of("a: ä\n".encode("latin-1")).startswith("x.yaml: is not UTF-8, at byte 3")


def test_anchors_that_multiply_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest_parser, "MAX_VALUES", 1000)
    lines = ["a0: &a0 [1, 1]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 12))]
    assert "anchors" in error_of("\n".join(lines))


def test_an_anchor_within_itself_is_refused() -> None:
    assert "recursive" in error_of("a: &x [*x]\n")


def test_nesting_without_end_is_refused() -> None:
    assert error_of("[" * 20_000 + "]" * 20_000).startswith("x.yaml: ")
