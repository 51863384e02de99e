"""Where code lives: which package may import which, and how modules are called."""

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOP = ("application", "boutique", "components", "lab", "ops", "policy", "stacks", "support")
LAB_COMMAND = ("ops.commands.lab", "ops.lab_views.", "ops.applications.standin_")
"""What knows the lab: its command, and what derives the behaviour of its stand-ins from an application."""

DUPLICATE_CLASSES = {"Response"}
"""Listed in CONTRIBUTING.md with the reason."""


def modules() -> dict[str, Path]:
    """Return every module of the product, by its full name."""
    paths = (path for top in TOP for path in (ROOT / top).rglob("*.py"))
    names = {path: ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in paths}
    return {name: path for path, name in names.items() if "toolchain.modules" not in name}


MODULES = modules()


def imports(module: str) -> Iterator[str]:
    """Return the full name of each module that a module imports, also inside functions."""
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            for name in node.names:
                full = f"{node.module}.{name.name}"
                yield full if full in MODULES else str(node.module)


def package(module: str) -> str:
    """Return the package of a module: two levels of `boutique`, one of all others."""
    return ".".join(module.split(".")[: 2 if module.startswith("boutique.") else 1])


def packages() -> dict[str, set[str]]:
    """Return which packages each package imports."""
    edges = defaultdict(set)
    for module in MODULES:
        edges[package(module)] |= {package(name) for name in imports(module) if name in MODULES}
    return {name: others - {name} for name, others in edges.items()}


def cycle(edges: dict[str, set[str]]) -> set[str]:
    """Return the packages that are left when those are taken away, again and again, that import none that is left."""
    left = {name: set(others) for name, others in edges.items()}
    while gone := {name for name, others in left.items() if not others & left.keys()}:
        left = {name: others for name, others in left.items() if name not in gone}
    return set(left)


def test_no_packages_import_each_other() -> None:
    assert cycle(packages()) == set()


def test_a_cycle_is_found() -> None:
    assert cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == {"a", "b", "c"}


def test_the_model_knows_nothing_of_pulumi_or_of_what_is_above_it() -> None:
    allowed = ("boutique", "application", "support")
    above = {top for top in TOP if top not in allowed} | {"pulumi", "pulumi_kubernetes", "pulumi_aws"}
    wrong = [
        (module, name)
        for module in MODULES
        if module.startswith("boutique")
        for name in imports(module)
        if name.split(".")[0] in above
    ]
    assert not wrong


@pytest.mark.parametrize(
    ("lower", "upper"),
    [
        ("components", ("ops", "stacks", "lab")),
        ("stacks", ("ops", "lab")),
        ("support", tuple(top for top in TOP if top != "support")),
        ("lab", tuple(top for top in TOP if top not in ("lab", "support"))),
        ("ops", ("components", "stacks")),
    ],
)
def test_imports_go_down(lower: str, upper: tuple[str, ...]) -> None:
    wrong = [
        (module, name)
        for module in MODULES
        if module.split(".")[0] == lower
        for name in imports(module)
        if name.split(".")[0] in upper
    ]
    assert not wrong


def test_only_its_command_knows_the_lab() -> None:
    wrong = [
        (module, name)
        for module in MODULES
        if not module.startswith(("lab", *LAB_COMMAND))
        for name in imports(module)
        if name.split(".")[0] == "lab"
    ]
    assert not wrong


def test_a_module_name_occurs_once_in_a_top_level_package() -> None:
    names = Counter(
        (module.split(".")[0], path.stem)
        for module, path in MODULES.items()
        if path.stem not in ("__init__", "__main__")
    )
    assert [name for name, times in names.items() if times > 1] == []


def test_a_class_name_occurs_once() -> None:
    names = Counter(
        node.name
        for path in MODULES.values()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    )
    assert {name for name, times in names.items() if times > 1} == DUPLICATE_CLASSES


def test_boutique_has_few_packages_and_no_flat_modules() -> None:
    flat = [path.stem for path in (ROOT / "boutique").glob("*.py") if path.stem != "__init__"]
    assert flat in ([], ["outputs"])
    assert len([path for path in (ROOT / "boutique").iterdir() if path.is_dir() and any(path.glob("*.py"))]) <= 14
