"""CONTRIBUTING.md names files that exist, and says where each module is tested."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
TABLE = TEXT.partition("## Modules without a test file of their own")[2]


def listed_modules() -> dict[str, list[str]]:
    """Test files of each module in the table, by the module's path."""
    made: dict[str, list[str]] = {}
    for line in TABLE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3 and cells[0].startswith("`"):
            room, names, tests = (re.findall(r"`([^`]+)`", cell) for cell in cells)
            made |= {f"{room[0]}/{name}.py": [f"tests/{test}" for test in tests] for name in names}
    return made


def has_own_test(module: Path) -> bool:
    return (ROOT / "tests" / module.parent.relative_to("tsattn") / f"test_{module.name}").is_file()


def test_when_a_module_has_no_test_file_of_its_own_then_contributing_says_where_it_is_tested():
    modules = [path.relative_to(ROOT) for path in (ROOT / "tsattn").rglob("*.py") if path.name != "__init__.py"]
    assert len(modules) > 200
    missing = sorted(
        module.as_posix() for module in modules if not has_own_test(module) and module.as_posix() not in listed_modules()
    )
    assert not missing, f"add these to the table at the end of CONTRIBUTING.md: {', '.join(missing)}"


def test_when_contributing_lists_a_module_then_it_and_its_tests_exist():
    listed = listed_modules()
    assert listed
    assert not [module for module in listed if not (ROOT / module).is_file()]
    assert not [module for module, tests in listed.items() if not tests]
    assert not sorted({test for tests in listed.values() for test in tests if not (ROOT / test).exists()})


def test_when_a_recipe_names_a_file_then_the_file_and_the_dict_exist():
    recipes = TEXT.partition("## How to add")[2].partition("## Conventions")[0]
    named = re.findall(r"`((?:tsattn|tests|benchmarks)/[\w/.]+)`", recipes)
    assert named
    assert not [path for path in named if not (ROOT / path).exists()]
    dicts = re.findall(r"`([A-Z_]{4,})` in\s+`(tsattn/[\w/]+\.py)`", recipes)
    assert len(dicts) >= 6
    assert not [pair for pair in dicts if not re.search(rf"^{pair[0]}\b", (ROOT / pair[1]).read_text("utf-8"), re.MULTILINE)]
